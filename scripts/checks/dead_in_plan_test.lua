local checks = require "lib.checks"

return {
  ["somebody who has died is not planned to act, unless the chapter steps back"] = function(t)
    local function try(plan) return checks.try("dead_in_plan", "", { number = 4, plan = plan, state = { dead = { Ada = 2, Ben = 4 } } }) end
    local found = try { viewpoint = "Ada", scenes = { { cast = { "Ada", "Eva" } } } }
    t.equal(#found, 1)
    t.ok(found[1].certain)
    t.equal(try { viewpoint = "Ben", scenes = { { cast = { "Ben" } } } }, {})
    t.equal(try { viewpoint = "Ada", flashback = true, scenes = { { cast = { "Ada" } } } }, {})
    t.has(try({ viewpoint = "Eva", scenes = { { cast = {} }, { cast = { "Ada" } } } })[1].problem, "present in scene 2, but died in chapter 2")
  end,
}
