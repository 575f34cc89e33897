local checks = require "lib.checks"

return {
  ["chapters that end with the same words are found"] = function(t)
    local found = checks.try("endings_alike", nil, { chapters = { "A.\n\nAnd she closed the old door.",
      "B.\n\nHe waited.", "C.\n\nThen she closed the old door." } })
    t.equal(#found, 1)
    t.has(found[1].problem, "1, 3")
    t.equal(checks.try("endings_alike", nil, { chapters = { "A.\n\nShe left.", "B.\n\nHe waited." } }), {})
  end,
}
