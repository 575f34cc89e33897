-- openai_responses.lua: OpenAI's Responses API.
--
-- Options of the provider in quire.lua, all optional:
--   reasoning          false: its effort is never sent
--   summary            "auto" (default): thoughts are told in short; false: they are not
--   structured         "schema" (default), "json_object", or false: the prompt tells the form
--   flex               true: the service has the tier "flex" (OpenAI's own has it unless you say false)
--   headers            more headers, name = value
--
-- With `resumable = true` beside the options a response is made in the background: it goes on when Quire dies or the connection breaks, and is
-- fetched by its id. For that OpenAI has to keep it (30 days, as all that is stored there), so it is off unless you set it; without it nothing is
-- stored at the provider. A crash between the request and the first event, which tells the id, asks again.
--
-- The stable blocks are the instructions, the same from call to call, so that prefix caches hit.
local common = require("common")
local count, text_or_nil = common.count, common.text_or_nil

local responses = { failure = common.failure, probe = require("openai").probe }

local function reasoning_of(call)
  if not call.reasoning or call.options.reasoning == false then return nil end
  local summary = call.options.summary
  if summary == nil then summary = "auto" end
  return { effort = call.reasoning, summary = summary or nil }
end

local function format_of(how, call)
  if how == "schema" then return { format = { type = "json_schema", name = "answer", schema = call.schema } } end
  return how == "json_object" and { format = { type = "json_object" } } or nil
end

function responses.request(call)
  local how, system, user = common.prompt(call)
  local body = { model = call.model, instructions = system, max_output_tokens = call.max_tokens, temperature = call.temperature,
    input = json.array { { role = "user", content = json.array { { type = "input_text", text = user } } } },
    reasoning = reasoning_of(call), text = format_of(how, call), store = call.name ~= nil, background = call.name and true, stream = call.stream,
    service_tier = common.flex(call) }
  local headers = common.headers(call, { ["Authorization"] = "Bearer {{key}}", ["Accept"] = "text/event-stream" })
  return { url = common.url(call, "/responses"), headers = headers, body = common.amend(body, call), tier = common.flex(call),
    framing = common.framing(call, "sse") }
end

-- All of it at once when it is finished, however long ago; else `whole` says to fetch it as a stream.
function responses.resume(call, handle)
  if common.is_own_name(handle) then return nil end
  local id, unfinished = handle:match("^(.-)(%+?)$")
  local streams = call.stream and unfinished ~= ""
  return { url = common.url(call, "/responses/" .. common.escaped(id) .. (streams and "?stream=true" or "")),
    headers = common.headers(call, { ["Authorization"] = "Bearer {{key}}" }), framing = streams and "sse" or "whole", tier = common.flex(call) }
end

function responses.cancel(call, handle)
  if common.is_own_name(handle) then return nil end
  return { url = common.url(call, "/responses/" .. common.escaped((handle:gsub("%+$", ""))) .. "/cancel"),
    headers = common.headers(call, { ["Authorization"] = "Bearer {{key}}" }), body = {} }
end

---------------------------------------------------------------------------------------------------------- the stream

function responses.open() return {} end

local read = json.reader { "type", "delta", "response", "error", "object", "output", "status" }

local thoughts = { ["response.reasoning_summary_text.delta"] = true, ["response.reasoning_text.delta"] = true }
local ends = { ["response.completed"] = true, ["response.incomplete"] = true, ["response.failed"] = true }

local function take_end(s, response)
  s.response = response
  local failure = response.error
  if response.status == "failed" or type(failure) == "table" then
    return nil, nil, common.stream_failure(type(failure) == "table" and failure or { message = "the response failed" })
  end
  return nil, nil, nil, 0
end

local unfinished = { queued = true, in_progress = true }

-- All at once, of a server that does not stream, or of a response that was begun before.
local function whole(s, response)
  local id = text_or_nil(response.id)
  if unfinished[response.status] and id then
    return nil, nil, { kind = "pending", message = "the response " .. id .. " is " .. response.status, retry_after = 1 }, nil, id .. "+"
  end
  local text = {}
  for _, item in ipairs(response.output) do
    for _, part in ipairs(type(item.content) == "table" and item.content or {}) do
      text[#text + 1] = text_or_nil(part.text)
      s.refused = s.refused or part.type == "refusal"
    end
  end
  local _, _, failure, over = take_end(s, response)
  return table.concat(text), nil, failure, over
end

function responses.event(s, name, data)
  if data == "[DONE]" then return end
  local ok, kind, delta, response, failure, object, output = read(data)
  if not ok then return common.unreadable(s, name, data, kind, responses.event) end
  if kind == "response.output_text.delta" then return text_or_nil(delta) end
  if thoughts[kind] then return nil, text_or_nil(delta) end
  if kind == "response.refusal.delta" then s.refused = true end
  if ends[kind] and type(response) == "table" then return take_end(s, response) end
  if kind == "response.created" and type(response) == "table" then return nil, nil, nil, nil, text_or_nil(response.id) end
  if object == "response" and type(output) == "table" then return whole(s, json.decode(data)) end
  if failure or kind == "error" or not kind then
    failure = failure or common.error_in(data, name)
    if failure then return nil, nil, common.stream_failure(failure) end
  end
end

-- Some servers say "completed" of what their limit cut.
local function stop_of(s)
  local r, u = s.response, s.response.usage
  if s.refused then return "refusal" end
  if r.status == "incomplete" then
    return common.stop_of(type(r.incomplete_details) == "table" and text_or_nil(r.incomplete_details.reason) or nil)
  end
  local most = type(r.max_output_tokens) == "number" and r.max_output_tokens
  return most and count(u, "output_tokens") >= most and "length" or common.stop_of(text_or_nil(r.status))
end

function responses.finish(s)
  local stop = s.response and stop_of(s)
  if not stop then return nil end
  local r, u = s.response, s.response.usage
  local input = type(u) == "table" and u.input_tokens_details
  return { stop = stop, native_stop = text_or_nil(r.status) or "", model = text_or_nil(r.model), request_id = text_or_nil(r.id),
    usage = type(u) == "table" and { input = count(u, "input_tokens"), cached_read = count(input, "cached_tokens"),
      cache_write = count(input, "cache_write_tokens"), output = count(u, "output_tokens"),
      reasoning = count(u.output_tokens_details, "reasoning_tokens") } or nil }
end

return responses
