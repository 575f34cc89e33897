local checks = require "lib.checks"

return {
  ["a chapter far shorter or longer than the others is found"] = function(t)
    local long, short = string.rep("Rope ", 100), "Rope."
    local found = checks.try("chapter_lengths", nil, { chapters = { long, long, short, long, long } })
    t.equal(#found, 1)
    t.equal(found[1].chapter, 3)
    t.equal(checks.try("chapter_lengths", nil, { chapters = { long, long, long, long, long } }), {})
  end,
}
