-- anthropic.lua: the Messages API, of Anthropic itself, of clouds that serve its models, and of llama.cpp.
--
-- Options of the provider in quire.lua, all optional:
--   version            the header anthropic-version, "2023-06-01" unless told otherwise
--   cache              how long stable blocks are kept: "5m" (default), "1h", or false: they are not marked
--   thinking           "adaptive" (default), or "budget" for models before Claude 4.6, or false: never asked for
--   bearer             true: the key goes as Authorization: Bearer
--   structured         "schema" (default), or false: the prompt tells the form
--   headers            more headers, name = value
--
-- The last stable block of a prompt is marked, so that all before it is read from the cache by the next call.
local common = require("common")
local count, text_or_nil = common.count, common.text_or_nil

local anthropic = { batches = true }

local dialect = {
  keep = { "type", "enum", "const", "description", "title", "required", "anyOf", "allOf", "format", "minItems<=1" },
  say = true, closed = true,
}

local function system_of(call)
  local parts = {}
  for _, block in ipairs(call.blocks) do
    if block.stable then parts[#parts + 1] = { type = "text", text = block.text } end
  end
  if #parts == 0 or #parts == #call.blocks then return nil end
  local ttl = call.options.cache
  if ttl ~= false then parts[#parts].cache_control = { type = "ephemeral", ttl = ttl } end
  return json.array(parts)
end

-- A thinking model takes no temperature.
local function add_thinking(body, call)
  local how = call.options.thinking
  if how == nil then how = call.facts.thinking or "adaptive" end
  if not call.reasoning or not how then return end
  if call.reasoning == "none" then -- who only thinks when asked is not asked
    if call.facts.thinks == "default" then body.thinking = { type = "disabled" } end
    return
  end
  body.temperature = nil
  if how == "budget" then
    local most = call.max_tokens - 1024
    if most >= 1024 then
      body.thinking = { type = "enabled", budget_tokens = math.min(common.thinking_tokens[call.reasoning] or 8192, most) }
    end
  else
    body.thinking = { type = "adaptive", display = "summarized" }
    body.output_config = { effort = call.reasoning }
  end
end

local function key_header(options)
  local headers = options.bearer and { ["Authorization"] = "Bearer {{key}}" } or { ["x-api-key"] = "{{key}}" }
  headers["anthropic-version"] = options.version or "2023-06-01"
  return headers
end

-- A batch of one call: half the price, and an answer within a day.
local function submitted(call, body, headers)
  body.stream = nil
  return { url = common.url(call, "/messages/batches"), headers = headers, dialect = dialect, tier = "batch", framing = "whole",
    body = { requests = json.array { { custom_id = call.name, params = body } } } }
end

function anthropic.request(call)
  local how, _, user = common.prompt(call)
  local body = { model = call.model, max_tokens = call.max_tokens, stream = call.stream, temperature = call.temperature,
    system = system_of(call), messages = json.array { { role = "user", content = user } } }
  add_thinking(body, call)
  if how == "schema" then
    body.output_config = body.output_config or {}
    body.output_config.format = { type = "json_schema", schema = call.schema }
  end
  local key = key_header(call.options)
  key["Accept"] = "text/event-stream"
  local headers = common.headers(call, key)
  body = common.amend(body, call)
  if call.tier == "batch" then return submitted(call, body, headers) end
  return { url = common.url(call, "/messages"), headers = headers, body = body,
    framing = common.framing(call, "sse"), dialect = dialect }
end

-- "msgbatch_1" tells whether it has ended, "msgbatch_1/results" what came of it. The service does not say which names the calls of a batch have before
-- it has ended: a crash between the submission and its answer submits it again.
function anthropic.resume(call, handle)
  if common.is_own_name(handle) then return nil end
  return { url = common.url(call, "/messages/batches/" .. common.escaped(handle)), headers = common.headers(call, key_header(call.options)),
    tier = "batch", framing = handle:find("/results$") and "ndjson" or "whole" }
end

function anthropic.cancel(call, handle)
  if common.is_own_name(handle) or handle:find("/results$") then return nil end
  return { url = common.url(call, "/messages/batches/" .. common.escaped(handle) .. "/cancel"),
    headers = common.headers(call, key_header(call.options)), body = {} }
end

---------------------------------------------------------------------------------------------------------- the stream

function anthropic.open() return { usage = {} } end

local read = json.reader {
  "type", "delta.text", "delta.thinking", "delta.stop_reason", "delta.stop_details", "content_block", "message", "usage", "error",
  "content", "stop_reason", "model", "id",
}

-- What comes later counts: it is the sum so far. What is not told again stays.
local function keep_usage(s, usage)
  if type(usage) ~= "table" then return end
  for name, value in pairs(usage) do
    if value ~= json.null then s.usage[name] = value end
  end
  s.told = true
end

local function begin(s, message)
  if type(message) ~= "table" then return end
  s.model, s.id = text_or_nil(message.model), text_or_nil(message.id)
  keep_usage(s, message.usage)
end

-- All at once, of a server that does not stream.
local function whole(s, content, stop)
  local text, thoughts = {}, {}
  for _, part in ipairs(content) do
    text[#text + 1], thoughts[#thoughts + 1] = text_or_nil(part.text), text_or_nil(part.thinking)
  end
  s.stop, s.said = text_or_nil(stop), #text > 0
  return table.concat(text), table.concat(thoughts), nil, 0
end

local function batch(s, told)
  local id = text_or_nil(told.id) or ""
  if told.processing_status == "ended" then
    return nil, nil, { kind = "pending", message = "the batch " .. id .. " has ended", retry_after = 0.05 }, nil, id .. "/results"
  end
  return nil, nil, { kind = "pending", message = ("the batch %s is %s"):format(id, told.processing_status) }, nil, id
end

-- A line of a batch's results: there is one.
local function result(s, told)
  if told.type == "succeeded" and type(told.message) == "table" then
    begin(s, told.message)
    return whole(s, told.message.content, told.message.stop_reason)
  end
  local failure = type(told.error) == "table" and (told.error.error or told.error)
  if failure then return nil, nil, common.stream_failure(failure) end
  return nil, nil, { kind = "server", message = "the batch was not done: " .. tostring(told.type) }
end

function anthropic.event(s, name, data)
  local ok, kind, text, thinking, stop, details, block, message, usage, failure, content, stop_now, model, id = read(data)
  if not ok then return common.unreadable(s, name, data, kind, anthropic.event) end
  if kind == "content_block_delta" then
    s.said = s.said or text ~= nil
    return text, thinking
  end
  if kind == "message_batch" then return batch(s, json.decode(data)) end
  if not kind and data:find('"custom_id"', 1, true) then return result(s, common.list_of(json.decode(data), "result")) end
  if failure or kind == "error" or not kind then
    failure = failure or common.error_in(data, name)
    if failure then return nil, nil, common.stream_failure(failure) end
  end
  keep_usage(s, usage)
  if kind == "message_start" then begin(s, message) end
  if kind == "content_block_start" and type(block) == "table" then return text_or_nil(block.text), text_or_nil(block.thinking) end
  if kind == "message_delta" then
    s.stop = text_or_nil(stop) or s.stop
    s.why = type(details) == "table" and text_or_nil(details.explanation) or nil
  end
  if kind == "message" and type(content) == "table" then
    s.model, s.id = text_or_nil(model), text_or_nil(id)
    return whole(s, content, stop_now)
  end
  if kind == "message_stop" then return nil, nil, nil, 0 end
end

function anthropic.finish(s)
  local stop = common.stop_of(s.stop)
  if not stop then return nil end
  if stop == "context" and s.said then stop = "length" end
  local u = s.usage
  local read_, written = count(u, "cache_read_input_tokens"), count(u, "cache_creation_input_tokens")
  return { stop = stop, native_stop = s.why and s.stop .. ": " .. s.why or s.stop, model = s.model, request_id = s.id,
    usage = s.told and { input = count(u, "input_tokens") + read_ + written, cached_read = read_, cache_write = written,
      output = count(u, "output_tokens"), reasoning = count(u.output_tokens_details, "thinking_tokens") } }
end

------------------------------------------------------------------------------------------------------------ failures

function anthropic.failure(status, headers, body)
  local f = common.failure(status, headers, body)
  if status == 400 and body:find("adaptive", 1, true) then f.kind, f.learn = "parameter", { thinking = "budget" } end
  return f
end

------------------------------------------------------------------------------------------------- which models there are

function anthropic.probe(provider, answers)
  if #answers == 0 then
    return { { url = common.url(provider, "/models?limit=1000"), headers = key_header(provider.options) } }
  end
  local models = {}
  for _, model in ipairs(common.list_of(common.told(answers, 1), "data")) do
    models[#models + 1] = { name = text_or_nil(model.id), context = common.first_number(model, "max_input_tokens"),
      max_output = common.first_number(model, "max_tokens") }
  end
  return nil, models
end

return anthropic
