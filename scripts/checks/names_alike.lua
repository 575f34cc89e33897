-- names_alike: a name of this chapter that is almost another one of the book: a misspelling, or two people that readers will confuse. It is told,
-- and never mended by code: there are brothers.
local reading = require "lib.reading"

local function tokens(name)
  local out = {}
  for token in string.gmatch(reading.plain_of(name), "%S+") do out[#out + 1] = token end
  return out
end

-- Are the names the same but for one part, and that part nearly?
local function nearly(a, b)
  local one, other = tokens(a), tokens(b)
  if #one ~= #other then return false end
  local apart
  for i, token in ipairs(one) do
    if token ~= other[i] then
      if apart then return false end
      apart = i
    end
  end
  return apart ~= nil and text.length(one[apart]) >= (#one > 1 and 3 or 5) and text.nearest(one[apart], { other[apart] }) ~= nil
end

local function near(name, names)
  for _, other in ipairs(names.list) do
    if text.fold(other) == text.fold(name) then return nil end
  end
  for _, other in ipairs(names.list) do
    if nearly(name, other) then return other end
    for _, part in ipairs(#tokens(name) == 1 and tokens(other) or {}) do
      if part == text.fold(name) then return nil end
      if nearly(name, part) then return other end
    end
  end
  return names:mistakable(name)
end

return {
  title = "Names too much alike", scope = "chapter", sees = "story", reads = { "text", "facts" },
  run = function(it)
    local out = {}
    for _, name in ipairs(it.names and it.sheet.names or {}) do
      local other = near(name, it.names)
      if other then
        local sentence = it.reading:sentence_with(text.trim(reading.plain_of(name)))
        out[#out + 1] = { quote = sentence ~= "" and sentence or nil,
          problem = string.format("The name \"%s\" is almost \"%s\": a misspelling, or two people with one name?", name, other) }
      end
    end
    return out
  end,
}
