-- gemini.lua: generateContent, of Google's Gemini models.
--
-- Options of the provider in quire.lua, all optional:
--   thinking           "level" (Gemini 3 and later), "budget" (2.5), or false: never asked for; by the model's name unless told
--   safety             { HARM_CATEGORY_... = "BLOCK_ONLY_HIGH" }: thresholds other than the service's own
--   structured         "schema" (default), "json_object", or false: the prompt tells the form
--   headers            more headers, name = value
--
-- What stands first in a prompt is cached by the service itself: the stable blocks are the system instruction, the same from call to call.
local common = require("common")
local count, text_or_nil = common.count, common.text_or_nil

local gemini = { batches = true }

local dialect = {
  keep = { "type", "format", "title", "description", "enum", "required", "minItems", "maxItems", "minimum", "maximum",
    "additionalProperties" },
  say = true,
}

local function thinking_of(call)
  local how = call.options.thinking
  if how == nil then how = call.facts.thinking or (call.model:find("gemini-2", 1, true) and "budget" or "level") end
  if not call.reasoning or not how then return nil end
  if how == "budget" then
    local tokens = common.thinking_tokens[call.reasoning] or 8192
    return { includeThoughts = tokens > 0, thinkingBudget = tokens }
  end
  return { includeThoughts = true, thinkingLevel = call.reasoning:upper() }
end

local function safety_of(settings)
  if type(settings) ~= "table" then return nil end
  local list = {}
  for category, threshold in pairs(settings) do list[#list + 1] = { category = category, threshold = threshold } end
  return json.array(list)
end

local function model_of(call) return call.model:find("/", 1, true) and call.model or "models/" .. call.model end

-- A batch of one call: half the price, and an answer within a day.
local function submitted(call, body, headers)
  return { url = common.url(call, "/" .. common.escaped(model_of(call)) .. ":batchGenerateContent"), headers = headers, dialect = dialect,
    tier = "batch", framing = "whole", body = { batch = { displayName = call.name, inputConfig = { requests = { requests = json.array {
      { request = body, metadata = { key = call.name } } } } } } } }
end

function gemini.request(call)
  local how, system, user = common.prompt(call)
  local body = {
    contents = json.array { { role = "user", parts = json.array { { text = user } } } },
    systemInstruction = system and { parts = json.array { { text = system } } },
    generationConfig = { maxOutputTokens = call.max_tokens, temperature = call.temperature, thinkingConfig = thinking_of(call),
      responseMimeType = how and how ~= "prompt" and "application/json" or nil,
      responseJsonSchema = how == "schema" and call.schema or nil },
    safetySettings = safety_of(call.options.safety),
  }
  common.drop_refused(body.generationConfig, call.facts)
  local headers = common.headers(call, { ["x-goog-api-key"] = "{{key}}", ["Accept"] = "text/event-stream" })
  body = common.amend(body, call)
  if call.tier == "batch" then return submitted(call, body, headers) end
  local verb = call.stream and ":streamGenerateContent?alt=sse" or ":generateContent"
  return { url = common.url(call, "/" .. common.escaped(model_of(call)) .. verb), headers = headers,
    body = body, framing = common.framing(call, "sse"), dialect = dialect }
end

-- A crash between the submission and its answer is no second submission: what has the call's name as its own is looked for.
function gemini.resume(call, handle)
  local path = common.is_own_name(handle) and "batches?pageSize=100" or common.escaped(handle)
  return { url = common.url(call, "/" .. path), headers = common.headers(call, { ["x-goog-api-key"] = "{{key}}" }), tier = "batch",
    framing = "whole" }
end

function gemini.cancel(call, handle)
  if common.is_own_name(handle) then return nil end
  return { url = common.url(call, "/" .. common.escaped(handle) .. ":cancel"),
    headers = common.headers(call, { ["x-goog-api-key"] = "{{key}}" }), body = {} }
end

---------------------------------------------------------------------------------------------------------- the stream

function gemini.open(handle) return { handle = handle } end

local read = json.reader {
  "candidates.1.content.parts", "candidates.1.finishReason", "promptFeedback.blockReason", "usageMetadata", "modelVersion",
  "responseId", "error",
}

local function text_of(parts)
  local text, thoughts = {}, {}
  for _, part in ipairs(parts) do
    local list = part.thought == true and thoughts or text
    list[#list + 1] = text_or_nil(part.text)
  end
  return table.concat(text), table.concat(thoughts)
end

-- An operation; or all of them, of which one may have the call's name.
local function batch(s, told)
  for _, operation in ipairs(common.list_of(told, "operations")) do
    local about = common.list_of(operation, "metadata")
    if about.displayName == s.handle then return batch(s, operation) end
  end
  local id, state = text_or_nil(told.name), tostring(common.list_of(told, "metadata").state)
  if not id then return nil, nil, { kind = "server", message = "nothing was submitted" } end
  if not told.done then return nil, nil, { kind = "pending", message = ("%s is %s"):format(id, state) }, nil, id end
  local list = common.list_of(common.list_of(told, "response"), "inlinedResponses")
  local first = common.list_of(list, "inlinedResponses")[1] or {}
  if type(first.response) == "table" then return nil, nil, nil, nil, nil, first.response end
  local failure = type(first.error) == "table" and first.error
  if failure then return nil, nil, common.stream_failure(failure) end
  return nil, nil, { kind = "server", message = ("the batch %s was not done: %s"):format(id, state) }
end

local function take(s, parts, stop, blocked, usage, model, id)
  s.stop, s.blocked = stop or s.stop, blocked or s.blocked
  if type(usage) == "table" then s.usage = usage end
  s.model, s.id = s.model or text_or_nil(model), s.id or text_or_nil(id)
  local over = (s.stop or s.blocked) and 1 or nil
  if type(parts) ~= "table" then return nil, nil, nil, over end
  local text, thoughts = text_of(parts)
  return text, thoughts, nil, over
end

local function submitted_answer(s, told)
  local _, _, failure, _, handle, response = batch(s, told)
  if not response then return nil, nil, failure, nil, handle end
  local candidate = common.list_of(response, "candidates")[1] or {}
  return take(s, common.list_of(candidate, "content").parts, candidate.finishReason, common.list_of(response, "promptFeedback").blockReason,
    response.usageMetadata, response.modelVersion, response.responseId)
end

function gemini.event(s, name, data)
  local ok, parts, stop, blocked, usage, model, id, failure = read(data)
  if not ok then return common.unreadable(s, name, data, parts, gemini.event) end
  if not (parts or stop or blocked or usage) then
    local told = json.decode(data)
    if type(told) == "table" and (s.handle or told.metadata) then return submitted_answer(s, told) end
    failure = failure or common.error_in(data, name)
  end
  if failure then return nil, nil, common.stream_failure(failure) end
  return take(s, parts, stop, blocked, usage, model, id)
end

-- Thoughts are not among the candidates' tokens.
local function usage_of(u)
  local thoughts = count(u, "thoughtsTokenCount")
  return { input = count(u, "promptTokenCount") + count(u, "toolUsePromptTokenCount"), cached_read = count(u, "cachedContentTokenCount"),
    output = count(u, "candidatesTokenCount") + thoughts, reasoning = thoughts }
end

function gemini.finish(s)
  local stop = s.blocked and "refusal" or common.stop_of(s.stop)
  if not stop then return nil end
  return { stop = stop, native_stop = s.blocked or s.stop, usage = s.usage and usage_of(s.usage), model = s.model, request_id = s.id }
end

------------------------------------------------------------------------------------------------------------ failures

function gemini.failure(status, headers, body)
  local f = common.failure(status, headers, body)
  local m = body:lower()
  if status == 400 and (m:find("thinking level", 1, true) or m:find("thinking_level", 1, true)) then
    f.kind, f.learn = "parameter", { thinking = "budget" }
  end
  return f
end

------------------------------------------------------------------------------------------------- which models there are

local function writes(model)
  local methods = model.supportedGenerationMethods
  if type(methods) ~= "table" then return true end
  for _, method in ipairs(methods) do
    if method == "generateContent" then return true end
  end
  return false
end

function gemini.probe(provider, answers)
  if #answers == 0 then
    return { { url = common.url(provider, "/models?pageSize=1000"), headers = { ["x-goog-api-key"] = "{{key}}" } } }
  end
  local models = {}
  for _, model in ipairs(common.list_of(common.told(answers, 1), "models")) do
    local name = writes(model) and text_or_nil(model.name) or nil
    models[#models + 1] = { name = name and name:gsub("^models/", "") or nil, context = common.first_number(model, "inputTokenLimit"),
      max_output = common.first_number(model, "outputTokenLimit"), thinks = model.thinking == false and "never" or nil }
  end
  return nil, models
end

return gemini
