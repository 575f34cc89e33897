local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["perceiving instead of showing is counted in the narration"] = function(t)
    t.equal(#checks.try("filter_words", filler .. string.rep("She saw the boat. He noticed the rope. ", 5)), 1)
    t.equal(#checks.try("filter_words", filler .. "She saw the boat."), 0)
    t.equal(#checks.try("filter_words", filler .. string.rep("“I saw the boat,” said Ben. ", 9)), 0)
  end,
}
