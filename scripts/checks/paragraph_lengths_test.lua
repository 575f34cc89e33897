local checks = require "lib.checks"

return {
  ["a paragraph of more than a page is found"] = function(t)
    t.equal(#checks.try("paragraph_lengths", string.rep("Rope and sand. ", 300)), 1)
    t.equal(#checks.try("paragraph_lengths", string.rep("Rope and sand.\n\n", 200)), 0)
  end,
}
