-- lib/fields.lua: how a document's fields read in a prompt. Nothing is shortened, and a field that a person added to a document stands
-- with the others, under its own name.
--
--   fields.line("Premise", blueprint.premise)                  "Premise: ...", or nil where there is nothing to say
--   fields.own(person, { "name", "role", ... })                the lines of all fields but those
--
-- A person may also leave a field out, or write "4" for 4 and "Ada" for ["Ada"]. What is meant counts, and nothing stops a run:
--
--   fields.text_of(v), fields.number_of(v), fields.flag_of(v), fields.list_of(v)     the value, or nil / false / {}
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

--- A text, or nil where there is none.
function fields.text_of(value)
  if type(value) == "number" then return tostring(value) end
  return type(value) == "string" and value ~= "" and value or nil
end

--- A whole number, or nil where there is none.
function fields.number_of(value)
  if type(value) ~= "number" and type(value) ~= "string" then return nil end   -- json.null is neither
  local number = tonumber(value)
  return number and math.tointeger(math.floor(number)) or nil
end

function fields.flag_of(value)
  return value ~= nil and value ~= json.null and value ~= false and value ~= "" and value ~= "false"
end

--- A list of texts; one text is a list of one.
function fields.list_of(value)
  local out = json.array {}
  for _, item in ipairs(type(value) == "table" and value or { value }) do out[#out + 1] = fields.text_of(item) end
  return out
end

--- The entries of a document's list as tables: what is only a text becomes the field `name` of one. Empty ones are left out.
function fields.entries(list, name)
  local out = {}
  for _, entry in ipairs(type(list) == "table" and list or {}) do
    if type(entry) == "table" then
      out[#out + 1] = entry
    elseif entry ~= json.null then
      out[#out + 1] = { [name] = tostring(entry) }
    end
  end
  return out
end

--- An id for each entry: the one that it has, else the first free one of "S1", "S2", ... An id that stands twice is the first one's.
function fields.ids(entries, letter)
  local out, taken, n = {}, {}, 0
  for i, entry in ipairs(entries) do
    local id = fields.text_of(entry.id)
    if id and not taken[id] then out[i], taken[id] = id, true end
  end
  for i in ipairs(entries) do
    while not out[i] do
      n = n + 1
      if not taken[letter .. n] then out[i], taken[letter .. n] = letter .. n, true end
    end
  end
  return out
end

return fields
