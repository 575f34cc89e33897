-- lib/fields.lua: how a document's fields read in a prompt. Nothing is shortened, and a field that a person added to a document stands
-- with the others, under its own name.
--
--   fields.line("Premise", blueprint.premise)                  "Premise: ...", or nil where there is nothing to say
--   fields.own(person, { "name", "role", ... })                the lines of all fields but those
local fields = {}

local function words_of(value)
  if type(value) ~= "table" then return tostring(value) end
  for _, item in ipairs(value) do
    if type(item) == "table" then return json.encode(value) end
  end
  return #value > 0 and table.concat(value, "; ") or json.encode(value)
end

function fields.line(label, value)
  if value == nil or value == json.null or value == "" or type(value) == "table" and next(value) == nil then return nil end
  return label .. ": " .. words_of(value)
end

local function label_of(name)
  local spaced = string.gsub(tostring(name), "_", " ")
  return string.upper(string.sub(spaced, 1, 1)) .. string.sub(spaced, 2)
end

--- The fields of an object that are not in `known`, each as a line, in the order of their names.
function fields.own(object, known)
  local is_known, named, out = {}, {}, {}
  for _, name in ipairs(known) do is_known[name] = true end
  for name in pairs(object) do
    if type(name) == "string" and not is_known[name] then named[#named + 1] = name end
  end
  table.sort(named)
  for _, name in ipairs(named) do out[#out + 1] = fields.line(label_of(name), object[name]) end
  return out
end

--- The same in one line, to follow on a sentence: " Appearance: ... Debt: ...", or "".
function fields.tail(object, known)
  local own = fields.own(object, known)
  return #own > 0 and " " .. table.concat(own, " ") or ""
end

return fields
