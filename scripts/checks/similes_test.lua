local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["one comparison after the other is found"] = function(t)
    t.equal(#checks.try("similes", filler .. string.rep("He sat like a stone. ", 8)), 1)
    t.equal(#checks.try("similes", filler .. "He sat like a stone."), 0)
  end,
}
