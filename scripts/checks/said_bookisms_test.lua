local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["verbs of speaking that draw attention to themselves are found"] = function(t)
    t.equal(#checks.try("said_bookisms", filler .. string.rep("“No,” he hissed. “Yes,” she intoned. ", 3)), 1)
    t.equal(#checks.try("said_bookisms", filler .. string.rep("“No,” he said. “Yes,” she asked. ", 3)), 0)
  end,
}
