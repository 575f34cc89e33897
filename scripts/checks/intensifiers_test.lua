local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["words that push are found where there are many"] = function(t)
    t.equal(#checks.try("intensifiers", filler .. string.rep("Suddenly he was very tired. ", 8)), 1)
    t.equal(#checks.try("intensifiers", filler .. "He was very tired."), 0)
  end,
}
