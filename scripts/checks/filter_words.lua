-- filter_words: "she saw", "he noticed": the reader is told that somebody perceives, instead of what. Counted in the narration.
local rates = require "lib.rates"

return rates.check {
  title = "Filter words", part = "narration", per_1000 = 12, least = 5, says = "People are told to perceive instead of the thing being shown",
  words = {
    en = rates.phrases [[he saw/she saw/i saw/they saw/he noticed/she noticed/i noticed/he heard/she heard/i heard/he felt/she felt/i felt
      he watched/she watched/i watched/he realized/she realized/i realized/he realised/she realised/i realised/he wondered/she wondered
      i wondered/he could see/she could see/i could see/he could hear/she could hear/i could hear/he could feel/she could feel/i could feel
      he knew that/she knew that/he thought that/she thought that/seemed to be/he seemed to/she seemed to]],
    de = rates.phrases [[er sah/sie sah/ich sah/er bemerkte/sie bemerkte/ich bemerkte/er hörte/sie hörte/ich hörte/er fühlte/sie fühlte
      ich fühlte/er spürte/sie spürte/ich spürte/er beobachtete/sie beobachtete/er fragte sich/sie fragte sich/ich fragte mich/er wusste dass
      sie wusste dass/es schien/er schien/sie schien/konnte sehen/konnte hören/konnte spüren]],
    fr = rates.phrases [[il vit/elle vit/je vis/il remarqua/elle remarqua/il entendit/elle entendit/il sentit/elle sentit/il se demanda
      elle se demanda/il regarda/elle regarda/il réalisa/elle réalisa/il semblait/elle semblait]],
    es = rates.phrases [[vio que/notó que/oyó que/sintió que/se preguntó/se dio cuenta/observó que/parecía que/pudo ver/pudo oír/pudo sentir]],
  },
}
