-- ellipses: sentences that trail off, too many of them.
return {
  title = "Trailing off", scope = "chapter", thresholds = { per_1000 = 6, least = 6 },
  run = function(it, limits)
    local read = it.reading
    local _, one = string.gsub(read.prose, "…", "")
    local _, three = string.gsub(read.prose, "%.%.%.", "")
    if one + three < limits.least or read:per_1000(one + three) <= limits.per_1000 then return {} end
    return { { problem = string.format("Sentences trail off too often: %d times in %d words.", one + three, read:count()) } }
  end,
}
