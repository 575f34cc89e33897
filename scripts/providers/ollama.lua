-- ollama.lua: Ollama's own dialect (/api/chat). It can set the context window, which Ollama's OpenAI dialect cannot.
--
-- Options of the provider in quire.lua, all optional:
--   num_ctx            tokens of the context window; otherwise the smallest of 16k, 32k, 64k and 128k that holds prompt and answer
--   keep_alive         how long the model stays in memory, "30m" unless told otherwise
--   think              false: never asked for
--   structured         "schema" (default), "json_object", or false: the prompt tells the form
--   headers            more headers, name = value
local common = require("common")
local count, text_or_nil = common.count, common.text_or_nil

local ollama = {}

local bytes_a_token = 3

-- A window of another size makes the server load the model anew: few sizes.
local function window(call)
  if call.options.num_ctx then return call.options.num_ctx end
  local need = call.max_tokens + 200
  for _, block in ipairs(call.blocks) do need = need + #block.text // bytes_a_token end
  local size = 16384
  while size < need and size < 131072 do size = size * 2 end
  return size
end

-- gpt-oss takes a level, the others yes or no.
local function think(call)
  if not call.reasoning or call.options.think == false then return nil end
  if call.reasoning == "none" then return false end
  return call.model:find("gpt-oss", 1, true) and call.reasoning or true
end

function ollama.request(call)
  local how, system, user = common.prompt(call)
  local messages = {}
  if system then messages[1] = { role = "system", content = system } end
  messages[#messages + 1] = { role = "user", content = user }
  local body = { model = call.model, messages = json.array(messages), stream = true, think = think(call),
    keep_alive = call.options.keep_alive or "30m", format = how == "schema" and call.schema or how == "json_object" and "json" or nil,
    options = { num_ctx = window(call), num_predict = call.max_tokens, temperature = call.temperature } }
  local url = call.base_url:gsub("/+$", ""):gsub("/v1$", "") .. "/api/chat" -- with "/v1" it is the address of Ollama's OpenAI dialect
  return { url = url, headers = common.headers(call, { ["Authorization"] = "Bearer {{key}}" }),
    body = common.amend(body, call), framing = "ndjson" }
end

---------------------------------------------------------------------------------------------------------- the stream

function ollama.open() return {} end

local read = json.reader {
  "message.content", "message.thinking", "done", "done_reason", "prompt_eval_count", "eval_count", "model", "error",
}

function ollama.event(s, name, data)
  local ok, text, thinking, done, reason, input, output, model, failure = read(data)
  if not ok then return common.unreadable(s, name, data, text, ollama.event) end
  if not failure and done == nil and text == nil then failure = common.error_in(data, name) end
  if failure then return nil, nil, common.stream_failure(failure) end
  s.model = s.model or text_or_nil(model)
  if not done then return text, thinking end
  s.done, s.reason = true, text_or_nil(reason)
  s.usage = (input or output) and { input = input, output = output } or nil
  return text, thinking, nil, 0
end

function ollama.finish(s)
  local stop = s.done and common.stop_of(s.reason or "stop")
  if not stop then return nil end
  return { stop = stop, native_stop = s.reason or "", model = s.model,
    usage = s.usage and { input = count(s.usage, "input"), output = count(s.usage, "output") } }
end

------------------------------------------------------------------------------------------------------------ failures

function ollama.failure(status, headers, body)
  local f = common.failure(status, headers, body)
  if status == 404 then
    local model = body:match("model .-'([^']+)'")
    f.message = model and f.message .. "; it is fetched by: ollama pull " .. model or f.message
  end
  if status == 400 and body:find("does not support thinking", 1, true) then f.kind, f.learn = "parameter", { drop_think = true } end
  return f
end

return ollama
