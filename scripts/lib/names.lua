-- lib/names.lua: the names of a book, who is meant by them, and names that are too much like them. In any script.
--
-- Two names are one person's only if they are the same but for case, blanks and accents, if the cast gives one as another name of that person
-- ("aliases"), or if one is a part of the other's full name and of nobody else's. That they look alike is a suspicion, never a reason.
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
  for _, person in ipairs(cast) do
    known:add(person.name)
    for _, alias in ipairs(type(person.aliases) == "table" and person.aliases or {}) do known:add(alias) end
  end
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

local accents = "àaáaâaãaäaåaāaăaąaçcćcčcďdđdèeéeêeëeēeęeěeğgìiíiîiïiīiıiłlñnńnňnòoóoôoõoöoøoōoőořrśsşsšsťtùuúuûuüuūuůuűuýyÿyźzżzžz"
local plain_letters = {}
for accented, plain in string.gmatch(accents, "([\xC2-\xC5][\x80-\xBF])(%a)") do plain_letters[accented] = plain end

--- A name for comparing: without case, accents and the width of its blanks.
local function bare(name)
  return (string.gsub(table.concat(tokens(name), " "), "[\xC2-\xC5][\x80-\xBF]", plain_letters))
end

local function aliases_of(person)
  return type(person.aliases) == "table" and person.aliases or {}
end

-- The one person of the cast for whom `fits` is true; nil for none, and for two.
local function only_one(cast, fits)
  local found
  for _, person in ipairs(cast) do
    if fits(person) then
      if found then return nil end
      found = person.name
    end
  end
  return found
end

local function all_in(parts, whole)
  local has = {}
  for part in string.gmatch(whole, "%S+") do has[part] = true end
  for part in string.gmatch(parts, "%S+") do
    if not has[part] then return false end
  end
  return parts ~= ""
end

--- Who is meant: the name as the cast spells it, or the name itself where it is nobody's there, or could be two people's.
function names.of_cast(name, cast)
  local wanted = bare(name)
  for _, person in ipairs(cast) do
    if bare(person.name) == wanted then return person.name end
  end
  local by_alias = only_one(cast, function(person)
    for _, alias in ipairs(aliases_of(person)) do
      if bare(alias) == wanted then return true end
    end
    return false
  end)
  return by_alias or only_one(cast, function(person) return all_in(wanted, bare(person.name)) end) or text.trim(name)
end

return names
