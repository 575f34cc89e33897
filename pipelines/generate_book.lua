-- generate_book: a whole book from a brief, in five phases. The order of the phases stands in scripts/lib/whole_book.lua, each phase
-- in a file of its own in scripts/phases/. To change one, copy it into the library's scripts/phases/ and edit it there.
local Book = require "lib.book"
local whole_book = require "lib.whole_book"

return {
  title = "A book",
  description = "Writes a whole book from a brief: blueprint, structure, chapter plans, chapters, files.",
  input = Book.fields,
  phases = whole_book.phases,
  gives = Book.kinds,
  run = function(input)
    return whole_book.write(input):result()
  end,
}
