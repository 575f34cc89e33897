-- Most of a book is tested with its phases (scripts/phases); here is what they share.
local Book = require "lib.book"

return {
  ["what was asked for is kept, and opens the book again for other pipelines"] = function(t)
    t.status(t.run { pipeline = "generate_book", input = { brief = "A ferry.", chapters = 2, words_per_chapter = 400,
      candidates = 1 }, stop_at = "chapter:1" }, "waiting")
    local run = t.run { source = [[
      local Book = require "lib.book"
      return { run = function()
        local book = Book.reopen()
        book:remember_until(2)
        return { words = book.words, chapters = book.chapters, story = book.memory:story_so_far(2) }
      end } ]] }
    t.status(run, "completed")
    t.equal({ run.result.words, run.result.chapters }, { 400, 2 })
    t.has(run.result.story, "Chapter 1.")
  end,

  ["a chapter that is missing is named, as is a project without a book"] = function(t)
    local source = [[ return { run = function()
      local book = require("lib.book").reopen()
      book:remember_until(2)
    end } ]]
    t.has(t.status(t.run { source = source }, "failed").error.message, "holds no book yet")
    t.status(t.run { pipeline = "generate_book", input = { brief = "A ferry.", chapters = 2, candidates = 1 },
      stop_at = "Chapter Planning" }, "waiting")
    t.has(t.status(t.run { source = source }, "failed").error.message, "chapter 1 is missing")
  end,

  ["every field that a person fills in says what it is for"] = function(t)
    for _, field in ipairs(Book.fields) do t.ok(field.help and field.help ~= "", field.name) end
  end,
}
