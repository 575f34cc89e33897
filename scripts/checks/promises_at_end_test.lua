local checks = require "lib.checks"

return {
  ["what was promised and never seen paid is told at the end"] = function(t)
    local it = { chapters = {}, structure = { promises = { { id = "P1", text = "The letter.", opened = 1, due = 3 },
      { id = "P2", text = "x", opened = 1, due = 2 } } }, sheet = { paid = { P2 = 2 } } }
    local found = checks.try("promises_at_end", nil, it)
    t.equal(#found, 1)
    t.equal(found[1].chapter, 3)
    t.has(found[1].problem, "The letter.")
  end,
}
