local checks = require "lib.checks"

return {
  ["a promise that falls due and is not seen to be paid is told; a paid one and pending facts are not"] = function(t)
    local structure = { promises = { { id = "P1", text = "The letter is opened.", opened = 1, due = 1 }, { id = "P2",
      text = "x", opened = 1, due = 2 } } }
    local function try(sheet) return checks.try("promise_unpaid", "", { structure = structure, sheet = sheet }) end
    t.has(try({ paid = {} })[1].problem, "P1 falls due here and seems unpaid: The letter is opened.")
    t.equal(#try { paid = {} }, 1)
    t.equal(try { paid = { "P1" } }, {})
    t.equal(try { pending = true, paid = {} }, {})
  end,
}
