-- lib/rest.lua: a JSON document that was cut off, and what is still to come of it. Some servers end each answer at a limit of their own, whatever is
-- asked for: then more room gives the same half again, and the document has to come in pieces.
--
--   local kept, open = rest.kept('{"title":"Tide","cast":[{"name":"Ines"},{"na')       -- { title=, cast={ {name="Ines"} } }, "cast"
--   local shape = rest.schema(schema, kept, open)                                     -- nil: nothing is missing
--   rest.join(kept, open, more)
--
-- Kept are whole fields, and whole items of the list that the end came in. What is half is asked for again.
local rest = {}

-- The position behind the string that begins at `at`; nil: it has no end.
local function behind_string(answer, at)
  local i = at + 1
  while true do
    i = string.find(answer, '["\\]', i)
    if not i then return nil end
    if string.sub(answer, i, i) == '"' then return i + 1 end
    i = i + 2
  end
end

-- Where the last whole piece ends, what closes the document there, and where the list begins that is open. Nil: nothing is whole.
local function last_whole(answer, start)
  local open, at, last, closers, list = { "{" }, start + 1, nil, nil, nil
  while true do
    at = string.find(answer, '["{}%[%],]', at)
    if not at then break end
    local c = string.sub(answer, at, at)
    if c == "{" or c == "[" then
      open[#open + 1] = c
      if #open == 2 and c == "[" then list = at end
    elseif c == "}" or c == "]" then
      open[#open] = nil
    end
    local in_list = #open == 2 and open[2] == "["
    if c == "," and (#open == 1 or in_list) then last, closers = at - 1, in_list and "]}" or "}" end
    if (c == "}" or c == "]") and (#open == 1 or in_list) then last, closers = at, in_list and "]}" or "}" end
    if #open == 0 then return at, "" end
    at = c == '"' and behind_string(answer, at) or c ~= '"' and at + 1
    if not at then break end
  end
  return last, closers, closers == "]}" and list or nil
end

--- What came whole of a document, and the name of the list that may go on. Nil when nothing did.
function rest.kept(answer)
  local start = string.find(answer, "{", 1, true)
  if not start then return nil end
  local last, closers, list = last_whole(answer, start)
  if not last then return nil end
  local kept = json.extract(string.sub(answer, start, last) .. closers)
  if type(kept) ~= "table" or next(kept) == nil then return nil end
  return kept, list and string.match(string.sub(answer, start, list), '"([^"\\]*)"%s*:%s*%[$')
end

local function shorter(list, by)
  local copy = {}
  for name, value in pairs(list) do copy[name] = value end
  copy.minItems = math.max(0, (list.minItems or 0) - by)
  copy.maxItems = list.maxItems and list.maxItems - by
  return copy
end

--- The schema of what is missing; nil when nothing is.
function rest.schema(schema, kept, open)
  local properties, required = {}, json.array {}
  for _, name in ipairs(schema.required or {}) do
    local shape, have = schema.properties[name], kept[name]
    if have == nil then
      properties[name] = shape
    elseif name == open and type(have) == "table" and (not shape.maxItems or #have < shape.maxItems) then
      properties[name] = shorter(shape, #have)
    end
    if properties[name] then required[#required + 1] = name end
  end
  if #required == 0 then return nil end
  return { type = "object", properties = properties, required = required, additionalProperties = false }
end

-- Models that were asked for the rest of a list begin it again now and then.
local function append(list, more)
  local there = {}
  for _, item in ipairs(list) do there[json.encode(item)] = true end
  for _, item in ipairs(more) do
    if not there[json.encode(item)] then list[#list + 1] = item end
  end
end

--- Adds what came. Says whether anything did.
function rest.join(kept, open, more)
  local before = json.encode(kept)
  for name, value in pairs(more) do
    if kept[name] == nil then
      kept[name] = value
    elseif name == open and type(kept[name]) == "table" and type(value) == "table" then
      append(kept[name], value)
    end
  end
  return json.encode(kept) ~= before
end

return rest
