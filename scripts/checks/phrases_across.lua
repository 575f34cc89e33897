-- phrases_across: a phrase that comes back in many chapters, though perhaps once in each. A reader of one chapter cannot see it.
local phrases = require "lib.phrases"
local reading = require "lib.reading"

return {
  title = "A phrase in many chapters", scope = "book", thresholds = { share = 0.25, chapters = 4, most = 8 },
  run = function(it, limits)
    local known, out = phrases.new(), {}
    for _, chapter in ipairs(it.chapters) do known:take(chapter.number, reading.of(chapter.prose, it.tag)) end
    local least = math.max(limits.chapters, math.ceil(#it.chapters * limits.share))
    for i, phrase in ipairs(known:worn(limits.most, least)) do
      local quote = ""
      for _, chapter in ipairs(it.chapters) do
        if chapter.number == phrase.last then quote = reading.of(chapter.prose, it.tag):sentence_with(phrase.text) end
      end
      out[i] = { chapter = phrase.last, quote = quote, problem = string.format("\"%s\" stands in %d of %d chapters.", phrase.text, phrase.chapters,
        #it.chapters) }
    end
    return out
  end,
}
