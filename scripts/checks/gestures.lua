-- gestures: the same movement of the body in most chapters: breath let out, jaws clenched, hands through hair.
local rates = require "lib.rates"
local reading = require "lib.reading"

local gestures = {
  en = {
    ["breath let out"] = rates.phrases [[let out a breath/let out a long breath/released a breath/exhaled slowly/exhaled/let out a slow
        breath/took a deep breath
      drew a deep breath]],
    ["a jaw that tightens"] = rates.phrases "jaw clenched/jaw tightened/clenched his jaw/clenched her jaw/jaw set/jaw tight",
    ["a heart that pounds"] = rates.phrases [[heart pounded/heart pounding/heart hammered/heart hammering/heart raced/heart racing/pulse quickened]],
    ["a bitten lip"] = rates.phrases "bit her lip/bit his lip/bit my lip/chewed her lip/chewed his lip",
    ["a hand through hair"] = rates.phrases [[hand through his hair/hand through her hair/hand through my hair/fingers through his hair
        fingers through her hair]],
    ["a raised eyebrow"] = rates.phrases [[raised an eyebrow/arched an eyebrow/eyebrow raised/eyebrow arched/raised his eyebrows/raised her
        eyebrows]],
    ["hard swallowing"] = rates.phrases [[swallowed hard/swallowed thickly/throat tightened/throat went dry/lump in her throat/lump in his throat]],
    ["eyes that narrow or widen"] = rates.phrases "eyes narrowed/eyes widened/narrowed his eyes/narrowed her eyes",
    ["white knuckles"] = rates.phrases "knuckles white/knuckles whitened/knuckles went white",
    ["a shaken head"] = rates.phrases "shook his head/shook her head/shook my head", ["a shrug"] = rates.words "shrugged shrugs",
    ["a sigh"] = rates.phrases "sighed/let out a sigh/gave a sigh", ["a nod"] = rates.words "nodded nods",
    ["something in the voice"] = rates.phrases "barely above a whisper/barely a whisper/just above a whisper/voice barely/voice dropped",
  },
  de = {
    ["ausgestoßener Atem"] = rates.phrases "stieß den atem aus/atmete tief durch/atmete aus/holte tief luft/atmete tief ein",
    ["ein Nicken"] = rates.words "nickte nickten",
    ["ein Schulterzucken"] = rates.phrases [[zuckte mit den schultern/zuckte die achseln/zuckte die schultern]],
    ["Kopfschütteln"] = rates.phrases "schüttelte den kopf",
    ["ein Seufzen"] = rates.words "seufzte seufzten",
    ["die Lippe"] = rates.phrases [[biss sich auf die lippe/biss sich auf die unterlippe]],
  },
}

return {
  title = "The same gesture", scope = "book", languages = { "en", "de" }, thresholds = { share = 0.6, least = 5 },
  run = function(it, limits)
    local out, chapters, last, order = {}, {}, {}, {}
    for _, chapter in ipairs(it.chapters) do
      local read = reading.of(chapter.prose, it.tag)
      for name, phrases in pairs(gestures[read.tag]) do
        local n, met = read:has(phrases)
        if n > 0 then
          if not chapters[name] then order[#order + 1] = name end
          chapters[name] = (chapters[name] or 0) + 1
          last[name] = { number = chapter.number, quote = read:sentence_with(met[1]) }
        end
      end
    end
    for _, name in ipairs(order) do
      if chapters[name] >= math.max(limits.least, #it.chapters * limits.share) then
        out[#out + 1] = { chapter = last[name].number, quote = last[name].quote, problem = string.format("%s: in %d of %d chapters.", name,
            chapters[name],
          #it.chapters) }
      end
    end
    return out
  end,
}
