-- similes: one comparison after the other.
local rates = require "lib.rates"

return rates.check {
  title = "Comparisons", part = "narration", per_1000 = 9, least = 6, says = "One comparison follows the other",
  words = { en = rates.phrases "like a/like an/like the/as if/as though/as a man/as a woman",
    de = rates.phrases [[wie ein/wie eine/wie einen/als ob/als wäre/als hätte]],
    fr = rates.phrases "comme un/comme une/comme si/tel un/telle une", es = rates.phrases "como un/como una/como si" },
}
