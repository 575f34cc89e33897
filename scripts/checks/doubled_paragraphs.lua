-- doubled_paragraphs: a passage that stands in the book twice, word for word.
return {
  title = "A passage twice", scope = "book", thresholds = { letters = 160, most = 6 },
  run = function(it, limits)
    local out, seen = {}, {}
    for _, chapter in ipairs(it.chapters) do
      for _, paragraph in ipairs(text.paragraphs(chapter.prose)) do
        if #paragraph >= limits.letters then
          local before = seen[paragraph]
          if before and #out < limits.most then
            out[#out + 1] = { chapter = chapter.number, certain = true, quote = require("lib.reading").cut_quote(paragraph),
              problem = string.format("This paragraph stands in chapter %d as well, word for word.", before) }
          end
          seen[paragraph] = before or chapter.number
        end
      end
    end
    return out
  end,
}
