-- names_across: a name that stands once or twice in the book and is one letter away from one that stands there often. It is told and never mended:
-- there are people with such names.
local reading = require "lib.reading"

-- Words in capitals where no sentence begins: how often, and in which chapter first.
local function gather(chapters)
  local names, order = {}, {}
  for _, chapter in ipairs(chapters) do
    for word in string.gmatch(chapter.prose, "[%l,;]%s+(%u[%l\128-\255]+)") do
      local entry = names[word]
      if not entry then
        entry = { n = 0, chapter = chapter.number }
        names[word] = entry
        order[#order + 1] = word
      end
      entry.n = entry.n + 1
    end
  end
  return names, order
end

-- The word with each of its letters left out, but for the first and the last: endings are grammar.
local function thinned(word)
  local out, points = {}, {}
  for at in utf8.codes(word) do points[#points + 1] = at end
  for i = 2, #points - 1 do out[#out + 1] = string.sub(word, 1, points[i] - 1) .. string.sub(word, points[i + 1]) end
  return out
end

return {
  title = "A name spelt in two ways", scope = "book", thresholds = { often = 8, seldom = 2, letters = 5, most = 6 },
  run = function(it, limits)
    local out, near = {}, {}
    local names, order = gather(it.chapters)
    for _, word in ipairs(order) do
      if names[word].n >= limits.often and text.length(word) >= limits.letters then
        near[word] = near[word] or word
        for _, variant in ipairs(thinned(word)) do near[variant] = near[variant] or word end
      end
    end
    for _, word in ipairs(order) do
      local other
      if names[word].n <= limits.seldom and text.length(word) >= limits.letters - 1 then
        other = near[word]
        for _, variant in ipairs(thinned(word)) do other = other or near[variant] end
      end
      if other and other ~= word and string.sub(other, 1, 1) == string.sub(word, 1, 1) and #out < limits.most then
        out[#out + 1] = { word = word, other = other }
      end
    end
    local told = {}
    for _, pair in ipairs(out) do
      local common, quote, where = false, nil, names[pair.word].chapter
      for _, chapter in ipairs(it.chapters) do
        if string.find(chapter.prose, "%f[%a]" .. text.fold(pair.word) .. "%f[%A]") then common = true end
        if chapter.number == where then quote = reading.of(chapter.prose, it.tag):sentence_with(text.fold(pair.word)) end
      end
      if not common then
        told[#told + 1] = { chapter = where, quote = quote, problem = string.format("\"%s\" is one letter away from \"%s\", which the book says %d times.",
          pair.word, pair.other, names[pair.other].n) }
      end
    end
    return told
  end,
}
