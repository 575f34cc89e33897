-- aphorism_ending: a chapter that ends on a sentence which says what it all meant.
local rates = require "lib.rates"
local reading = require "lib.reading"

local marks = {
  en = rates.phrases [[and that was enough/would ever be the same/would never be the same/some things/some people/sometimes the/perhaps that was
    maybe that was/for the first time in/the truth was/in the end/that was the thing about/was only the beginning/had only just begun
    had just begun/nothing more and nothing less/and that made all the difference/it was a start/was finally home/not all/the real/whatever came next]],
  de = rates.phrases [[und das war genug/würde nie wieder/nie mehr so sein/manche dinge/manche menschen/manchmal/vielleicht war das
    zum ersten mal seit/die wahrheit war/am ende/war erst der anfang/hatte gerade erst begonnen]],
}

return {
  title = "A moral at the end", scope = "chapter", languages = { "en", "de" }, thresholds = { words = 24 },
  run = function(it, limits)
    local list = it.reading:paragraphs()
    local last = list[#list] or ""
    if string.find(last, "[\"“”«»]") or text.words(last) > limits.words then return {} end
    local read = reading.of(last, it.reading.tag)
    local n, met = read:has(marks[it.reading.tag])
    if n == 0 then return {} end
    return { { quote = reading.cut_quote(last), problem = string.format("The chapter ends on a sentence that sums it up (\"%s\").", met[1]) } }
  end,
}
