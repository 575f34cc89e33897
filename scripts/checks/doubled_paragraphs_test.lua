local checks = require "lib.checks"

return {
  ["a passage that stands in the book twice is certainly wrong; a short line is not"] = function(t)
    local passage = string.rep("The rope lay where he had left it, wet and heavy. ", 4)
    local found = checks.try("doubled_paragraphs", nil, { chapters = { "A.\n\n" .. passage, "B.\n\n" .. passage } })
    t.equal(#found, 1)
    t.ok(found[1].certain)
    t.has(found[1].problem, "in chapter 1 as well")
    t.equal(checks.try("doubled_paragraphs", nil, { chapters = { "“No.”", "“No.”" } }), {})
  end,
}
