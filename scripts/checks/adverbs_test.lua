local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["adverbs are counted by the ending of the language; words that only look like one are not"] = function(t)
    t.equal(#checks.try("adverbs", filler .. string.rep("She quickly ran. He slowly sat. ", 8)), 1)
    t.equal(#checks.try("adverbs", filler .. string.rep("The early family reply was only lonely. ", 6)), 0)
    t.equal(#checks.try("adverbs", string.rep("Elle partit rapidement et il resta calmement dans la maison du port. ", 20), { tag = "fr" }), 1)
    t.equal(#checks.try("adverbs", filler .. "She quickly ran."), 0)
  end,
}
