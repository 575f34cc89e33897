local reading = require "lib.reading"

return {
  ["what is told and what is said are kept apart, by the marks of each language"] = function(t)
    local read = reading.of("“Stay,” she said. “Please.”\n\nHe went.", "en")
    t.equal(text.trim(read:narration().prose), "she said. \n\nHe went.")
    t.equal(read:speech().prose, "Stay,\n\nPlease.")
    t.equal(reading.of("„Bleib“, sagte sie.", "de"):speech().prose, "Bleib")
    t.equal(reading.of("« Restez », dit-elle.", "fr"):speech().prose, " Restez ")
    t.equal(reading.of("— Quédate —dijo.", "es"):speech().prose, "— Quédate —dijo.")
    t.equal(reading.of("「行くな」と言った。", "ja"):speech().prose, "行くな")
    t.equal(reading.of("‘Don’t go,’ she said.", "en"):speech().prose, "Don’t go,")
  end,

  ["speech that is not closed ends with its paragraph"] = function(t)
    local read = reading.of("“Stay, she said.\n\nHe went.", "en")
    t.has(read:narration().prose, "He went.")
    t.lacks(read:narration().prose, "she said")
  end,

  ["words are found whole, whatever stands between them, and quoted as they stand"] = function(t)
    local read = reading.of("She let — out\na breath. Abreath?", "en")
    t.equal(read:has("let out a breath"), 1)
    t.equal(read:has({ "breath", "she" }), 2)
    t.equal(read:sentence_with("let out a"), "She let — out")
    t.equal(reading.of("Abreath.", "en"):has("breath"), 0)
  end,
}
