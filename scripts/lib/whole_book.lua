-- lib/whole_book.lua: a book from its brief to its files, in five phases. Each phase is a file in scripts/phases/ that can be
-- replaced alone: put one of the same name into the library's scripts/phases/.
local blueprint = require "phases.blueprint"
local structure = require "phases.structure"
local planning = require "phases.planning"
local writing = require "phases.writing"
local postprocessing = require "phases.postprocessing"
local Book = require "lib.book"
local numbering = require "lib.numbering"

local whole_book = {}

--- What --until can name: the phases, and the checkpoint after each chapter.
whole_book.phases = { "Blueprint", "Structure & Events", "Chapter Planning", "Writing", "Post-Processing", "chapter:N" }

--- Writes a book for an input with the fields of Book.fields. `series` is {title=, number=} when it is part of one, of so many `books`.
function whole_book.write(input, series, books)
  local book = Book.new(input)
  book.series, book.of_books = series, books
  blueprint.run(book)
  structure.run(book)
  planning.run(book)
  writing.run(book)
  postprocessing.run(book)
  log.info("Finished \"%s\": %s, %d words, %s", book.blueprint.title, numbering.count(book.chapters, "chapter"), book.words_written,
    numbering.count(#book.issues, "issue"))
  return book
end

return whole_book
