-- doubled_words: the same little word twice, as when a text was pasted: "the the".
local rates = require "lib.rates"

local doubled = {}
for tag, list in pairs { en = "the a an and of to in with he she it was were but for at from by on is his they we you",
  de = "der den dem ein eine und zu in mit er es war aber für von im auf ist nicht", fr = "le la les un une et de à dans avec il elle était mais pour est",
  es = "el la los las un una y de en con ella era pero para es" } do
  doubled[tag] = {}
  for _, word in ipairs(rates.words(list)) do doubled[tag][word] = true end
end

return {
  title = "Doubled words", scope = "chapter", languages = { "en", "de", "fr", "es" }, thresholds = { most = 3 },
  run = function(it, limits)
    local out, list = {}, doubled[it.reading.tag]
    local before, apart
    for word, between in string.gmatch(it.reading.prose, "([%a\128-\255]+)([^%a\128-\255]*)") do
      if word == before and list[word] and string.find(apart, "^%s+$") and #out < limits.most then
        out[#out + 1] = { quote = word .. " " .. word, problem = string.format("\"%s\" stands there twice.", word) }
      end
      before, apart = word, between
    end
    return out
  end,
}
