-- dead_act: somebody who died in an earlier chapter speaks or acts in this one. The text itself is looked at, so that it does not hang on what
-- an extractor took down; a chapter that steps back in time may show him.
local facts = require "lib.facts"
local rates = require "lib.rates"

local acts = {
  en = rates.words [[said says asked answered replied whispered shouted laughed smiled nodded walked ran came went took stood sat turned
    looked opened closed stepped handed poured shrugged called wrote waited leaned pulled put held]],
  de = rates.words [[sagte fragte antwortete flüsterte rief lachte lächelte nickte ging lief kam nahm stand saß drehte öffnete schloss trat
    gab schrieb wartete zog hielt]],
  fr = rates.words [[dit demanda répondit murmura cria rit sourit alla vint prit ouvrit ferma tendit]],
  es = rates.words [[dijo preguntó respondió susurró gritó rio sonrió fue vino tomó abrió cerró caminó]],
}
-- Who remembers or imagines the dead says so around them.
local remembered = {
  en = rates.words "would had remembered remembers dreamed dreamt imagined once ghost grave photograph portrait never if",
  de = rates.words "würde hätte hatte erinnerte träumte einst grab geist nie wenn", fr = rates.words "avait aurait souvenait rêva tombe jamais si",
  es = rates.words "había habría recordó soñó tumba nunca si",
}

local function acting(sentence, name, tag)
  local within = require("lib.reading").plain_of(sentence)
  local folded = text.fold(name)
  for _, word in ipairs(remembered[tag]) do
    if string.find(within, " " .. word .. " ", 1, true) then return false end
  end
  for _, verb in ipairs(acts[tag]) do
    if string.find(within, " " .. folded .. " " .. verb .. " ", 1, true) or string.find(within, " " .. verb .. " " .. folded .. " ", 1, true) then
      return true
    end
  end
  return false
end

-- The whole name; a first name only where nobody living has it.
local function names_of(name, it)
  local out, first = { name }, string.match(name, "^%S+")
  if first == name or text.length(first) < 3 then return out end
  for _, person in ipairs(it.cast or {}) do
    if person.name ~= name and string.find(" " .. person.name .. " ", " " .. first .. " ", 1, true) then return out end
  end
  out[2] = first
  return out
end

return {
  title = "The dead act", scope = "chapter", sees = "story", reads = { "text", "state" }, languages = { "en", "de", "fr", "es" },
  run = function(it)
    local out = {}
    if it.plan and it.plan.flashback then return out end
    for name, since in pairs(it.state.dead) do
      local quote
      for _, called in ipairs(names_of(name, it)) do
        if not quote and string.find(it.reading.prose, called, 1, true) then
          for _, sentence in ipairs(it.reading:sentences()) do
            if not quote and acting(sentence, called, it.reading.tag) then quote = it.reading.cut_quote(sentence) end
          end
        end
      end
      if quote then out[#out + 1] = { quote = quote, problem = string.format("%s acts here, but died in %s.", name, facts.died_in(since)) } end
    end
    return out
  end,
}
