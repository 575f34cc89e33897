-- sentence_lengths: sentences that all move alike: many in a row of about the same length.
local paragraphs = require "lib.paragraphs"

return {
  title = "Sentences of one length", scope = "chapter", thresholds = { run = 12, apart = 2, spread = 0.3, least = 40 },
  run = function(it, limits)
    local read = it.reading:narration()
    local lengths, first, all = {}, nil, 0
    for _, sentence in ipairs(read:sentences()) do
      local words = text.words(sentence)
      if words >= 3 and paragraphs.complete(sentence) then
        lengths[#lengths + 1] = { words = words, sentence = sentence }
        all = all + words
      end
    end
    local from = 1
    for i = 2, #lengths do
      if math.abs(lengths[i].words - lengths[from].words) > limits.apart then from = i end
      if i - from + 1 == limits.run then first = first or lengths[from] end
    end
    if first then
      return { { quote = read.cut_quote(first.sentence), problem = string.format("From here on %d sentences have about %d words each.", limits.run,
        first.words) } }
    end
    if #lengths < limits.least then return {} end
    local mean, sum = all / #lengths, 0
    for _, one in ipairs(lengths) do sum = sum + (one.words - mean) * (one.words - mean) end
    if math.sqrt(sum / #lengths) >= mean * limits.spread then return {} end
    return { { problem = string.format("The sentences all move alike: about %d words each, with hardly a long or a short one.", math.floor(mean + 0.5)) } }
  end,
}
