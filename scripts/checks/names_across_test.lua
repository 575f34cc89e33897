local checks = require "lib.checks"

return {
  ["a name one letter away from one that stands there often is told; endings are grammar"] = function(t)
    local often = string.rep("They met Margaret at the mill. ", 9)
    local found = checks.try("names_across", nil, { chapters = { often, "They met Margeret at the mill." } })
    t.equal(#found, 1)
    t.equal(found[1].chapter, 2)
    t.has(found[1].problem, "one letter away from \"Margaret\"")
    t.equal(checks.try("names_across", nil, { chapters = { often, "They met Margarets at the mill, and Bernard." } }), {})
  end,
}
