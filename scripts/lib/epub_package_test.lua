local epub_package = require "lib.epub_package"
local languages = require "lib.languages"

local function edition(book, more)
  local known = languages.find("English")
  book.title = book.title or "Ebb"
  local made = { book = book, id = "urn:uuid:1", language = known, labels = known.labels,
    cover = { file = "cover.svg", type = "image/svg+xml" },
    pages = { { id = "cover", file = "cover.xhtml", title = "Cover", matter = "frontmatter" },
      { id = "chapter-001", file = "chapter-001.xhtml", title = "One & two", matter = "bodymatter", number = 1 } } }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

return {
  ["who wrote it is told to machines: the generator, the models, and a rehearsal as one"] = function(t)
    local document = epub_package.document(edition { rehearsal = true, models = { { role = "writer", models = { "a/x" } } } })
    t.has(document, "trainedAlgorithmicMedia")
    t.has(document, "quire:model\">writer: a/x<")
    t.has(document, "quire:rehearsal\">true<")
    t.lacks(epub_package.document(edition {}), "quire:rehearsal")
  end,

  ["dates come from the book or the environment, never from a clock"] = function(t)
    t.has(epub_package.document(edition { date = "2026-05-31" }), "dcterms:modified\">2026-05-31T00:00:00Z<")
    t.has(epub_package.document(edition {}), "dcterms:modified\">2000-01-01T00:00:00Z<")
    t.has(epub_package.document(edition({}, { source_date = "2023-11-14T22:13:20Z" })), "dcterms:modified\">2023-11-14T22:13:20Z<")
    t.lacks(epub_package.document(edition { date = "in May" }), "dc:date")
  end,

  ["a book of a series names its place, and each page has its entry"] = function(t)
    local document = epub_package.document(edition { series = { title = "The Ferry", number = 2 } })
    t.has(document, "group-position\" refines=\"#book-series\">2<")
    t.has(document, "<itemref idref=\"cover\" linear=\"no\"/>")
    t.has(document, "<itemref idref=\"nav\"/>\n<itemref idref=\"chapter-001\"/>")
  end,

  ["both tables of contents list the chapters, as text"] = function(t)
    t.has(epub_package.nav(edition {}), "<a href=\"chapter-001.xhtml\">One &amp; two</a>")
    t.has(epub_package.ncx(edition {}), "<text>One &amp; two</text>")
    t.lacks(epub_package.ncx(edition {}), "cover.xhtml")
  end,
}
