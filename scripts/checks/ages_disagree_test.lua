local checks = require "lib.checks"

return {
  ["two ages of one person are found; a birthday is not"] = function(t)
    local found = checks.try("ages_disagree", nil, { chapters = { "Ada was thirty-four years old.", "It rained.", "Ada, 41 years old, came in." } })
    t.equal(#found, 1)
    t.has(found[1].problem, "Ada is 41 years old here, and 34 in chapter 1")
    t.equal(checks.try("ages_disagree", nil, { chapters = { "Ada was 34 years old.", "Ada was 35 years old. Ben was 9 years old." } }), {})
  end,
}
