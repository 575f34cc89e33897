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

-- With "/v1" it is the address of Ollama's OpenAI dialect.
local function root(provider) return (provider.base_url:gsub("/+$", ""):gsub("/v1$", "")) end

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
  local body = { model = call.model, messages = json.array(messages), stream = call.stream, think = think(call),
    keep_alive = call.options.keep_alive or "30m", format = how == "schema" and call.schema or how == "json_object" and "json" or nil,
    options = { num_ctx = window(call), num_predict = call.max_tokens, temperature = call.temperature } }
  common.drop_refused(body.options, call.facts)
  return { url = root(call) .. "/api/chat", headers = common.headers(call, { ["Authorization"] = "Bearer {{key}}" }),
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

------------------------------------------------------------------------------------------------- which models there are

local most_shown = 50

-- How much thinking can be asked for: newer servers say which values they take.
local function thinking_of(shown)
  local thinking = type(shown.thinking) == "table" and shown.thinking or {}
  local values = type(thinking.values) == "table" and thinking.values or nil
  local may = false
  for _, what in ipairs(type(shown.capabilities) == "table" and shown.capabilities or {}) do may = may or what == "thinking" end
  if not values then return may and "default" or shown.capabilities and "never" or nil end
  local off = false
  for _, value in ipairs(values) do off = off or value == false end
  if off and #values == 1 then return "never" end
  return off and (thinking.default == false and "asked" or "default") or "always", off and "none" or "low"
end

local function context_of(shown)
  for name, value in pairs(type(shown.model_info) == "table" and shown.model_info or {}) do
    if name:find("%.context_length$") then return math.tointeger(tonumber(value)) end
  end
  return nil
end

function ollama.probe(provider, answers)
  local headers = { ["Authorization"] = "Bearer {{key}}" }
  if #answers == 0 then return { { url = root(provider) .. "/api/tags", headers = headers } } end
  local names = {}
  for _, model in ipairs(common.list_of(common.told(answers, 1), "models")) do names[#names + 1] = text_or_nil(model.name) end
  if #answers == 1 and #names > 0 then
    local more = {}
    for i = 1, math.min(#names, most_shown) do
      more[i] = { url = root(provider) .. "/api/show", headers = headers, body = { model = names[i] }, optional = true }
    end
    return more
  end
  local models = {}
  for i, name in ipairs(names) do
    local shown = common.told(answers, i + 1) or {}
    local thinks, least = thinking_of(shown)
    models[i] = { name = name, context = context_of(shown), thinks = thinks, least = least }
  end
  return nil, models
end

return ollama
