-- repeated_in_chapter: the same six words several times in one chapter.
return {
  title = "The same words again", scope = "chapter", thresholds = { words = 6, least = 4, most = 3 },
  run = function(it, limits)
    local out = {}
    for i, phrase in ipairs(text.repeated(it.reading.prose, limits.words, limits.least)) do
      if i > limits.most then break end
      out[i] = { quote = phrase.text, problem = string.format("\"%s\" stands in the chapter %d times.", phrase.text, phrase.count) }
    end
    return out
  end,
}
