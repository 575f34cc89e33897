-- common.lua - what all dialects have in common: the words of failures and ends, when to ask again, blocks, schemas in a prompt.
--
--   local common = require("common")
--   failure = common.failure                               -- status, headers, body -> { kind, message, retry_after, learn }
--   common.stream_failure(value)                           -- the same for an error that stands in a stream
--   common.stop_of(word) -> "end" | "length" | "filter" | "refusal" | "tool" | "context" | nil
local common = {}

------------------------------------------------------------------------------------------------------------- prompts

local function join(parts) return table.concat(parts, "\n\n") end

function common.split_blocks(blocks)
  local stable, rest = {}, {}
  for _, block in ipairs(blocks) do table.insert(block.stable and stable or rest, block.text) end
  if #rest == 0 then return nil, join(stable) end
  return #stable > 0 and join(stable) or nil, join(rest)
end
-- Where a server takes no schema, the prompt says what it would have said.
common.form = [[


Answer with one JSON document and nothing else. It follows this JSON schema:

]]

-- How the form of an answer is told: by the server's own means ("schema"), or in the prompt, with or without its JSON mode.
function common.schema_mode(call)
  if not call.schema then return nil end
  local wanted = call.options.structured
  if wanted == nil then wanted = call.facts.structured end
  if call.without_schema or wanted == false or wanted == "prompt" then return "prompt" end
  return wanted == "json_object" and "json_object" or "schema"
end

-- How the form is told (schema_mode), and the prompt in two parts: instructions (the stable blocks; or nil), and the rest, with the form in it where
-- the server does not take it.
function common.prompt(call)
  local how = common.schema_mode(call)
  local system, user = common.split_blocks(call.blocks)
  if how and how ~= "schema" then user = user .. common.form .. call.schema_text end
  return how, system, user
end

-- Tokens of thinking, for models that take a number.
common.thinking_tokens = { none = 0, minimal = 1024, low = 4096, medium = 8192, high = 16384 }

-- What the model refuses is left out of a table that is sent.
function common.drop_refused(sent, facts)
  for name in pairs(facts) do
    local field = name:match("^drop_(.+)$")
    if field then sent[field] = nil end
  end
end

-- The last word on a body: what was refused before is left out, what the script wants beside is put in.
function common.amend(body, call)
  common.drop_refused(body, call.facts)
  for name, value in pairs(call.extra) do
    if value == json.null then body[name] = nil else body[name] = value end
  end
  return body
end

function common.headers(call, own)
  own["Content-Type"] = "application/json"
  for name, value in pairs(call.options.headers or {}) do own[name] = value end
  return own
end

-- How the answer comes: as the dialect streams, or all at once.
function common.framing(call, streamed) return call.stream and streamed or "whole" end

function common.url(call, path) return call.base_url:gsub("/+$", "") .. path end

-- Is the call to be served when there is room? OpenAI's own servers do that; others where the option `flex` says so. nil: as usual.
function common.flex(call)
  local offered = call.options.flex
  if offered == nil then offered = common.is_host(call.base_url, "api.openai.com") end
  return call.tier == "flex" and offered and not call.facts.drop_service_tier and "flex" or nil
end

-- A name or an id in an address.
function common.escaped(name)
  return (name:gsub("[^%w%-%._~/]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- Is the handle of an answer only the name that Quire gave the call? Then the service has told none of its own.
function common.is_own_name(handle) return handle:find("^quire%-") ~= nil end

function common.is_host(url, host) return url:find("://" .. host, 1, true) ~= nil end

--------------------------------------------------------------------------------------------------- which models there are

-- The body of the n-th answer of a probe, decoded; nil when it is none, or was refused.
function common.told(answers, n)
  local answer = answers[n]
  local value = answer and answer.status < 300 and json.decode(answer.body) or nil
  return type(value) == "table" and value or nil
end

-- The first of the numbers that is told: services call the same by many names.
function common.first_number(t, ...)
  for _, name in ipairs { ... } do
    local n = type(t) == "table" and math.tointeger(tonumber(t[name])) or 0
    if n and n > 0 then return n end
  end
  return nil
end

function common.list_of(value, name) return value and type(value[name]) == "table" and value[name] or {} end

---------------------------------------------------------------------------------------------------------------- ends

-- Every word in use, in small letters. One that is not here is no end: the answer may be cut anywhere.
local stops = {
  stop = "end", eos = "end", eos_token = "end", end_turn = "end", stop_sequence = "end", complete = "end", completed = "end", done = "end",
  length = "length", max_tokens = "length", max_length = "length", model_length = "length", max_output_tokens = "length",
  content_filter = "filter", safety = "filter", recitation = "filter", blocklist = "filter", prohibited_content = "filter", spii = "filter",
  language = "filter", model_armor = "filter", jailbreak = "filter",
  tool_calls = "tool", tool_use = "tool", function_call = "tool", refusal = "refusal", model_context_window_exceeded = "context",
}

function common.stop_of(word) return word and stops[word:lower()] end

-- Some servers send numbers as strings, or -1 for what they do not know: 0 is "not told".
function common.count(t, name)
  local n = type(t) == "table" and tonumber(t[name]) or 0
  return n > 0 and n or 0
end

function common.text_or_nil(v)
  if type(v) == "string" and v ~= "" then return v end
  return nil
end

------------------------------------------------------------------------------------------------------------ failures

local kind_of_word = {
  insufficient_quota = "quota", billing_hard_limit_reached = "quota", billing_not_active = "quota", billing_error = "quota",
  enforced_spend_limit_reached = "quota", contract_spend_limit_reached = "quota", linked_organization_spend_limit_reached = "quota",
  linked_organization_billing_unavailable = "quota", insufficient_credits = "quota", payment_required = "quota",
  rate_limit_exceeded = "rate", rate_limit_error = "rate", tokens = "rate", requests = "rate", resource_exhausted = "rate",
  ramp_limit_exceeded = "rate", too_many_requests = "rate",
  overloaded_error = "overloaded", overloaded = "overloaded", engine_overloaded = "overloaded", capacity_exceeded = "overloaded",
  provider_overloaded = "overloaded", unavailable = "overloaded", unavailable_error = "overloaded", provider_unavailable = "overloaded",
  invalid_api_key = "auth", authentication_error = "auth", permission_error = "auth", authentication = "auth", api_key_invalid = "auth",
  unauthenticated = "auth", permission_denied = "auth",
  context_length_exceeded = "context", exceed_context_size_error = "context",
  content_policy_violation = "refusal", content_filter = "refusal", moderation_blocked = "refusal", bio_policy = "refusal",
  json_validate_failed = "slip",
  invalid_request_error = "invalid", model_not_found = "invalid", not_found_error = "invalid", invalid_argument = "invalid",
  not_found = "invalid", invalid_prompt = "invalid", request_too_large = "too_large", payload_too_large = "too_large",
  server_error = "server", api_error = "server", internal_server_error = "server", internal = "server", timeout_error = "server",
  deadline_exceeded = "server",
}

-- Statuses that can pass by themselves and those that never do; all others below 500 will not pass, all others above may.
local kind_of_status = {
  [401] = "auth", [402] = "quota", [403] = "auth", [408] = "server", [409] = "server", [413] = "too_large", [425] = "server",
  [429] = "rate", [498] = "overloaded", [499] = "server", [503] = "overloaded", [529] = "overloaded",
}

-- What messages say, in small letters, in the order in which they are looked for.
local phrases = {
  -- A server at home that cannot hold so many calls at once (slots that share a context outgrow it together): fewer of them will do.
  { "overloaded", "out of memory", "outofmemory", "requires more system memory", "failed to find a memory slot", "no slot available",
    "kv cache is full", "cannot allocate memory", "context size has been exceeded" },
  { "context", "context length", "context size", "context window", "tokens to keep from the initial prompt", "prompt is too long",
    "input is too long", "input token count", "maximum number of input tokens" },
  { "schema", "response_format", "json_schema", "structured output", "guided decoding", "guided_", "grammar", "json mode",
    "json schema", "response_schema", "responseschema", "response_json_schema", "responsejsonschema", "output_config.format",
    "text.format" },
  { "refusal", "moderation", "flagged", "content policy", "content_policy", "usage polic", "safety system", "safety filter",
    "content management policy", "inappropriate content", "data_inspection", "sensitive content", "guidelines" },
  { "quota", "spend limit", "spending limit", "usage limit", "credit balance", "insufficient balance", "enable billing" },
  { "invalid", "unexpected endpoint", "no models loaded", "not found" },
}
local function has_any(text, list, first)
  for i = first or 1, #list do
    if text:find(list[i], 1, true) then return true end
  end
  return false
end

local function kind_of_message(message)
  local m = message:lower()
  for _, row in ipairs(phrases) do
    if has_any(m, row, 2) then return row[1] end
  end
  return nil
end

-- What a message is believed against the status that it comes with.
local believed = {
  [400] = { overloaded = true, context = true, schema = true, refusal = true, quota = true },
  [403] = { refusal = true, quota = true },
  [413] = { context = true },
  [429] = { quota = true },
  [500] = { overloaded = true, context = true, schema = true },
}
believed[422] = believed[400]

local final = { quota = true, context = true, refusal = true, slip = true, too_large = true }

-- `words`: by which programs know an error. The one that says most counts.
local function kind_of_words(words)
  local kind
  for _, word in ipairs(words) do
    local this = type(word) == "string" and kind_of_word[word:lower()]
    if this and (not kind or kind == "invalid" or final[this]) then kind = this end
  end
  return kind
end

-- A firewall before the service says nothing of a key.
local function is_page(message) return message:find("^%s*<") or message:find("error code: 1%d%d%d") end

local function classify(status, words, message)
  local word, said = kind_of_words(words), kind_of_message(message)
  if final[word] and not (word == "too_large" and status == 429) then return word end
  if not status or status < 300 then
    if word == "invalid" or word == "server" then return said or word end
    return word or said or "server"
  end
  local may_be = believed[status] or status >= 500 and believed[500]
  if said and may_be and may_be[said] then return said end
  if status == 400 and word == "auth" then return word end
  if status == 403 and is_page(message) then return "server" end
  return kind_of_status[status] or status >= 500 and "server" or "invalid"
end

-- An `error` value of any of the shapes in use: its words, and the words by which programs know it. Gateways put the words of the provider
-- behind them into metadata.raw, llama.cpp the sizes beside the message, others a code of their own into `details`.
local function read_error(e)
  if type(e) == "string" then return e, {} end
  if type(e) ~= "table" then return nil, {} end
  local message = type(e.message) == "string" and e.message or nil
  local meta = type(e.metadata) == "table" and e.metadata or {}
  if type(meta.raw) == "string" then message = (message and message .. ": " or "") .. meta.raw end
  if type(e.n_prompt_tokens) == "number" and type(e.n_ctx) == "number" then
    message = ("%s (%d tokens, room for %d)"):format(message or "too long", e.n_prompt_tokens, e.n_ctx)
  end
  local words = { e.code or false, e.type or false, e.status or false, meta.error_type or false }
  local details = type(e.details) == "table" and e.details or {}
  words[#words + 1] = details.error_code
  for _, detail in ipairs(details) do words[#words + 1] = type(detail) == "table" and detail.reason or nil end
  return message or "an error without words", words
end

-- Where the error stands in a document that is one. FastAPI's is a list of what is wrong with which field.
local function error_in(value)
  if type(value) ~= "table" then return nil end
  if value.error then return value.error end
  local detail = value.detail
  if type(detail) == "table" and type(detail[1]) == "table" then
    local where = type(detail[1].loc) == "table" and detail[1].loc or {}
    local names = {}
    for i, name in ipairs(where) do names[i] = tostring(name) end
    return { message = ("%s: %s"):format(table.concat(names, "."), tostring(detail[1].msg)) }
  end
  if type(value.message) == "table" then return error_in(value.message) or { message = value.message.message } end
  if type(value.message) == "string" then return value end
  return type(detail) == "string" and { message = detail } or nil
end

-- An error that comes under 200, as the value of `error` or as the whole document.
function common.stream_failure(e)
  local message, words = read_error(e)
  return { kind = classify(math.tointeger(tonumber(words[1] or nil)), words, message or ""), message = message }
end

-- The error in an event that says nothing else; or nil. One that is called an error is one, whatever stands in it.
function common.error_in(data, name)
  return error_in(json.decode(data)) or name == "error" and { message = data:sub(1, 300) } or nil
end

-- An event that is no document. Several lines are several events whose blank line was left out. What was meant to be one has lost its
-- text: the answer is not whole. All else is no event (a heartbeat, null).
function common.unreadable(s, name, data, why, event)
  if data:find("\n", 1, true) then
    local text, thought, failure, over = {}, {}, nil, nil
    for line in data:gmatch("[^\n]+") do
      local said, thinking, failed, ends = event(s, name, line)
      text[#text + 1], thought[#thought + 1] = said or "", thinking or ""
      failure, over = failure or failed, ends or over
    end
    return table.concat(text), table.concat(thought), failure, over
  end
  if name == "error" then return nil, nil, common.stream_failure(data) end
  if not data:find("^%s*%[?%s*{") then return nil end
  return nil, nil, { kind = "server", message = "an event that is no JSON: " .. why }
end

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

-- "at most 8192 completion tokens", "the valid range of max_tokens is [1, 8192]", "8720 > 4096, which is the maximum".
local function longest_answer(message)
  if not message:find("max_", 1, true) and not message:find("output tokens", 1, true) then return nil end
  local most = message:match("%[%s*%d+%s*,%s*(%d+)%s*%]") or message:match("at most (%d+)") or message:match("%d+ > (%d+)")
    or message:match("less than or equal to (%d+)") or message:match("<=? ?(%d+)") or message:match("maximum [^%d]*(%d+)")
  most = math.tointeger(tonumber(most))
  return most and most >= 16 and most or nil
end

local other_field = { max_tokens = "max_completion_tokens", max_completion_tokens = "max_tokens" }
local never_dropped = { model = true, messages = true, response_format = true, contents = true, input = true, text = true, format = true,
  output_config = true, system = true, instructions = true, stream = true }

-- What to send instead of a value that was refused: { name = value } to learn, or nil.
local function refused_value(message, named)
  local m = message:lower()
  local name = named or message:match("[Pp]arameter:? ['\"`]([%w_]+)['\"`]") or message:match("['\"`]([%w_]+)['\"`]")
    or message:match("^([%l_]+): ")
  local unknown = has_any(m, { "unsupported", "not support", "unknown", "unrecognized", "unexpected", "extra inputs", "not permitted",
    "deprecated", "not allowed" })
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
  return has_any(m, { "not support", "unsupported", "unavailable" }) and { structured = "prompt" } or nil
end

function common.failure(status, headers, body)
  local value = json.decode(body)
  if type(value) == "table" and type(value[1]) == "table" then value = value[1] end
  local found = error_in(value)
  local message, words = read_error(found)
  local named = type(found) == "table" and common.text_or_nil(found.param) or nil
  message = message or (body ~= "" and body:sub(1, 300)) or nil
  local kind, learn = classify(status, words, message or ""), nil
  if status == 429 and body:find("PerDay", 1, true) then kind = "quota" end
  if kind == "schema" then learn = takes_no_schema(message or "") end
  if kind == "invalid" and (status == 400 or status == 422) then
    learn = refused_value(message or "", named)
    if learn then kind = "parameter" end
  end
  return { kind = kind, learn = learn, retry_after = retry_after(headers) or told_in_words(body),
    message = message and ("HTTP %d: %s"):format(status, message) or ("HTTP %d"):format(status) }
end

return common
