local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["a narrator who shouts is found; people may shout"] = function(t)
    t.equal(#checks.try("exclamations", filler .. string.rep("He came! ", 8)), 1)
    t.equal(#checks.try("exclamations", filler .. string.rep("“Come!” she said. ", 8)), 0)
  end,
}
