local checks = require "lib.checks"

return {
  ["a chapter is held against the words of its plan"] = function(t)
    local it = { plan = { scenes = { { words = 100 }, { words = 100 } } } }
    t.has(checks.try("chapter_length", string.rep("Rope ", 120), it)[1].problem, "The chapter has 120 words; 200 were planned.")
    t.equal(#checks.try("chapter_length", string.rep("Rope ", 190), it), 0)
    t.equal(#checks.try("chapter_length", "Rope.", { plan = { scenes = {} } }), 0)
  end,
}
