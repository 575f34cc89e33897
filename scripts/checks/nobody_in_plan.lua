-- nobody_in_plan: a plan with a scene in which nobody is present, or whose viewpoint is present in none.
return {
  title = "Nobody there in a plan", scope = "plan", reads = { "plan" },
  run = function(it)
    local out, there = {}, false
    for i, scene in ipairs(it.plan.scenes) do
      if #(scene.cast or {}) == 0 then out[#out + 1] = { quote = scene.goal, problem = string.format("Nobody is present in scene %d.", i) } end
      for _, name in ipairs(scene.cast or {}) do there = there or name == it.plan.viewpoint end
    end
    if not there and it.plan.viewpoint and it.plan.viewpoint ~= "" then
      out[#out + 1] = { quote = it.plan.viewpoint, problem = string.format("The chapter is told through %s, who is present in none of its scenes.",
        it.plan.viewpoint) }
    end
    return out
  end,
}
