-- generate_series: books in order, each told what came before. The series is planned once; every book then goes through the same five
-- phases as generate_book, in a project of its own below the series.
local Book = require "lib.book"
local series = require "lib.series"
local whole_book = require "lib.whole_book"

-- What the books inherit from the series, besides their brief.
local inherited = {}
for _, name in ipairs { "author", "genre", "language", "chapters", "words_per_chapter", "viewpoint", "tense", "style", "audience",
  "candidates", "review", "rights" } do
  inherited[name] = true
end

local input = {
  { name = "brief", type = "text", required = true, help = "What the series is about" },
  { name = "title", type = "string", help = "The title of the series, if it is fixed" },
  { name = "books", type = "integer", default = 3, min = 1, max = 12, help = "Number of books" },
}
for _, field in ipairs(Book.fields) do
  if inherited[field.name] then input[#input + 1] = field end
end

local phases = { "Series", "book:N" }
for _, name in ipairs(whole_book.phases) do phases[#phases + 1] = name end

local function input_of_book(desk, plan, number, carried)
  local book_input = {}
  for name in pairs(inherited) do book_input[name] = desk.input[name] end
  book_input.title = plan.books[number].title
  book_input.brief = series.brief(desk, plan, number)
  book_input.series_notes = series.notes(plan, carried)
  return book_input
end

local function write_one(desk, plan, number, carried)
  local home = project.enter("book-" .. number, { title = plan.books[number].title, kind = "book" })
  for _, document in ipairs(series.given(desk, plan, number)) do artifact.put(document.name, document.content) end
  local takes_over = series.carried(plan, carried, number)
  if takes_over then artifact.put("carried.json", takes_over) end
  log.info("Book %d of %d of the series \"%s\"", number, #plan.books, plan.title)
  local book = whole_book.write(input_of_book(desk, plan, number, carried), { title = plan.title, number = number }, #plan.books)
  local carry = series.carry(book)
  project.leave()
  artifact.put(string.format("carry/%02d.json", number), carry)
  local result = book:result()
  return carry, { project = home.slug, title = result.title, chapters = result.chapters, words = result.words, issues = result.issues,
    files = result.files }
end

return {
  title = "A series",
  description = "Plans a series and writes its books in order; each knows what came before.",
  input = input,
  phases = phases,
  gives = Book.kinds,
  run = function(wanted)
    run.phase("Series")
    local desk = Book.new(wanted)
    local plan = series.plan(desk, wanted.books)
    project.set { title = plan.title, kind = "series" }
    run.summary(string.format("%s, %d books", plan.title, wanted.books))
    log.info("Series \"%s\" begun: %d books", plan.title, wanted.books)

    local carried, books, issues, words = {}, json.array {}, 0, 0
    for number = 1, wanted.books do
      carried[number], books[number] = write_one(desk, plan, number, carried)
      issues, words = issues + books[number].issues, words + books[number].words
      run.checkpoint("book:" .. number)
    end
    run.summary(string.format("%s, %d books, %d words", plan.title, #books, words))
    log.info("Series \"%s\" finished: %d books, %d words, %d issues", plan.title, #books, words, issues)
    return { title = plan.title, books = books, words = words, issues = issues }
  end,
}
