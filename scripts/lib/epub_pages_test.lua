local epub_pages = require "lib.epub_pages"
local languages = require "lib.languages"

local function pages_of(book, language)
  book.title, book.chapters = book.title or "Salt & <Iron>", book.chapters or {}
  local known = languages.find(language or "English")
  local all = epub_pages.all { book = book, language = known, labels = known.labels, cover = { file = "cover.svg" } }
  local by_id, ids = {}, {}
  for i, page in ipairs(all) do by_id[page.id], ids[i] = page.data, page.id end
  return by_id, ids
end

return {
  ["the pages stand in reading order, and only those that the book has"] = function(t)
    local _, ids = pages_of { dedication = "For nobody.", epigraph = "A line", blurb = "About.",
      chapters = { { number = 1, title = "Ebb", scenes = { "x." } } } }
    t.equal(ids, { "cover", "title", "copyright", "dedication", "epigraph", "chapter-001", "about" })
    _, ids = pages_of {}
    t.equal(ids, { "cover", "title", "copyright" })
  end,

  ["what a title or a name has of markup is shown as text"] = function(t)
    local page = pages_of({ author = "A & B <C>" }).title
    t.has(page, "<h1>Salt &amp; &lt;Iron&gt;</h1>")
    t.has(page, "A &amp; B &lt;C&gt;")
  end,

  ["a rehearsal says so on its title page; another book does not"] = function(t)
    t.has(pages_of({ rehearsal = true }).title, "class=\"rehearsal\"")
    t.lacks(pages_of({}).title, "rehearsal")
  end,

  ["prose is no list and no code because of how a line begins, and scenes have breaks between them"] = function(t)
    local page = pages_of({ chapters = { { number = 1, title = "", scenes = { "1984. It was cold.\n\n    She ran.", "- No, he said." } } } })
    t.has(page["chapter-001"], "<p>1984. It was cold.</p>")
    t.has(page["chapter-001"], "<p>She ran.</p>")
    t.has(page["chapter-001"], "<hr class=\"scene-break\"/>")
    t.has(page["chapter-001"], "<h1 id=\"chapter-001-title\">1</h1>")
  end,

  ["a language that runs from right to left says so on every page"] = function(t)
    t.has(pages_of({}, "Arabic").title, "lang=\"ar\" xml:lang=\"ar\" dir=\"rtl\"")
  end,
}
