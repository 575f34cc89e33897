local checks = require "lib.checks"

return {
  ["a chapter that is an earlier one again is found"] = function(t)
    local it = { earlier = { { number = 1, prose = "The bell rang over the ice and nobody came to look at it." } } }
    t.equal(#checks.try("repeats_earlier", "The bell rang over the ice and nobody came to look at it.", it), 1)
    t.equal(#checks.try("repeats_earlier", "Snow lay on the sill until noon, and then it did not.", it), 0)
  end,
}
