local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["a habit of dashes is found, a few are not"] = function(t)
    t.equal(#checks.try("em_dashes", string.rep("He came — and then he went away again to the old mill. ", 30)), 1)
    t.equal(#checks.try("em_dashes", filler .. "He came — late."), 0)
  end,
}
