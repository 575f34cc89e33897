local checks = require "lib.checks"

return {
  ["a last sentence that sums up is found; an action and speech are not"] = function(t)
    t.equal(#checks.try("aphorism_ending", "He left.\n\nAnd that was enough."), 1)
    t.equal(#checks.try("aphorism_ending", "He left.\n\nShe locked the door."), 0)
    t.equal(#checks.try("aphorism_ending", "He left.\n\n“Sometimes the boat is late,” she said."), 0)
  end,
}
