-- titles_doubled: two chapters with one title.
return {
  title = "Titles given twice", scope = "book",
  run = function(it)
    local out, seen = {}, {}
    for _, chapter in ipairs(it.chapters) do
      local title = text.fold(text.trim(chapter.title or ""))
      if title ~= "" and seen[title] then
        out[#out + 1] = { chapter = chapter.number, problem = string.format("Chapter %d has the title of chapter %d: \"%s\".", chapter.number, seen[title],
          chapter.title) }
      end
      seen[title] = seen[title] or chapter.number
    end
    return out
  end,
}
