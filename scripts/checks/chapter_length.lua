-- chapter_length: a chapter that is much shorter or longer than its plan says.
return {
  title = "Length of a chapter", scope = "chapter", reads = { "text", "plan" }, thresholds = { shortest = 0.7, longest = 1.4 },
  run = function(it, limits)
    local words, budget = it.reading:count(), 0
    for _, scene in ipairs(it.plan.scenes) do budget = budget + (scene.words or 0) end
    if budget == 0 or words >= budget * limits.shortest and words <= budget * limits.longest then return {} end
    return { { certain = true, problem = string.format("The chapter has %d words; %d were planned.", words, budget) } }
  end,
}
