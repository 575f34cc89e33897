-- adverbs: words in -ly (German: -weise, French and Spanish: -ment, -mente) that do the work of a better verb.
local endings = { en = "^%a%a%a+ly$", de = "^%a%a%a+weise$", fr = "^%a%a%a+ment$", es = "^%a%a%a+mente$", it = "^%a%a%a+mente$", pt = "^%a%a%a+mente$" }
local not_one = {}
for word in string.gmatch([[only early family lonely ugly holy daily belly jelly lovely lively friendly elderly reply supply apply imply comply
  july italy assembly folly bully rally ally sally fly sly wholly homely likely unlikely silly chilly hilly costly deadly orderly curly
  moment appartement bâtiment vêtement argument gouvernement document instrument monument élément événement sentiment mouvement jugement
  logement médicament ornement testament serment tourment froment régiment département]], "%S+") do not_one[word] = true end

return {
  title = "Adverbs", scope = "chapter", languages = { "en", "de", "fr", "es", "it", "pt" }, thresholds = { per_1000 = 30, least = 8 },
  run = function(it, limits)
    local read = it.reading:narration()
    local ending, met, listed = endings[read.tag], {}, {}
    for _, word in ipairs(read:words()) do
      if string.find(word, ending) and not not_one[word] then
        met[#met + 1] = word
        if #listed < 5 then listed[#listed + 1] = word end
      end
    end
    if #met < limits.least or read:per_1000(#met) <= limits.per_1000 then return {} end
    return { { quote = it.reading:sentence_with(met[1]), problem = string.format("%d adverbs in %d words of narration: %s, ...", #met, read:count(),
      table.concat(listed, ", ")) } }
  end,
}
