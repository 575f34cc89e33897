local checks = require "lib.checks"

return {
  ["the same pause drawn in two ways is found"] = function(t)
    t.equal(#checks.try("dashes_mixed", "a - b a - b a - b x — y x — y x — y"), 1)
    t.equal(#checks.try("dashes_mixed", "x — y x — y x — y"), 0)
    t.equal(#checks.try("dashes_mixed", "well-known three-day"), 0)
  end,
}
