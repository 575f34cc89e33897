-- exclamations: the narrator shouts. What people say may be loud.
return {
  title = "Exclamation marks", scope = "chapter", thresholds = { per_1000 = 8, least = 6 },
  run = function(it, limits)
    local read = it.reading:narration()
    local _, n = string.gsub(read.prose, "!", "")
    local _, wide = string.gsub(read.prose, "！", "")
    if n + wide < limits.least or read:per_1000(n + wide) <= limits.per_1000 then return {} end
    return { { problem = string.format("The narration shouts: %d exclamation marks outside speech in %d words.", n + wide, read:count()) } }
  end,
}
