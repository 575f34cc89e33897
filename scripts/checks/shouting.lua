-- shouting: words in capitals, line after line.
return {
  title = "Words in capitals", scope = "chapter", thresholds = { per_1000 = 6, least = 6 },
  run = function(it, limits)
    local n, quote = 0, nil
    for word in string.gmatch(it.reading.prose, "%f[%a]%u%u%u+%f[%A]") do
      if not string.find(word, "^[IVXLCDM]+$") then n, quote = n + 1, quote or word end
    end
    if n < limits.least or it.reading:per_1000(n) <= limits.per_1000 then return {} end
    return { { quote = quote, problem = string.format("%d words stand in capitals.", n) } }
  end,
}
