local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["sentences that trail off too often are found"] = function(t)
    t.equal(#checks.try("ellipses", filler .. string.rep("He came... ", 8)), 1)
    t.equal(#checks.try("ellipses", filler .. string.rep("Er kam … ", 8)), 1)
    t.equal(#checks.try("ellipses", filler .. "He came..."), 0)
  end,
}
