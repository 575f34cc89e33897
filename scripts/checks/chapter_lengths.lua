-- chapter_lengths: a chapter that is far shorter or longer than its neighbours.
return {
  title = "A chapter out of scale", scope = "book", thresholds = { shortest = 0.25, longest = 4, least = 5 },
  run = function(it, limits)
    local out, words, sorted = {}, {}, {}
    for i, chapter in ipairs(it.chapters) do words[i], sorted[i] = text.words(chapter.prose), text.words(chapter.prose) end
    if #words < limits.least then return out end
    table.sort(sorted)
    local usual = sorted[(#sorted + 1) // 2]
    for i, chapter in ipairs(it.chapters) do
      if words[i] < usual * limits.shortest or words[i] > usual * limits.longest then
        out[#out + 1] = { chapter = chapter.number,
          problem = string.format("Chapter %d has %d words; most chapters have about %d.", chapter.number, words[i], usual) }
      end
    end
    return out
  end,
}
