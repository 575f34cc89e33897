local checks = require "lib.checks"

return {
  ["a scene that is too thin or too long for its plan is certainly wrong"] = function(t)
    local it = { budget = 100 }
    t.equal(#checks.try("scene_length", string.rep("Rope ", 100), it), 0)
    t.has(checks.try("scene_length", string.rep("Rope ", 40), it)[1].problem, "too thin: 40 words of the 100")
    t.has(checks.try("scene_length", string.rep("Rope ", 170), it)[1].problem, "too long: 170 words where 100")
    t.equal(#checks.try("scene_length", "Rope."), 0)
  end,
}
