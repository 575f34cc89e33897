-- dead_in_plan: a plan in which somebody acts who has died by then. Asked before the chapter is written.
local facts = require "lib.facts"

return {
  title = "The dead in a plan", scope = "plan", reads = { "plan", "state" },
  run = function(it)
    local out, told = {}, {}
    if it.plan.flashback then return out end
    local function look(name, where)
      local since = it.state.dead[name]
      if not since or since >= it.number or told[name] then return end
      told[name] = true
      out[#out + 1] = { certain = true, quote = name, problem = string.format("%s is planned %s, but died in %s.", name, where, facts.died_in(since)) }
    end
    look(it.plan.viewpoint, "as the chapter's viewpoint")
    for i, scene in ipairs(it.plan.scenes) do
      for _, name in ipairs(scene.cast or {}) do look(name, "to be present in scene " .. i) end
    end
    return out
  end,
}
