local checks = require "lib.checks"

return {
  ["a scene without anybody, and a viewpoint who is in no scene, are told"] = function(t)
    local function try(plan) return #checks.try("nobody_in_plan", "", { plan = plan }) end
    t.equal(try { viewpoint = "Ida", scenes = { { goal = "x", cast = {} }, { goal = "y", cast = { "Ida" } } } }, 1)
    t.equal(try { viewpoint = "Ida", scenes = { { goal = "y", cast = { "Ben" } } } }, 1)
    t.equal(try { viewpoint = "Ida", scenes = { { goal = "y", cast = { "Ida" } } } }, 0)
  end,
}
