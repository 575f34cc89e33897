local checks = require "lib.checks"

return {
  ["a hole that should have been filled is found"] = function(t)
    t.equal(#checks.try("placeholders", "She went to [insert place]."), 1)
    t.equal(#checks.try("placeholders", "Lorem ipsum dolor."), 1)
    t.equal(#checks.try("placeholders", "She went [he thought] to the mill."), 0)
  end,
}
