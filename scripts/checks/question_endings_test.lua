local checks = require "lib.checks"

return {
  ["chapter after chapter that ends on a question is found"] = function(t)
    t.equal(#checks.try("question_endings", nil, { chapters = { "Who?", "“Where?”", "When?", "Then." } }), 1)
    t.equal(#checks.try("question_endings", nil, { chapters = { "Who?", "Here.", "Now.", "Then." } }), 0)
  end,
}
