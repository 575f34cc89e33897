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

local gemini = {}

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
  local model = call.model:find("/", 1, true) and call.model or "models/" .. call.model
  local verb = call.stream and ":streamGenerateContent?alt=sse" or ":generateContent"
  return { url = common.url(call, "/" .. common.escaped(model) .. verb), headers = headers,
    body = common.amend(body, call), framing = common.framing(call, "sse"), dialect = dialect }
end

---------------------------------------------------------------------------------------------------------- the stream

function gemini.open() return {} end

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

function gemini.event(s, name, data)
  local ok, parts, stop, blocked, usage, model, id, failure = read(data)
  if not ok then return common.unreadable(s, name, data, parts, gemini.event) end
  if not failure and not (parts or stop or blocked or usage) then failure = common.error_in(data, name) end
  if failure then return nil, nil, common.stream_failure(failure) end
  s.stop, s.blocked = stop or s.stop, blocked or s.blocked
  if type(usage) == "table" then s.usage = usage end
  s.model, s.id = s.model or text_or_nil(model), s.id or text_or_nil(id)
  local over = (s.stop or s.blocked) and 1 or nil
  if type(parts) ~= "table" then return nil, nil, nil, over end
  local text, thoughts = text_of(parts)
  return text, thoughts, nil, over
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
