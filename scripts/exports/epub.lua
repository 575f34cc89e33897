-- exports/epub.lua: the book as EPUB 3. Same book, same bytes: identifiers come from the content, dates from the book or from
-- SOURCE_DATE_EPOCH, never from a clock. A cover that is drawn is a PNG where the host can make one, because many readers show no SVG.
--
-- This file puts the archive together; lib/epub_pages.lua writes its pages, lib/epub_package.lua the package document and the two
-- tables of contents, lib/epub_style.lua the style sheet and the cover.
local languages = require "lib.languages"
local package_of = require "lib.epub_package"
local pages_of = require "lib.epub_pages"
local look = require "lib.epub_style"

local container = [[
<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
]]

--- A version 5 style UUID that stays the book's when its text is edited: readers keep their place in it.
local function identifier(book)
  local hash = text.sha256(book.id or json.encode(book))
  return string.format("urn:uuid:%s-%s-5%s-a%s-%s", string.sub(hash, 1, 8), string.sub(hash, 9, 12), string.sub(hash, 14, 16),
    string.sub(hash, 18, 20), string.sub(hash, 21, 32))
end

local pictures = { ["\x89PNG"] = { "cover.png", "image/png" }, ["\xff\xd8\xff"] = { "cover.jpg", "image/jpeg" } }

--- The author's own picture, else one that is drawn from the title.
local function cover_of(edition, tools)
  local own = tools.files.cover
  local kind = own and (pictures[string.sub(own, 1, 4)] or pictures[string.sub(own, 1, 3)])
  if kind then return { file = kind[1], type = kind[2], data = own } end
  local svg = look.cover(edition)
  local png = tools.png(svg)
  return png and { file = "cover.png", type = "image/png", data = png } or { file = "cover.svg", type = "image/svg+xml", data = svg }
end

local function make(book, tools)
  local language = languages.find(book.language)
  local edition = { book = book, id = identifier(book), language = language, labels = language.labels, source_date = tools.source_date }
  edition.cover = cover_of(edition, tools)
  edition.pages = pages_of.all(edition)

  local entries = {
    { name = "mimetype", data = "application/epub+zip", store = true },
    { name = "META-INF/container.xml", data = container },
    { name = "EPUB/package.opf", data = package_of.document(edition) },
    { name = "EPUB/nav.xhtml", data = package_of.nav(edition) },
    { name = "EPUB/toc.ncx", data = package_of.ncx(edition) },
    { name = "EPUB/style.css", data = look.css },
    { name = "EPUB/" .. edition.cover.file, data = edition.cover.data, store = edition.cover.type ~= "image/svg+xml" },
  }
  for _, page in ipairs(edition.pages) do
    entries[#entries + 1] = { name = "EPUB/" .. page.file, data = page.data }
  end
  return zip.build(entries)
end

return { id = "epub", title = "EPUB", name = "book.epub", pictures = true, make = make }
