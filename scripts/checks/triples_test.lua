local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["things that always come in threes are found"] = function(t)
    t.equal(#checks.try("triples", filler .. string.rep("It was cold, dark, and empty. ", 6)), 1)
    t.equal(#checks.try("triples", filler .. "It was cold, dark, and empty."), 0)
  end,
}
