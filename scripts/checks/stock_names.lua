-- stock_names: names that language models give to everybody.
local rates = require "lib.rates"

local names = rates.phrases [[Elara/Lyra/Kael/Kaelen/Thorne/Elias Thorne/Aria Thorne/Sarah Chen/Marcus Chen/Elena Vasquez/Maya Chen/Eldoria/Whisperwood
  Willow Creek/Ravenswood/Blackwood Manor/Seraphina/Elowen/Zephyr/Aldric/Lysandra/Lucian Blackwood/Evelyn Harper/Sarah Mitchell/Eliza Thorne
  Silas Vane/Alistair Finch/Elara Vance/Aethelgard/Oakhaven/Jax/Zara]]

return {
  title = "Names that every model gives", scope = "chapter", thresholds = { least = 2 },
  run = function(it, limits)
    local out = {}
    for _, name in ipairs(names) do
      if string.find(it.reading.prose, name, 1, true) then
        local _, n = string.gsub(it.reading.prose, "%f[%a]" .. name .. "%f[%A]", "")
        if n >= limits.least then
          out[#out + 1] = { quote = name, problem = string.format("\"%s\" is a name that language models give again and again.", name) }
        end
      end
    end
    return out
  end,
}
