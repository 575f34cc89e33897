-- lib/whole_book.lua: a book from its brief to its files, in five phases. Each phase is a file in scripts/phases/ that can be
-- replaced alone: put one of the same name into the library's scripts/phases/.
local blueprint = require "phases.blueprint"
local structure = require "phases.structure"
local planning = require "phases.planning"
local writing = require "phases.writing"
local postprocessing = require "phases.postprocessing"
local Book = require "lib.book"

local whole_book = {}

--- The input fields of a book, for pipelines that write one.
whole_book.input = {
  { name = "brief", type = "text", required = true, help = "What the book is about: a line or several pages, in any language" },
  { name = "title", type = "string", help = "The title, if it is fixed; otherwise the blueprint finds one" },
  { name = "author", type = "string", help = "The name on the title page" },
  { name = "genre", type = "string", help = "Any genre, in your own words" },
  { name = "language", type = "string", default = "English", help = "The language to write in, by name or tag: Japanese, de, pt-BR" },
  { name = "chapters", type = "integer", default = 12, min = 1, max = 100, help = "Number of chapters" },
  { name = "words_per_chapter", type = "integer", default = 2400, min = 200, max = 8000, help = "Words a chapter should have" },
  { name = "viewpoint", type = "string", help = "For example: close third person, one viewpoint a chapter" },
  { name = "tense", type = "string", help = "For example: past" },
  { name = "style", type = "text", help = "How the prose should sound; a sample of your own is welcome" },
  { name = "audience", type = "string", help = "Who the book is for" },
  { name = "candidates", type = "integer", default = 2, min = 1, max = 6, help = "Blueprints to invent and choose from" },
  { name = "review", type = "boolean", default = false, help = "Ask a person to approve the blueprint before going on" },
  { name = "series_notes", type = "text", help = "What came before, if the book belongs to a series" },
  { name = "dedication", type = "text", help = "Printed on a page of its own" },
  { name = "epigraph", type = "text", help = "A quotation before the first chapter" },
  { name = "rights", type = "string", help = "The line on the copyright page, for example: © 2026 the author" },
  { name = "date", type = "string", help = "Date of publication for the book's metadata, as 2026-05-31" },
}

--- Writes a book for an input with the fields above. `series` is {title=, number=} when it is part of one.
function whole_book.write(input, series)
  local book = Book.new(input)
  book.series = series
  blueprint.run(book)
  structure.run(book)
  planning.run(book)
  writing.run(book)
  postprocessing.run(book)
  log.info("Finished \"%s\": %d chapters, %d words, %d issues", book.blueprint.title, book.chapters, book.words_written, #book.issues)
  return book
end

return whole_book
