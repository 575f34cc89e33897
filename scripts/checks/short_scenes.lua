-- short_scenes: a chapter that is cut so often that nothing can happen between two breaks.
return {
  title = "Too many breaks", scope = "chapter", thresholds = { words = 120, least = 3 },
  run = function(it, limits)
    local short = 0
    for _, scene in ipairs(it.scenes or {}) do
      if text.words(scene) < limits.words then short = short + 1 end
    end
    if short < limits.least then return {} end
    return { { problem = string.format("%d scenes of the chapter have fewer than %d words.", short, limits.words) } }
  end,
}
