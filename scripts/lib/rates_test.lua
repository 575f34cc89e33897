local rates = require "lib.rates"
local reading = require "lib.reading"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["a rate speaks up above its limit, with the commonest words and a sentence that has them"] = function(t)
    local read = reading.of(filler .. string.rep("She saw it. ", 6) .. "He felt it.", "en")
    local found = rates.over(read, { "she saw", "he felt" }, { per_1000 = 10, least = 3 }, "Filter words")
    t.equal(#found, 1)
    t.has(found[1].problem, "Filter words: 7 in ")
    t.has(found[1].problem, "she saw (6), he felt (1)")
    t.equal(found[1].quote, "She saw it.")
    t.equal(rates.over(read, { "she saw" }, { per_1000 = 100, least = 3 }, "x"), {})
    t.equal(rates.over(reading.of("She saw it.", "en"), { "she saw" }, { per_1000 = 1 }, "x"), {}, "too short to say")
  end,

  ["lists are written as a person writes them"] = function(t)
    t.equal(rates.words "a b\n c", { "a", "b", "c" })
    t.equal(rates.phrases "one thing/another\n  third", { "one thing", "another", "third" })
  end,
}
