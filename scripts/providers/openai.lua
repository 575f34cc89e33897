-- openai.lua: chat completions, the dialect that OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio, DeepSeek and many others speak.
--
-- Options of the provider in quire.lua, all optional:
--   max_tokens_field   "max_completion_tokens" (OpenAI's own servers) or "max_tokens" (everybody else's)
--   system_role        "system" or "developer"
--   reasoning_field    "reasoning_effort" (default), "reasoning" (OpenRouter), or false: never sent
--   include_usage      false: the server refuses stream_options
--   structured         "schema" (default), "json_object", or false: the server refuses response_format, so the prompt tells the form
--   headers            more headers, name = value; {{call}} in a value is the number of the call in the library (quire trace shows it)
--
-- What a server refuses is learnt and not sent to that model again: max_tokens_field, max_output, structured, drop_NAME. An option wins.
--
-- The stable blocks of a prompt are the system message, byte by byte the same from call to call, so that prefix caches hit.

local openai = {}

local function join(parts) return table.concat(parts, "\n\n") end

local function split_blocks(blocks)
  local stable, rest = {}, {}
  for _, block in ipairs(blocks) do table.insert(block.stable and stable or rest, block.text) end
  if #rest == 0 then return nil, join(stable) end
  return #stable > 0 and join(stable) or nil, join(rest)
end
openai.split_blocks = split_blocks

-- Where a server takes no schema, the prompt says what it would have said.
local form = [[


Answer with one JSON document and nothing else. It follows this JSON schema:

]]

local function messages(call, with_form)
  local system, user = split_blocks(call.blocks)
  if with_form then user = user .. form .. call.schema_text end
  local list = {}
  if system then list[1] = { role = call.options.system_role or "system", content = system } end
  list[#list + 1] = { role = "user", content = user }
  return list
end

local function is_host(url, host) return url:find("://" .. host, 1, true) ~= nil end

local function add_reasoning(body, call)
  local field = call.options.reasoning_field
  if field == nil then field = is_host(call.base_url, "openrouter.ai") and "reasoning" or "reasoning_effort" end
  if not call.reasoning or not field then return end
  if field == "reasoning" then body.reasoning = { effort = call.reasoning } else body[field] = call.reasoning end
end

-- How the form of an answer is told: by the server's own means ("schema"), or in the prompt, with or without its JSON mode.
local function schema_mode(call)
  local wanted = call.options.structured
  if wanted == nil then wanted = call.learnt.structured end
  if call.without_schema or wanted == false or wanted == "prompt" then return "prompt" end
  return wanted == "json_object" and "json_object" or "schema"
end

local function drop_refused(body, learnt)
  for name in pairs(learnt) do
    local field = name:match("^drop_(.+)$")
    if field then body[field] = nil end
  end
end

function openai.body(call)
  local how = call.schema and schema_mode(call)
  local body = { model = call.model, messages = messages(call, how == "prompt" or how == "json_object"), stream = true, temperature = call.temperature }
  local default_field = is_host(call.base_url, "api.openai.com") and "max_completion_tokens" or "max_tokens"
  body[call.options.max_tokens_field or call.learnt.max_tokens_field or default_field] = call.max_tokens
  if call.options.include_usage ~= false then body.stream_options = { include_usage = true } end
  if how == "schema" then
    body.response_format = { type = "json_schema", json_schema = { name = "answer", schema = call.schema } }
  elseif how == "json_object" then
    body.response_format = { type = "json_object" }
  end
  add_reasoning(body, call)
  drop_refused(body, call.learnt)
  for name, value in pairs(call.extra) do
    if value == json.null then body[name] = nil else body[name] = value end
  end
  return body
end

function openai.request(call)
  local headers = {
    ["Content-Type"] = "application/json", ["Accept"] = "text/event-stream", ["Authorization"] = "Bearer {{key}}",
  }
  for name, value in pairs(call.options.headers or {}) do headers[name] = value end
  return { url = call.base_url:gsub("/+$", "") .. "/chat/completions", headers = headers, body = openai.body(call), framing = "sse" }
end

---------------------------------------------------------------------------------------------------------- the stream

function openai.open() return { done = false } end

local function text_or_nil(v)
  if type(v) == "string" and v ~= "" then return v end
  return nil
end

-- Some servers send content as a list of parts.
local function parts_of(content)
  local text, thought = {}, {}
  for _, part in ipairs(content) do
    if type(part) == "table" then
      if type(part.text) == "string" then text[#text + 1] = part.text end
      if type(part.thinking) == "string" then thought[#thought + 1] = part.thinking end
    end
  end
  return text_or_nil(table.concat(text)), text_or_nil(table.concat(thought))
end

local kind_of_word = {
  insufficient_quota = "quota", billing_hard_limit_reached = "quota", billing_not_active = "quota",
  enforced_spend_limit_reached = "quota", insufficient_credits = "quota",
  rate_limit_exceeded = "rate", rate_limit_error = "rate", tokens = "rate", requests = "rate",
  overloaded_error = "overloaded", overloaded = "overloaded", engine_overloaded = "overloaded",
  invalid_api_key = "auth", authentication_error = "auth", permission_error = "auth",
  context_length_exceeded = "context", exceed_context_size_error = "context",
  content_policy_violation = "refusal", content_filter = "refusal", moderation_blocked = "refusal",
  json_validate_failed = "slip",
  invalid_request_error = "invalid", model_not_found = "invalid", not_found_error = "invalid",
  server_error = "server", api_error = "server", internal_server_error = "server",
}
local kind_of_status = {
  [401] = "auth", [402] = "quota", [403] = "auth", [408] = "server", [409] = "server", [429] = "rate", [500] = "server",
  [502] = "server", [503] = "overloaded", [504] = "server", [529] = "overloaded",
}

local schema_words = { "response_format", "json_schema", "structured output", "guided decoding", "guided_", "grammar", "json mode", "json schema" }

-- A 400 says in words what it is about.
local function kind_of_message(message)
  local m = message:lower()
  if m:find("context length", 1, true) or m:find("context size", 1, true) or m:find("context window", 1, true) then return "context" end
  for _, words in ipairs(schema_words) do
    if m:find(words, 1, true) then return "schema" end
  end
  if m:find("moderation", 1, true) or m:find("flagged", 1, true) or m:find("content policy", 1, true) then return "refusal" end
  return nil
end

local function classify(status, code, type_, message)
  local by_word = kind_of_word[code] or kind_of_word[type_]
  local by_message = kind_of_message(message)
  if by_word == "quota" or by_word == "context" or by_word == "refusal" or by_word == "slip" then return by_word end
  if status == 413 then return by_message == "context" and "context" or "too_large" end
  if status == 400 or status == 422 then return by_message or "invalid" end
  if status == 403 and by_message == "refusal" then return "refusal" end
  if kind_of_status[status] then return kind_of_status[status] end
  if status and status >= 300 then return "invalid" end
  return by_word == "invalid" and by_message or by_word or by_message or "server"
end

-- An `error` value of any of the shapes in use: its words, its code, its type. Gateways put the words of the provider behind them
-- into metadata.raw, llama.cpp the sizes beside the message, others a code of their own into `details`.
local function read_error(e)
  if type(e) == "string" then return e end
  if type(e) ~= "table" then return nil end
  local message = type(e.message) == "string" and e.message or nil
  local raw = type(e.metadata) == "table" and e.metadata.raw
  if type(raw) == "string" then message = (message and message .. ": " or "") .. raw end
  if type(e.n_prompt_tokens) == "number" and type(e.n_ctx) == "number" then
    message = ("%s (%d tokens, room for %d)"):format(message or "too long", e.n_prompt_tokens, e.n_ctx)
  end
  local detail = type(e.details) == "table" and e.details.error_code
  return message or "an error without words", type(detail) == "string" and detail or e.code, e.type
end

local function stream_failure(e)
  local message, code, type_ = read_error(e)
  return { kind = classify(math.tointeger(code), code, type_, message or ""), message = message }
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
}
local read_more = json.reader(matters)
table.insert(matters, "model")
table.insert(matters, "id")
local read_first = json.reader(matters)

function openai.event(s, _, data)
  if data == "[DONE]" then
    s.done = true
    return
  end
  local read = s.model and s.id and read_more or read_first
  local ok, text, thought, thought_too, refusal, stop, native, choice_error, message, index, failure, usage, model, id =
    read(data)
  if not ok then return nil, nil, { kind = "server", message = "an event that is no JSON: " .. text } end
  failure = failure or type(choice_error) == "table" and choice_error
  if failure then return nil, nil, stream_failure(failure) end
  if usage then s.usage = type(usage) == "table" and usage or s.usage end
  s.index = s.index or index -- of extra = { n = 2 } the first is the answer: the others come in between, and would be mixed into it
  if index and index ~= s.index then return end
  if stop and stop ~= "null" then s.stop = text_or_nil(stop) or s.stop end
  if native then s.native = text_or_nil(native) or s.native end
  s.model = s.model or text_or_nil(model)
  s.id = s.id or text_or_nil(id)
  if text ~= nil and text ~= "" or thought or thought_too then
    s.streams = true
  elseif message and not s.streams then -- not streamed: all of it at once. Beside deltas it repeats what was said
    text, thought, thought_too, refusal = fields_of(message)
  end
  if refusal then s.refused = s.refused or text_or_nil(refusal) ~= nil end
  if type(text) == "table" then return parts_of(text) end
  return text, thought ~= "" and thought or thought_too
end

-- Every word in use, in small letters. One that is not here is no end: the answer may be cut anywhere.
local stops = {
  stop = "end", eos = "end", eos_token = "end", end_turn = "end", stop_sequence = "end", complete = "end", completed = "end", done = "end",
  length = "length", max_tokens = "length", max_length = "length", model_length = "length", max_output_tokens = "length",
  content_filter = "filter", safety = "filter", recitation = "filter", blocklist = "filter", prohibited_content = "filter", spii = "filter",
  tool_calls = "tool", tool_use = "tool", function_call = "tool", refusal = "refusal",
}

-- Some servers send numbers as strings, or -1 for what they do not know: 0 is "not told".
local function count(t, name)
  local n = type(t) == "table" and tonumber(t[name]) or 0
  return n > 0 and n or 0
end

local function usage_of(u)
  local input, output = u.prompt_tokens_details, u.completion_tokens_details
  local cached = count(input, "cached_tokens")
  if cached == 0 then cached = count(u, "prompt_cache_hit_tokens") end
  return { input = count(u, "prompt_tokens"), cached_read = cached, cache_write = count(input, "cache_write_tokens"),
    output = count(u, "completion_tokens"), reasoning = count(output, "reasoning_tokens") }
end

function openai.finish(s)
  local stop = s.stop and stops[s.stop:lower()] or s.stop == nil and s.done and "end"
  if not stop then return nil end
  if s.refused then stop = "refusal" end
  return { stop = stop, native_stop = s.native or s.stop or "", usage = s.usage and usage_of(s.usage), model = s.model, request_id = s.id,
    cost = s.usage and type(s.usage.cost) == "number" and s.usage.cost or nil }
end

-------------------------------------------------------------------------------------------------------- failures

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

-- Seconds of an HTTP date, from any fixed day.
local function date_seconds(text)
  local day, month, year, h, m, s = (text or ""):match("(%d+) (%a+) (%d+) (%d+):(%d+):(%d+)")
  local mon = months[month]
  if not mon then return nil end
  local y = math.tointeger(year) - (mon <= 2 and 1 or 0)
  local shifted = (mon + 9) % 12
  local days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * shifted + 2) // 5 + math.tointeger(day)
  return days * 86400 + math.tointeger(h) * 3600 + math.tointeger(m) * 60 + math.tointeger(s)
end

-- "Please try again in 20s", "in 1m30.5s", "in 350ms"; "retryDelay": "46s" in the details of Google's endpoint.
local function told_in_words(body)
  local delay = body:match('"retryDelay"%s*:%s*"([%d%.]+)s"')
  if delay then return tonumber(delay) end
  local words = body:match("[Tt]ry again in ([%d%.hms]+)")
  if not words then return nil end
  local ms = words:match("^([%d%.]+)ms")
  if ms then return tonumber(ms) and tonumber(ms) / 1000 end
  local seconds = 0
  for number, unit in words:gmatch("([%d%.]+)([hms])") do
    seconds = seconds + (tonumber(number) or 0) * (unit == "h" and 3600 or unit == "m" and 60 or 1)
  end
  return seconds > 0 and seconds or nil
end

-- A date counts from the answer's own date, so that a wrong clock of ours does no harm.
local function retry_after(headers)
  local ms = tonumber(headers["retry-after-ms"])
  if ms then return ms / 1000 end
  local value = headers["retry-after"]
  if not value then return nil end
  if tonumber(value) then return tonumber(value) end
  local to, from = date_seconds(value), date_seconds(headers["date"])
  return to and from and math.max(to - from, 0) or nil
end
openai.retry_after = retry_after

-- "at most 8192 completion tokens", "the valid range of max_tokens is [1, 8192]", "8720 > 4096, which is the maximum".
local function longest_answer(message)
  if not message:find("max_", 1, true) and not message:find("output tokens", 1, true) then return nil end
  local most = message:match("%[%s*%d+%s*,%s*(%d+)%s*%]") or message:match("at most (%d+)") or message:match("%d+ > (%d+)")
    or message:match("less than or equal to (%d+)") or message:match("<=? ?(%d+)") or message:match("maximum [^%d]*(%d+)")
  most = math.tointeger(tonumber(most))
  return most and most >= 16 and most or nil
end

local other_field = { max_tokens = "max_completion_tokens", max_completion_tokens = "max_tokens" }
local never_dropped = { model = true, messages = true, response_format = true }

-- What to send instead of a value that was refused: { name = value } to learn, or nil.
local function refused_value(message, named)
  local m = message:lower()
  local name = named or message:match("[Pp]arameter:? ['\"`]([%w_]+)['\"`]") or message:match("['\"`]([%w_]+)['\"`]")
  local unknown = m:find("unsupported", 1, true) or m:find("not support", 1, true) or m:find("unknown", 1, true)
    or m:find("unrecognized", 1, true) or m:find("unexpected", 1, true) or m:find("extra inputs", 1, true) or m:find("not permitted", 1, true)
  local most = longest_answer(m)
  if other_field[name] and m:find(other_field[name], 1, true) and unknown then return { max_tokens_field = other_field[name] } end
  if most then return { max_output = most } end
  if unknown and name and name:find("^[%l_]+$") and not never_dropped[name] and not other_field[name] then
    return { ["drop_" .. name] = true }
  end
  return nil
end

-- Does it say that no schema is taken at all, and not only that this one is wrong?
local function takes_no_schema(message)
  local m = message:lower()
  return (m:find("not support", 1, true) or m:find("unsupported", 1, true) or m:find("unavailable", 1, true)) and { structured = "prompt" } or nil
end

function openai.failure(status, headers, body)
  local value = json.decode(body)
  if type(value) == "table" and type(value[1]) == "table" then value = value[1] end
  local message, code, type_, named
  if type(value) == "table" then
    message, code, type_ = read_error(value.error)
    named = type(value.error) == "table" and text_or_nil(value.error.param) or nil
    message = message or text_or_nil(value.message) or text_or_nil(value.detail)
  end
  message = message or (body ~= "" and body:sub(1, 300)) or nil
  local kind, learn = classify(status, code, type_, message or ""), nil
  if kind == "schema" then learn = takes_no_schema(message or "") end
  if kind == "invalid" and (status == 400 or status == 422) then
    learn = refused_value(message or "", named)
    if learn then kind = "parameter" end
  end
  return { kind = kind, learn = learn, retry_after = retry_after(headers) or told_in_words(body),
    message = message and ("HTTP %d: %s"):format(status, message) or ("HTTP %d"):format(status) }
end

return openai
