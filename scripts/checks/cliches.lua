-- cliches: ready-made phrases. Each is told with its sentence.
local rates = require "lib.rates"

local phrases = {
  en = rates.phrases [[let out a breath she didn't know/let out a breath he didn't know/a breath she hadn't known/a breath he hadn't known
    breath she did not know/breath he did not know/sent shivers down/a shiver ran down/shivers down her spine/shivers down his spine
    heart skipped a beat/heart hammered in/heart pounded in/blood ran cold/time stood still/time seemed to stop/the silence was deafening
    deafening silence/could cut the tension/hung heavy in the air/hung in the air like/a testament to/little did he know/little did she know
    calm before the storm/at the end of the day/only time will tell/in the blink of an eye/like a moth to a flame/cold as ice/white as a sheet
    quiet as a mouse/eyes sparkled with/a mix of fear and/a mixture of fear and/the weight of the world/weight of her words/weight of his words
    world came crashing down/something shifted between/something shifted in/steeled herself/steeled himself/orbs of/a dance as old as
    tapestry of/symphony of/kaleidoscope of/nestled in the heart of/knuckles turned white/knuckles white/eyes that had seen too much
    smile that didn't reach/smile didn't reach/smile that did not reach/pierced the silence/broke the silence like/dust motes danced]],
  de = rates.phrases [[ein schauer lief ihr über den rücken/ein schauer lief ihm über den rücken/ihr herz setzte einen schlag aus
    sein herz setzte einen schlag aus/das blut gefror/die zeit schien stillzustehen/die zeit blieb stehen/ohrenbetäubende stille
    die stille war ohrenbetäubend/die ruhe vor dem sturm/im bruchteil einer sekunde/wie eine motte vom licht/kreidebleich/weiß wie die wand
    das gewicht der welt/die last der welt/ein lächeln das die augen nicht erreichte/lächeln erreichte ihre augen nicht
    lächeln erreichte seine augen nicht/stieß den atem aus den sie angehalten/stieß den atem aus den er angehalten/am ende des tages]],
  fr = rates.phrases [[un frisson parcourut/le temps sembla s'arrêter/un silence assourdissant/silence de mort/blanc comme un linge
    le calme avant la tempête/son sang se glaça/en un clin d'œil]],
  es = rates.phrases [[un escalofrío recorrió/el tiempo pareció detenerse/silencio ensordecedor/silencio sepulcral/la calma antes de la tormenta
    se le heló la sangre/en un abrir y cerrar de ojos/blanco como la pared]],
}

return {
  title = "Ready-made phrases", scope = "chapter", languages = { "en", "de", "fr", "es" }, thresholds = { most = 4 },
  run = function(it, limits)
    local out, _, met = {}, it.reading:has(phrases[it.reading.tag])
    for _, phrase in ipairs(met) do
      if #out < limits.most then
        out[#out + 1] = { quote = it.reading:sentence_with(phrase), problem = string.format("\"%s\" is a ready-made phrase.", phrase) }
      end
    end
    return out
  end,
}
