return {
  ["the books are written in order, each is told what came before, and each has its files"] = function(t)
    local input = { brief = "Three generations of one ferry.", books = 2, chapters = 2, words_per_chapter = 400 }
    local run = t.status(t.run { pipeline = "generate_series", input = input }, "completed")
    t.equal(#run.result.books, 2)
    t.has(run.log, "Series \"" .. run.result.title)
    for _, book in ipairs(run.result.books) do
      t.ok(t.document("book.epub", { project = book.project }), book.project)
      t.equal(t.document("book.json", { project = book.project }).series.title, run.result.title)
    end
    local carry = string.sub(t.document("carry/01.json").story, 1, 60)
    local told = t.requests(run, { has = carry, phase = "Writing" })
    t.ok(#told > 0, "the second book is told of the first")
    for _, request in ipairs(told) do t.has(request.prompt, "What came before this book") end
  end,
}
