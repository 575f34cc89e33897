-- waking_opening: a chapter that opens with somebody waking up.
local rates = require "lib.rates"
local reading = require "lib.reading"

local waking = {
  en = rates.words "woke awoke wakes awakes waking awakened alarm",
  de = rates.words "erwachte aufwachte wachte erwacht aufgewacht wecker",
  fr = rates.words "réveilla réveillait réveil",
  es = rates.words "despertó desperté despertador",
}

return {
  title = "Waking up at the beginning", scope = "chapter", languages = { "en", "de", "fr", "es" }, thresholds = { words = 12 },
  run = function(it, limits)
    local first = it.reading:sentences()[1] or ""
    local beginning = reading.of(text.first_words(first, limits.words), it.reading.tag)
    if beginning:has(waking[it.reading.tag]) == 0 then return {} end
    return { { quote = reading.cut_quote(first), problem = "The chapter opens with somebody waking up." } }
  end,
}
