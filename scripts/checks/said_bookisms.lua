-- said_bookisms: verbs of speaking that draw attention to themselves, and a "said" that needs an adverb.
local rates = require "lib.rates"

return rates.check {
  title = "Fancy verbs of speaking", part = "narration", per_1000 = 6, least = 4, says = "Verbs of speaking that draw attention to themselves",
  words = {
    en = rates.phrases [[he exclaimed/she exclaimed/he declared/she declared/he proclaimed/she proclaimed/he opined/she opined/he retorted
      she retorted/he intoned/she intoned/he breathed/she breathed/he hissed/she hissed/he growled/she growled/he purred/she purred/he chuckled
      she chuckled/he mused/she mused/he quipped/she quipped/he barked/she barked/he rasped/she rasped/he snarled/she snarled/he chimed in
      she chimed in/he interjected/she interjected/he ejaculated/she ejaculated/he queried/she queried/he grunted/she grunted/said softly
      said quietly/said gently/said sharply/said coldly/said angrily/said sadly/said slowly/whispered softly/asked quietly/asked softly]],
    de = rates.phrases [[hauchte er/hauchte sie/zischte er/zischte sie/knurrte er/knurrte sie/raunte er/raunte sie/schnaubte er/schnaubte sie
      konstatierte er/konstatierte sie/sinnierte er/sinnierte sie/entfuhr es ihm/entfuhr es ihr/sagte er leise/sagte sie leise/sagte er sanft
      sagte sie sanft/sagte er ruhig/sagte sie ruhig/fragte er leise/fragte sie leise]],
  },
}
