local function finished(t, chapters)
  local input = { brief = "A bell founder goes deaf.", chapters = chapters, words_per_chapter = 400, candidates = 1 }
  t.status(t.run { pipeline = "generate_book", input = input }, "completed")
end

return {
  ["no model is called, and the same chapters make the same bytes"] = function(t)
    finished(t, 2)
    local epub = t.document("book.epub")
    local run = t.status(t.run { pipeline = "regenerate_artifacts" }, "completed")
    t.equal(#run.requests, 0)
    t.equal(run.result.chapters, 2)
    local again, info = t.document("book.epub")
    t.ok(again == epub, "the same EPUB")
    t.equal(info.version, 2)
  end,

  ["edited chapters and another author reach the files"] = function(t)
    finished(t, 1)
    t.edit("chapters/01.md", "# Deaf\n\nThe bell rang for nobody.\n")
    t.status(t.run { pipeline = "regenerate_artifacts", input = { author = "Ida Foundling" } }, "completed")
    t.has(t.document("book.md"), "The bell rang for nobody.")
    t.has(t.document("book.md"), "Ida Foundling")
  end,

  ["without a finished book it says what to do"] = function(t)
    local run = t.status(t.run { pipeline = "regenerate_artifacts" }, "failed")
    t.has(run.error.message, "no finished book; write one with generate_book")
  end,
}
