-- scene_length: a scene that is much shorter or longer than its plan says.
return {
  title = "Length of a scene", scope = "scene", reads = { "text", "plan" }, thresholds = { shortest = 0.55, longest = 1.6 },
  run = function(it, limits)
    local words, budget = it.reading:count(), it.budget
    if not budget then return {} end
    if words < budget * limits.shortest then
      return { { certain = true, problem = string.format("The scene is too thin: %d words of the %d that it was given.", words, budget) } }
    elseif words > budget * limits.longest then
      return { { certain = true, problem = string.format("The scene runs too long: %d words where %d were given.", words, budget) } }
    end
    return {}
  end,
}
