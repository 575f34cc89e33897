local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["words in capitals, again and again, are found; numerals and single ones are not"] = function(t)
    t.equal(#checks.try("shouting", filler .. string.rep("He said STOP and WAIT. ", 4)), 1)
    t.equal(#checks.try("shouting", filler .. "It said STOP."), 0)
    t.equal(#checks.try("shouting", filler .. string.rep("Henry VIII and Louis XIV came. ", 8)), 0)
  end,
}
