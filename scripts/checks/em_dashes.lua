-- em_dashes: more dashes than a reader takes without noticing them.
return {
  title = "Dashes", scope = "chapter", thresholds = { per_1000 = 20, least = 10 },
  run = function(it, limits)
    local read = it.reading
    local _, long = string.gsub(read.prose, "—", "")
    local _, short = string.gsub(read.prose, "%a – %a", "")
    local _, double = string.gsub(read.prose, "%a%-%-%a", "")
    local count = long + short + double
    if count < limits.least or read:per_1000(count) <= limits.per_1000 then return {} end
    return { { problem = string.format("The dash is a habit here: %d in %d words.", count, read:count()) } }
  end,
}
