-- tense_drift: narration that changes between past and present. Only where a stretch of it is plainly in the other tense.
local rates = require "lib.rates"
local reading = require "lib.reading"

local forms = {
  en = { past = rates.words [[was were had did said went came took looked stood knew thought saw turned walked asked felt made got put
      opened closed sat ran held heard left]],
    present = rates.words [[is are has does says goes comes takes looks stands knows thinks sees turns walks asks feels makes gets puts
      opens closes sits runs holds hears leaves]] },
  de = { past = rates.words [[war waren hatte hatten ging kam sagte stand sah nahm wusste lief hielt lag saß fragte dachte öffnete zog rief]],
    present = rates.words [[ist sind hat haben geht kommt sagt steht sieht nimmt weiß läuft hält liegt sitzt fragt denkt öffnet zieht ruft]] },
}

local function counts(paragraph, tag)
  local read = reading.of(paragraph, tag)
  return (read:has(forms[tag].past)), (read:has(forms[tag].present))
end

return {
  title = "Changes of tense", scope = "chapter", languages = { "en", "de" }, thresholds = { verbs = 6, share = 0.9, most = 2 },
  run = function(it, limits)
    local tag, told = it.reading.tag, text.paragraphs(it.reading:narration().prose)
    local past, present, out = 0, 0, {}
    local by = {}
    for i, paragraph in ipairs(told) do
      local p, n = counts(paragraph, tag)
      by[i] = { p, n }
      past, present = past + p, present + n
    end
    if past + present < limits.verbs * 3 then return out end
    local own, other = 1, 2
    if present > past then own, other = 2, 1 end
    local most = math.max(past, present)
    if most < (past + present) * 0.7 then return out end
    for i, paragraph in ipairs(told) do
      local others = by[i][other]
      if others >= limits.verbs and others >= (by[i][own] + others) * limits.share and #out < limits.most then
        out[#out + 1] = { quote = reading.cut_quote(paragraph), problem = string.format("The chapter is told in the %s, this passage in the %s.",
          own == 1 and "past" or "present", own == 1 and "present" or "past") }
      end
    end
    return out
  end,
}
