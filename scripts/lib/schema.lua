-- lib/schema.lua: JSON schemas written the way one speaks. Every field of an object is required; fields are asked for in the
-- order in which they stand.
--
--   local schema = require "lib.schema"
--   schema.object { { "title", schema.text(120, "the chapter's title") }, { "scenes", schema.list(scene, 1, 6) } }
local schema = {}

function schema.text(max, description)
  return { type = "string", minLength = 1, maxLength = max, description = description }
end

--- Text that may stay empty.
function schema.note(max, description)
  return { type = "string", maxLength = max, description = description }
end

function schema.integer(min, max, description)
  return { type = "integer", minimum = min, maximum = max, description = description }
end

function schema.flag(description)
  return { type = "boolean", description = description }
end

--- One of some strings. An empty list of choices becomes free text, because a schema cannot ask for nothing.
function schema.choice(choices, description)
  if #choices == 0 then return schema.note(120, description) end
  return { type = "string", enum = json.array(choices), description = description }
end

function schema.list(items, min, max, description)
  return { type = "array", items = items, minItems = min, maxItems = max, description = description }
end

--- fields: { {name, schema}, ... }
function schema.object(fields, description)
  local properties, required = {}, json.array {}
  for _, field in ipairs(fields) do
    properties[field[1]] = field[2]
    required[#required + 1] = field[1]
  end
  return { type = "object", properties = properties, required = required, additionalProperties = false,
    description = description }
end

local blank = { string = "", integer = 0, number = 0, boolean = false }

local function filled(value, shape)
  if shape.type == "object" then
    value = type(value) == "table" and value or {}
    for _, name in ipairs(shape.required) do value[name] = filled(value[name], shape.properties[name]) end
  elseif shape.type == "array" then
    value = type(value) == "table" and value or json.array {}
    for i, item in ipairs(value) do value[i] = filled(item, shape.items) end
  elseif value == nil or value == json.null then
    value = shape.enum and shape.enum[1] or shape.minimum or blank[shape.type]
  end
  return value
end

--- Gives a document that a person has edited the fields that it lacks (empty), so that the phases can rely on them.
function schema.fill(value, shape)
  return filled(value, shape)
end

return schema
