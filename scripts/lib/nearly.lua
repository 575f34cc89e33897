-- lib/nearly.lua: answers that are nearly what a schema asks for. Models write 3 as "3", wrap the document in a field or a list of one, add
-- a field, write more than a cap allows. Asking again costs a call and gives the same; so what is meant beyond doubt is taken as meant.
--
--   local value, mends = nearly.fit(value, schema)      -- mends: { "acts[1].first: a number written as text", ... }; empty: it was right
--   local value, nothing, why = nearly.fit(...)         -- value nil: it cannot be mended; why says where
--
-- What is never done: a missing fact is not invented, a number is not moved into its bounds, an item is not cut off a list.
local nearly = {}

local MOST_OVER = 8 -- a text may be so many times too long and is shortened; beyond that the model has misunderstood
local MOST_WRAPS = 3

local fit -- fit(value, schema, path, mends) -> value

local function at(path) return path == "" and "the document" or path end
local function mended(mends, path, what) mends[#mends + 1] = at(path) .. ": " .. what end

local function is_list(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

local function is_object(value)
  return type(value) == "table" and (#value == 0 or next(value) == nil)
end

-- The one field of an object: its name and value. Nothing when it has more or none.
local function only_field(value)
  local name, only
  for key, field in pairs(value) do
    if name ~= nil then return nil end
    name, only = key, field
  end
  return name, only
end

--------------------------------------------------------------------------------------------------------------- scalars

-- At the end of a sentence if half of it is kept so, else behind a word.
local function shorten(value, max)
  local cut = string.sub(value, 1, utf8.offset(value, max + 1) - 1)
  local sentence = string.match(cut, "^(.*[%.!?。！？…]['\"”’»)%]]*)[%s]")
  if sentence and #sentence * 2 > #cut then return sentence end
  return (string.match(cut, "^(.*%S)%s+%S*$") or cut)
end

local function as_string(value, shape, path, mends)
  if type(value) == "number" or type(value) == "boolean" then
    mended(mends, path, "a " .. type(value) .. " where text belongs")
    value = tostring(value)
  elseif (value == nil or value == json.null) and (shape.minLength or 0) == 0 and not shape.enum then
    mended(mends, path, "left out")
    value = ""
  elseif is_list(value) and #value == 1 and type(value[1]) == "string" then
    mended(mends, path, "a list of one text")
    value = value[1]
  end
  if type(value) ~= "string" then return value end
  if shape.enum then
    local wanted = string.lower(text.trim(value))
    for _, choice in ipairs(shape.enum) do
      if choice ~= value and string.lower(choice) == wanted then
        mended(mends, path, "'" .. choice .. "' in other letters")
        return choice
      end
    end
  end
  local length = shape.maxLength and utf8.len(value)
  if length and length > shape.maxLength and length <= shape.maxLength * MOST_OVER then
    mended(mends, path, string.format("%d characters, shortened to %d", length, shape.maxLength))
    value = shorten(value, shape.maxLength)
  end
  return value
end

local function as_number(value, shape, path, mends)
  local number = value
  if type(value) == "string" then
    number = tonumber(string.match(value, "^%s*([+-]?%d+%.?%d*)%s*$"))
    if number then mended(mends, path, "a number written as text") end
  end
  if shape.type == "integer" and math.type(number) == "float" and math.tointeger(number) then number = math.tointeger(number) end
  return number or value
end

local words = { ["true"] = true, yes = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false }

local function as_boolean(value, _, path, mends)
  local meant = words[string.lower(tostring(value))]
  if type(value) == "boolean" or meant == nil then return value end
  mended(mends, path, "yes or no in other words")
  return meant
end

------------------------------------------------------------------------------------------------------ lists and objects

local function as_list(value, shape, path, mends)
  if not is_list(value) then
    local inner
    if type(value) == "table" then
      local _, only = only_field(value)
      if is_list(only) then inner = only end
    end
    if inner then
      mended(mends, path, "a list inside an object")
    elseif value ~= nil and value ~= json.null and (type(value) == "table") == (shape.items.type == "object") then
      mended(mends, path, "one item instead of a list")
      inner = json.array { value }
    end
    value = inner or value
  end
  if not is_list(value) then return value end
  for i, item in ipairs(value) do value[i] = fit(item, shape.items, path .. "[" .. i .. "]", mends) end
  return value
end

local function has_a_field(value, shape)
  for name in pairs(shape.properties or {}) do
    if value[name] ~= nil then return true end
  end
  return next(shape.properties or {}) == nil
end

-- {"answer": {...}}, [{...}]: the one inside, when it is the object that is meant.
local function unwrapped(value, shape, path, mends)
  for _ = 1, MOST_WRAPS do
    if type(value) ~= "table" then break end
    if #value == 1 and type(value[1]) == "table" then
      value = value[1]
      mended(mends, path, "a list of one")
    elseif is_object(value) and not has_a_field(value, shape) then
      local name, only = only_field(value)
      if type(only) ~= "table" then break end
      value = only
      mended(mends, path, "wrapped in '" .. tostring(name) .. "'")
    else
      break
    end
  end
  return value
end

local function as_object(value, shape, path, mends)
  value = unwrapped(value, shape, path, mends)
  if type(value) ~= "table" or #value > 0 then return value end
  local known = shape.properties or {}
  if shape.additionalProperties == false then
    for _, name in ipairs(nearly.names(value)) do
      if known[name] == nil then
        value[name] = nil
        mended(mends, path, "'" .. tostring(name) .. "' was not asked for")
      end
    end
  end
  for _, name in ipairs(nearly.names(known)) do
    local inside = path == "" and name or path .. "." .. name
    local fitted = fit(value[name], known[name], inside, mends)
    if fitted ~= value[name] then value[name] = fitted end
  end
  return value
end

--- The names of a table's fields, in order.
function nearly.names(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local by_type = { string = as_string, integer = as_number, number = as_number, boolean = as_boolean, array = as_list, object = as_object }

-- A document may come as text that holds it.
local function opened(value, shape, path, mends)
  if type(value) ~= "string" or (shape.type ~= "object" and shape.type ~= "array") then return value end
  local inner = json.extract(value)
  if inner == nil then return value end
  mended(mends, path, "JSON inside a text")
  return inner
end

function fit(value, shape, path, mends)
  local as = by_type[shape.type]
  if not as then return value end
  return as(opened(value, shape, path, mends), shape, path, mends)
end

function nearly.fit(value, schema)
  if json.check(value, schema) then return value, {} end
  local mends = {}
  value = fit(value, schema, "", mends)
  local ok, why = json.check(value, schema)
  if not ok then return nil, nil, why end
  return value, mends
end

return nearly
