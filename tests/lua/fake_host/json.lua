-- luacheck: std lua54
-- fake_host/json.lua: the `json` table of scripts/api.lua in plain Lua: canonical encoding, arrays that stay arrays, the schema
-- subset (other keywords are refused).
local json = {}

local array_mark = { __name = "array" }
json.null = setmetatable({}, { __tostring = function() return "null" end })

function json.array(t) return setmetatable(t, array_mark) end

local function is_array(t) return getmetatable(t) == array_mark or #t > 0 end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local function quoted(s)
  if not utf8.len(s) then error("json.encode: invalid UTF-8 in a string", 0) end
  return '"' .. s:gsub('[%c"\\]', function(c) return escapes[c] or string.format("\\u%04x", c:byte()) end) .. '"'
end

local function encode(value)
  local kind = type(value)
  if value == nil or value == json.null then return "null" end
  if kind == "string" then return quoted(value) end
  if kind == "number" then return math.type(value) == "integer" and tostring(value) or string.format("%.14g", value) end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error("json.encode: cannot encode a " .. kind, 0) end
  local out = {}
  if is_array(value) then
    for i = 1, #value do out[i] = encode(value[i]) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  local keys = {}
  for key in next, value do
    if type(key) ~= "string" then error("json.encode: a table with both names and numbers", 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do out[i] = quoted(key) .. ":" .. encode(value[key]) end
  return "{" .. table.concat(out, ",") .. "}"
end
json.encode = encode

local unescapes = { n = "\n", r = "\r", t = "\t", b = "\b", f = "\f" }
local parse
local function blank(s, i) return s:match("^%s*()", i) end

local function parse_string(s, i)
  local out = {}
  while true do
    local piece, stop, mark = s:match('^([^"\\]*)()(["\\])', i)
    if not piece then error("unfinished string", 0) end
    out[#out + 1] = piece
    if mark == '"' then return table.concat(out), stop + 1 end
    local c = s:sub(stop + 1, stop + 1)
    if c == "u" then
      out[#out + 1] = utf8.char(tonumber(s:sub(stop + 2, stop + 5), 16))
      i = stop + 6
    else
      out[#out + 1] = unescapes[c] or c
      i = stop + 2
    end
  end
end

local function parse_list(s, i)
  local list = json.array {}
  i = blank(s, i)
  if s:sub(i, i) == "]" then return list, i + 1 end
  while true do
    list[#list + 1], i = parse(s, i)
    i = blank(s, i)
    local c = s:sub(i, i)
    if c == "]" then return list, i + 1 end
    if c ~= "," then error("expected , or ]", 0) end
    i = i + 1
  end
end

local function parse_object(s, i)
  local object = {}
  i = blank(s, i)
  if s:sub(i, i) == "}" then return object, i + 1 end
  while true do
    local key
    i = blank(s, i)
    if s:sub(i, i) ~= '"' then error("expected a name", 0) end
    key, i = parse_string(s, i + 1)
    i = blank(s, i)
    if s:sub(i, i) ~= ":" then error("expected :", 0) end
    object[key], i = parse(s, i + 1)
    i = blank(s, i)
    local c = s:sub(i, i)
    if c == "}" then return object, i + 1 end
    if c ~= "," then error("expected , or }", 0) end
    i = i + 1
  end
end

local words = { ["true"] = true, ["false"] = false, null = json.null }
function parse(s, i)
  i = blank(s, i)
  local c = s:sub(i, i)
  if c == '"' then return parse_string(s, i + 1) end
  if c == "[" then return parse_list(s, i + 1) end
  if c == "{" then return parse_object(s, i + 1) end
  local word = s:match("^%a+", i)
  if word and words[word] ~= nil then return words[word], i + #word end
  local number = s:match("^-?[%d.eE+-]+", i)
  if not number then error("not JSON at " .. i, 0) end
  return math.tointeger(tonumber(number)) or tonumber(number), i + #number
end

function json.decode(s)
  local value, i = parse(s, 1)
  if blank(s, i) <= #s then error("text after the JSON document", 0) end
  return value
end

function json.extract(s)
  local from = s:find("[%[{]")
  if not from then return nil, "no JSON in the text" end
  local ok, value = pcall(parse, s, from)
  if ok then return value end
  return nil, value
end

local keywords = {}
for word in ([[type properties required additionalProperties items minItems maxItems enum const minLength maxLength minimum maximum
  description title]]):gmatch("%a+") do
  keywords[word] = true
end

--- Raises when a schema uses what the host does not support or can never be met.
function json.vet(schema, path)
  path = path or "schema"
  for key in next, schema do
    if not keywords[key] then error(path .. ": unsupported schema keyword " .. tostring(key), 0) end
  end
  if schema.enum and #schema.enum == 0 then error(path .. ": an enum without choices", 0) end
  if schema.minItems and schema.maxItems and schema.minItems > schema.maxItems then error(path .. ": minItems above maxItems", 0) end
  if schema.minimum and schema.maximum and schema.minimum > schema.maximum then error(path .. ": minimum above maximum", 0) end
  for name, inner in next, schema.properties or {} do json.vet(inner, path .. "." .. name) end
  for _, name in ipairs(schema.required or {}) do
    if not schema.properties[name] then error(path .. ": requires the unknown property " .. name, 0) end
  end
  if schema.items then json.vet(schema.items, path .. "[]") end
end

local function type_of(value)
  if value == json.null then return "null" end
  if type(value) == "table" then return is_array(value) and "array" or "object" end
  return math.type(value) or type(value)
end

local check_in
local function check_object(value, schema, path)
  for _, name in ipairs(schema.required or {}) do
    if value[name] == nil then return path .. "." .. name .. ": missing" end
  end
  for name, inner in next, value do
    local of = schema.properties and schema.properties[name]
    if not of and schema.additionalProperties == false then return path .. "." .. name .. ": not allowed" end
    local err = of and check_in(inner, of, path .. "." .. name)
    if err then return err end
  end
end

function check_in(value, schema, path)
  local kind, wanted = type_of(value), schema.type
  if wanted == "array" and kind == "object" and next(value) == nil then kind = "array" end
  if wanted == "number" and kind == "integer" or wanted == "number" and kind == "float" then kind = "number" end
  if wanted and kind ~= wanted then return string.format("%s: expected %s, got %s", path, wanted, kind) end
  if schema.enum then
    local found = false
    for _, choice in ipairs(schema.enum) do found = found or choice == value end
    if not found then return path .. ": not one of the choices: " .. tostring(value) end
  end
  if kind == "string" then
    if schema.minLength and utf8.len(value) < schema.minLength then return path .. ": too short" end
    if schema.maxLength and utf8.len(value) > schema.maxLength then return path .. ": too long" end
  elseif kind == "integer" or kind == "number" then
    if schema.minimum and value < schema.minimum then return path .. ": below the minimum" end
    if schema.maximum and value > schema.maximum then return path .. ": above the maximum" end
  elseif kind == "array" then
    if schema.minItems and #value < schema.minItems then return path .. ": too few items" end
    if schema.maxItems and #value > schema.maxItems then return path .. ": too many items" end
    for i, item in ipairs(value) do
      local err = schema.items and check_in(item, schema.items, path .. "[" .. i .. "]")
      if err then return err end
    end
  elseif kind == "object" then
    return check_object(value, schema, path)
  end
end

function json.check(value, schema)
  json.vet(schema)
  local err = check_in(value, schema, "value")
  return err == nil, err
end

return json
