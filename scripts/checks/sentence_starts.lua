-- sentence_starts: several sentences in a row that begin with the same word.
local reading = require "lib.reading"

return {
  title = "Sentences that begin alike", scope = "chapter", thresholds = { run = 6, most = 2 },
  run = function(it, limits)
    local out, before, count, from = {}, nil, 0, nil
    for _, sentence in ipairs(it.reading:narration():sentences()) do
      local first = string.match(reading.plain_of(text.first_words(sentence, 2)), "%S+")
      if first and first == before then
        count = count + 1
      else
        before, count, from = first, 1, sentence
      end
      if count == limits.run and #out < limits.most then
        out[#out + 1] = { quote = reading.cut_quote(from), problem = string.format("%d sentences in a row begin with \"%s\".", count, first) }
      end
    end
    return out
  end,
}
