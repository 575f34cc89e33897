-- lib/names.lua: the names of a book, and names that are too much like them. In any script.
local names = {}

local Known = {}
Known.__index = Known

-- Marks between the parts of a name. One by one, because a pattern's [...] would match their single bytes.
local separators = { ",", "·", "・", "=", "＝", "　" }

local function tokens(name)
  local folded, out = text.fold(name), {}
  for _, mark in ipairs(separators) do folded = string.gsub(folded, mark, " ") end
  for token in string.gmatch(folded, "%S+") do out[#out + 1] = token end
  return out
end

--- The names of a cast, to which chapters add.
function names.known(cast)
  local known = setmetatable({ list = {}, folded = {} }, Known)
  for _, person in ipairs(cast) do known:add(person.name) end
  return known
end

function Known:add(name)
  local folded = text.fold(text.trim(name))
  if folded == "" or self.folded[folded] then return end
  self.folded[folded] = true
  self.list[#self.list + 1] = name
end

--- Is it one of the known names, or a part of one ("Weber" of "Anna Weber")?
local function is_part(name, other)
  local of_other = {}
  for _, token in ipairs(tokens(other)) do of_other[token] = true end
  for _, token in ipairs(tokens(name)) do
    if of_other[token] then return true end
  end
  local a, b = text.fold(name), text.fold(other)
  return string.find(b, a, 1, true) ~= nil or string.find(a, b, 1, true) ~= nil
end

--- A known name that a new one could be mistaken for, or nil.
function Known:mistakable(name)
  if text.length(name) < 3 or self.folded[text.fold(text.trim(name))] then return nil end
  for _, other in ipairs(self.list) do
    if is_part(name, other) then return nil end
  end
  return text.nearest(name, self.list)
end

--- Sentences about names in a list that are too near to known ones.
function Known:suspicions(list)
  local out = {}
  for _, name in ipairs(list) do
    local near = self:mistakable(name)
    if near then out[#out + 1] = string.format("The name \"%s\" is almost \"%s\": a misspelling, or two people with one name?", name, near) end
  end
  return out
end

--- The spelling of the cast for a name that a model wrote, or the name itself.
function names.respell(name, cast)
  local list = {}
  for _, person in ipairs(cast) do
    if text.fold(person.name) == text.fold(text.trim(name)) then return person.name end
    list[#list + 1] = person.name
  end
  return text.nearest(name, list) or name
end

return names
