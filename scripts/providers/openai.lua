-- openai.lua: chat completions, the dialect that OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio, DeepSeek and many others speak.
--
-- Options of the provider in quire.lua, all optional:
--   max_tokens_field   "max_completion_tokens" (OpenAI's own servers) or "max_tokens" (everybody else's)
--   system_role        "system" or "developer"
--   reasoning_field    "reasoning_effort" (default), "reasoning" (OpenRouter), or false: never sent
--   include_usage      false: the server refuses stream_options
--   structured         "schema" (default), "json_object", or false: the server refuses response_format, so the prompt tells the form
--   flex               true: the service has the tier "flex" (OpenAI's own has it unless you say false)
--   headers            more headers, name = value; {{call}} in a value is the number of the call in the library (quire trace shows it)
--
-- What a server refuses is learnt and not sent to that model again: max_tokens_field, max_output, structured, drop_NAME. An option wins.
-- Of the facts of a model it reads those, and thinking = "switch" (DeepSeek): thinking is switched by a parameter of that name.
--
-- With `resumable = true` beside the options (llama.cpp's server has it unless you say false) a stream goes on when Quire dies or the connection
-- breaks, and is fetched by the name that the call gave it. Other servers know nothing of such names: an answer that broke off is asked for again.
--
-- The stable blocks of a prompt are the system message, byte by byte the same from call to call, so that prefix caches hit.

local common = require("common")
local count, text_or_nil = common.count, common.text_or_nil

local openai = { failure = common.failure }

local function messages(call, system, user)
  local list = {}
  if system then list[1] = { role = call.options.system_role or "system", content = system } end
  list[#list + 1] = { role = "user", content = user }
  return list
end

local function add_reasoning(body, call)
  local field = call.options.reasoning_field
  if field == nil then field = common.is_host(call.base_url, "openrouter.ai") and "reasoning" or "reasoning_effort" end
  if not call.reasoning or not field then return end
  if call.facts.thinking == "switch" then
    body.thinking = { type = call.reasoning == "none" and "disabled" or "enabled" }
    if call.reasoning == "none" then return end
  end
  if field == "reasoning" then body.reasoning = { effort = call.reasoning } else body[field] = call.reasoning end
end

function openai.body(call)
  local how, system, user = common.prompt(call)
  local body = { model = call.model, messages = messages(call, system, user), stream = call.stream, temperature = call.temperature }
  local default_field = common.is_host(call.base_url, "api.openai.com") and "max_completion_tokens" or "max_tokens"
  body[call.options.max_tokens_field or call.facts.max_tokens_field or default_field] = call.max_tokens
  if call.stream and call.options.include_usage ~= false then body.stream_options = { include_usage = true } end
  if how == "schema" then
    body.response_format = { type = "json_schema", json_schema = { name = "answer", schema = call.schema } }
  elseif how == "json_object" then
    body.response_format = { type = "json_object" }
  end
  add_reasoning(body, call)
  body.service_tier = common.flex(call)
  return common.amend(body, call)
end

function openai.request(call)
  local headers = common.headers(call, { ["Accept"] = "text/event-stream", ["Authorization"] = "Bearer {{key}}",
    ["X-Conversation-Id"] = call.stream and call.name or nil })
  return { url = common.url(call, "/chat/completions"), headers = headers, body = openai.body(call), tier = common.flex(call),
    framing = common.framing(call, "sse") }
end

-- llama.cpp's server keeps a stream that has a name for 5 minutes after its end.
local function stream_at(call, name)
  return common.url(call, "/stream?conv_id=" .. common.escaped(name)), common.headers(call, { ["Authorization"] = "Bearer {{key}}" })
end

function openai.resume(call, name)
  local url, headers = stream_at(call, name)
  return { url = url .. "&from=0", headers = headers, framing = "sse" }
end

function openai.cancel(call, name)
  local url, headers = stream_at(call, name)
  return { url = url, headers = headers, method = "DELETE" }
end

---------------------------------------------------------------------------------------------------------- the stream

function openai.open() return { done = false } end

-- Some servers send content as a list of parts, and thoughts as a list within it.
local function parts_of(content, text, thought)
  text, thought = text or {}, thought or {}
  for _, part in ipairs(content) do
    if type(part) == "table" then
      if type(part.text) == "string" then text[#text + 1] = part.text end
      if type(part.thinking) == "string" then thought[#thought + 1] = part.thinking end
      if type(part.thinking) == "table" then parts_of(part.thinking, thought, thought) end
    end
  end
  return text_or_nil(table.concat(text)), text_or_nil(table.concat(thought))
end

-- The whole message, of a server that does not stream.
local function fields_of(message)
  if type(message) ~= "table" then return nil end
  return message.content, message.reasoning_content, message.reasoning, message.refusal
end

-- What matters of a chunk. All else (most of its bytes) is skipped without being built: chunks come by the ten thousand.
-- Who answers is asked of a stream's first chunks only.
local matters = {
  "choices.1.delta.content", "choices.1.delta.reasoning_content", "choices.1.delta.reasoning", "choices.1.delta.refusal",
  "choices.1.finish_reason", "choices.1.native_finish_reason", "choices.1.error", "choices.1.message", "choices.1.index", "error", "usage",
  "x_groq",
}
local read_more = json.reader(matters)
table.insert(matters, "model")
table.insert(matters, "id")
local read_first = json.reader(matters)

local function keep(s, stop, native, usage, model, id)
  if type(usage) == "table" then s.usage = usage end
  if stop and stop ~= "null" then s.stop = text_or_nil(stop) or s.stop end
  if native then s.native = text_or_nil(native) or s.native end
  s.model = s.model or text_or_nil(model)
  s.id = s.id or text_or_nil(id)
end

-- Servers that leave a connection open have said all of it with the reason and the tokens; some tell no tokens.
local function over(s) return s.stop and common.stop_of(s.stop) and (s.usage and 1 or 5) or nil end

function openai.event(s, name, data)
  if data:find("^%[DONE%]") then
    s.done = true
    return nil, nil, nil, 0
  end
  local read = s.model and s.id and read_more or read_first
  local ok, text, thought, thought_too, refusal, stop, native, choice_error, message, index, failure, usage, groq, model, id =
    read(data)
  if not ok then return common.unreadable(s, name, data, text, openai.event) end
  failure = failure or type(choice_error) == "table" and choice_error or type(groq) == "table" and groq.error
  if not failure and text == nil and not (thought or stop or usage or message or index) then failure = common.error_in(data, name) end
  if failure then return nil, nil, common.stream_failure(failure) end
  keep(s, stop, native, usage or type(groq) == "table" and groq.usage, model, id)
  s.index = s.index or index -- of extra = { n = 2 } the first is the answer: the others come in between, and would be mixed into it
  if index and index ~= s.index then return end
  if text ~= nil and text ~= "" or thought or thought_too then
    s.streams = true
  elseif message and not s.streams then -- not streamed: all of it at once. Beside deltas it repeats what was said
    text, thought, thought_too, refusal = fields_of(message)
  end
  if refusal then s.refused = s.refused or text_or_nil(refusal) ~= nil end
  if type(text) == "table" then text, thought = parts_of(text) end
  return text, thought ~= "" and thought or thought_too, nil, s.stop and over(s)
end

local function usage_of(u)
  local input, output = u.prompt_tokens_details, u.completion_tokens_details
  local cached = count(input, "cached_tokens")
  if cached == 0 then cached = count(u, "prompt_cache_hit_tokens") end
  return { input = count(u, "prompt_tokens"), cached_read = cached, cache_write = count(input, "cache_write_tokens"),
    output = count(u, "completion_tokens"), reasoning = count(output, "reasoning_tokens") }
end

function openai.finish(s)
  local stop = common.stop_of(s.stop) or s.stop == nil and s.done and "end"
  if not stop then return nil end
  if s.refused then stop = "refusal" end
  return { stop = stop, native_stop = s.native or s.stop or "", usage = s.usage and usage_of(s.usage), model = s.model, request_id = s.id,
    cost = s.usage and type(s.usage.cost) == "number" and s.usage.cost or nil }
end

------------------------------------------------------------------------------------------------- which models there are

-- The names under which services tell the sizes of a model: OpenRouter, Together, Mistral, Groq, vLLM.
local contexts = { "context_length", "max_context_length", "context_window", "max_model_len" }
local longest = { "max_completion_tokens", "max_output_tokens" }

-- llama.cpp tells what it was started with at an address of its own; others have nothing there.
function openai.probe(provider, answers)
  local headers = { ["Authorization"] = "Bearer {{key}}" }
  if #answers == 0 then
    local asked = { { url = common.url(provider, "/models"), headers = headers } }
    -- OpenRouter tells its models to everybody: whether it takes the key is another question.
    if common.is_host(provider.base_url, "openrouter.ai") then
      asked[2] = { url = common.url(provider, "/key"), headers = headers, with_key = true }
    end
    return asked
  end
  local list, own = common.list_of(common.told(answers, 1), "data"), common.told(answers, 2)
  local first = type(list[1]) == "table" and list[1] or {}
  if #answers == 1 and first.owned_by == "llamacpp" then
    return { { url = provider.base_url:gsub("/+$", ""):gsub("/v1$", "") .. "/props", headers = headers, optional = true } }
  end
  local running = common.first_number(own and own.default_generation_settings, "n_ctx")
  local models = {}
  for _, model in ipairs(list) do
    local top = type(model.top_provider) == "table" and model.top_provider or model
    models[#models + 1] = { name = text_or_nil(model.id), context = running or common.first_number(model, table.unpack(contexts)),
      max_output = common.first_number(top, table.unpack(longest)) }
  end
  return nil, models
end

return openai
