-- intensifiers: "suddenly", "very", "just": words that push and add nothing.
local rates = require "lib.rates"

return rates.check {
  title = "Words that push", part = "narration", per_1000 = 16, least = 6, says = "Words that push and add nothing",
  words = { en = rates.words "suddenly very really just quite rather somehow simply literally absolutely completely utterly almost somewhat",
    de = rates.words "plötzlich sehr wirklich einfach irgendwie ziemlich absolut völlig regelrecht förmlich geradezu",
    fr = rates.words "soudain très vraiment simplement presque complètement absolument plutôt",
    es = rates.phrases "de repente/muy/realmente/simplemente/casi/completamente/absolutamente/bastante" },
}
