-- viewpoint_drift: a narrator who says "I" in a book told in the third person, or nearly never in one told in the first.
local rates = require "lib.rates"
local reading = require "lib.reading"

local first = {
  en = rates.words "i me my mine myself", de = rates.words "ich mich mir mein meine meinen meinem meiner", fr = rates.words "je j'ai j'avais me moi mon ma mes",
  es = rates.words "yo me mi mis conmigo", it = rates.words "io mi mio mia miei", nl = rates.words "ik mij mijn me",
}
local third = {
  en = rates.words "he she him her his hers", de = rates.words "er sie ihm ihr ihn sein seine ihre", fr = rates.words "il elle lui son sa ses",
  es = rates.words "él ella su sus le", it = rates.words "lui lei suo sua gli", nl = rates.words "hij zij ze hem haar zijn",
}

local function is_first(planned)
  local folded = text.fold(planned or "")
  if string.find(folded, "first person", 1, true) or string.find(folded, "ich-erz", 1, true) then return true end
  if string.find(folded, "third", 1, true) or string.find(folded, "omniscient", 1, true) then return false end
  return nil
end

return {
  title = "Viewpoint", scope = "chapter", languages = { "en", "de", "fr", "es", "it", "nl" }, thresholds = { least = 4, share = 0.02, most = 2 },
  run = function(it, limits)
    local tag, told, out = it.reading.tag, it.reading:narration(), {}
    local mine, theirs = told:has(first[tag]), told:has(third[tag])
    local in_first = is_first(it.viewpoint)
    if in_first == nil then in_first = mine > theirs * 0.15 end
    if in_first then return out end
    for _, paragraph in ipairs(text.paragraphs(told.prose)) do
      local read = reading.of(paragraph, tag)
      local n = read:has(first[tag])
      if n >= limits.least and read:has(third[tag]) < n * 2 and n > #read:words() * limits.share and #out < limits.most then
        out[#out + 1] = { quote = reading.cut_quote(paragraph), problem = "The narrator says \"I\" here, in a chapter told in the third person." }
      end
    end
    return out
  end,
}
