-- A book is looked at as it stands, edits included; nothing is asked and nothing is changed.

return {
  ["what a person edited into a chapter is found, what he dismissed is not, and no model is asked"] = function(t)
    t.status(t.run { pipeline = "generate_book", answers = { { rehearse = true } },
      input = { brief = "A cook inherits a debt.", chapters = 2, words_per_chapter = 400, candidates = 1 } }, "completed")
    local edited = t.document("chapters/02.md") .. "\n\nHe saw the the boat.\n"
    t.edit("chapters/02.md", edited)
    local run = t.status(t.run { pipeline = "check_book", answers = {} }, "completed")
    t.equal(#run.requests, 0)
    t.equal(t.document("chapters/02.md"), edited)
    local found
    for _, finding in ipairs(t.document("findings/02.json").findings) do
      if finding.check == "doubled_words" then found = finding end
    end
    t.equal(found.quote, "the the")
    t.edit("dismissed.json", json.encode { dismissed = { { key = found.key, reason = "He stammers." } } })
    t.status(t.run { pipeline = "check_book", answers = {} }, "completed")
    t.lacks(json.encode(t.document("findings/02.json")), "doubled_words")
    t.status(t.run { pipeline = "check_book", answers = {}, input = { checks = "adverbs=off" } }, "completed")
  end,
}
