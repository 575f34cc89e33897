-- openings_alike: chapters that begin with the same words.
local edges = require "lib.edges"

return {
  title = "Chapters that begin alike", scope = "book", thresholds = { long = 6, short = 3, share = 0.2 },
  run = function(it, limits)
    local passages = {}
    for i, chapter in ipairs(it.chapters) do passages[i] = { number = chapter.number, text = text.sentences(string.sub(chapter.prose, 1, 2000))[1] or "" } end
    return edges.findings(passages, limits, false, "begin")
  end,
}
