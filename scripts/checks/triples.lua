-- triples: things that always come in threes: "cold, dark, and empty"; "No light. No sound. No air."
return {
  title = "Always three", scope = "chapter", languages = { "en", "de", "fr", "es", "it", "nl" }, thresholds = { per_1000 = 6, least = 5 },
  run = function(it, limits)
    local read, n, quote = it.reading:narration(), 0, nil
    for _, pattern in ipairs { "%f[%a]%a+, %a+,? and %a+%f[%A]", "%f[%a]%a+, %a+,? und %a+%f[%A]", "%f[%a]%a+, %a+,? et %a+%f[%A]",
      "%f[%a]%a+, %a+,? [ye] %a+%f[%A]", "%f[%a]%a+, %a+,? en %a+%f[%A]" } do
      for found in string.gmatch(read.prose, pattern) do n, quote = n + 1, quote or found end
    end
    for _, word in ipairs { "No", "Not", "Nothing", "Just", "Kein", "Keine", "Nur" } do
      for found in string.gmatch(read.prose, "%f[%a]" .. word .. " [^%.%?!]-%. " .. word .. " [^%.%?!]-%. " .. word .. " [^%.%?!]-%.") do
        n, quote = n + 1, quote or found
      end
    end
    if n < limits.least or read:per_1000(n) <= limits.per_1000 then return {} end
    return { { quote = read.cut_quote(quote), problem = string.format("Things come in threes: %d times in %d words.", n, read:count()) } }
  end,
}
