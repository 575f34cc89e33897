-- endings_alike: chapters that end with the same words.
local edges = require "lib.edges"

return {
  title = "Chapters that end alike", scope = "book", thresholds = { long = 5, short = 3, share = 0.2 },
  run = function(it, limits)
    local passages = {}
    for i, chapter in ipairs(it.chapters) do
      local paragraphs = text.paragraphs(chapter.prose)
      local sentences = text.sentences(paragraphs[#paragraphs] or "")
      passages[i] = { number = chapter.number, text = sentences[#sentences] or "" }
    end
    return edges.findings(passages, limits, true, "end")
  end,
}
