-- echoes: an uncommon word that comes back again and again within a few lines. Names and the chapter's own words do not count.
return {
  title = "Echoes", scope = "chapter", thresholds = { within = 60, times = 5, letters = 6, share = 0.004, most = 3 },
  run = function(it, limits)
    local words, places, counts, out, told = it.reading:words(), {}, {}, {}, {}
    for _, word in ipairs(words) do counts[word] = (counts[word] or 0) + 1 end
    for i, word in ipairs(words) do
      if counts[word] >= limits.times and #word >= limits.letters and counts[word] <= math.max(limits.times + 2, #words * limits.share) then
        local list = places[word]
        if not list then
          list = {}
          places[word] = list
        end
        list[#list + 1] = i
        local first = list[#list - limits.times + 1]
        if first and i - first <= limits.within and not told[word] and #out < limits.most then
          told[word] = true
          local _, capital = string.gsub(it.reading.prose, "%f[%a]" .. string.upper(string.sub(word, 1, 1)) .. string.sub(word, 2), "")
          if capital * 2 < counts[word] then
            out[#out + 1] = { quote = it.reading:sentence_with(word), problem = string.format("\"%s\" comes %d times within %d words.", word,
              limits.times, i - first + 1) }
          end
        end
      end
    end
    return out
  end,
}
