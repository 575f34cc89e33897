local checks = require "lib.checks"

return {
  ["a plan whose day has passed is told, unless it steps back"] = function(t)
    local function try(plan) return #checks.try("days_in_plan", "", { plan = plan, state = { day = 5 } }) end
    t.equal(try { day = 3 }, 1)
    t.equal(try { day = 5 }, 0)
    t.equal(try { day = 3, flashback = true }, 0)
  end,
}
