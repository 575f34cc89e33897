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
  title = "Viewpoint", scope = "chapter", languages = { "en", "de", "fr", "es", "it", "nl" },
  thresholds = { least = 4, share = 0.02, seldom = 0.1, most = 2 },
  run = function(it, limits)
    local tag, out, with, all = it.reading.tag, {}, 0, 0
    if is_first(it.viewpoint) then return out end
    local found = {}
    for _, paragraph in ipairs(text.paragraphs(it.reading:narration().prose)) do
      local read = reading.of(paragraph, tag)
      local mine = read:has(first[tag])
      if #read:words() >= 12 then
        all, with = all + 1, with + (mine > 0 and 1 or 0)
        if mine >= limits.least and read:has(third[tag]) < mine * 2 and mine > #read:words() * limits.share then found[#found + 1] = paragraph end
      end
    end
    if with > math.max(1, all * limits.seldom) then return out end   -- a chapter told in the first person
    for i = 1, math.min(#found, limits.most) do
      out[i] = { quote = reading.cut_quote(found[i]), problem = "The narrator says \"I\" here, in a chapter told in the third person." }
    end
    return out
  end,
}
