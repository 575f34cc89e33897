-- lib/epub_package.lua: the package document of an EPUB, its table of contents and its landmarks, and the NCX that older readers use.
local epub_pages = require "lib.epub_pages"

local epub_package = {}

local function element(name, attributes, content)
  return "<" .. name .. attributes .. ">" .. text.xml(content) .. "</" .. name .. ">"
end

local function property(name, value, more)
  return element("meta", ' property="' .. name .. '"' .. (more or ""), value)
end

local accessibility = {
  { "schema:accessMode", "textual" }, { "schema:accessModeSufficient", "textual" },
  { "schema:accessibilityFeature", "tableOfContents" }, { "schema:accessibilityFeature", "readingOrder" },
  { "schema:accessibilityFeature", "structuralNavigation" }, { "schema:accessibilityFeature", "alternativeText" },
  { "schema:accessibilityFeature", "displayTransformability" }, { "schema:accessibilityHazard", "none" },
  { "schema:accessibilitySummary", "Text with a table of contents, headings for all chapters and marked scene breaks. "
    .. "The cover is the only image and is described." },
}

--- Who made it, in words that machines read: IPTC's source type for text by a trained model, the generator, and its models.
local function provenance(edition, out)
  local book = edition.book
  out[#out + 1] = property("iptc:DigitalSourceType", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
  for _, used in ipairs(book.models or {}) do
    for _, model in ipairs(used.models) do out[#out + 1] = property("quire:model", used.role .. ": " .. model) end
  end
  if book.rehearsal then out[#out + 1] = property("quire:rehearsal", "true") end
  out[#out + 1] = '<meta name="generator" content="Quire"/>'
  out[#out + 1] = '<meta name="cover" content="cover-image"/>'
end

local function date_of(book)
  return book.date and string.match(book.date, "^%d%d%d%d%-%d%d%-%d%d$")
end

--- When the file was last changed, which every EPUB must say. A clock would make two files of one book differ, so it is SOURCE_DATE_EPOCH,
--- else the book's own date, else a fixed day that nobody takes for a real one.
local function modified(edition)
  return edition.source_date or (date_of(edition.book) or "2000-01-01") .. "T00:00:00Z"
end

local function metadata(edition)
  local book = edition.book
  local out = {
    element("dc:identifier", ' id="book-id"', edition.id),
    element("dc:title", ' id="book-title"', book.title),
    element("dc:language", "", edition.language.tag),
  }
  if book.author then
    out[#out + 1] = element("dc:creator", ' id="book-author"', book.author)
    out[#out + 1] = property("role", "aut", ' refines="#book-author" scheme="marc:relators"')
  end
  if date_of(book) then out[#out + 1] = element("dc:date", "", date_of(book)) end
  if book.blurb and book.blurb ~= "" then out[#out + 1] = element("dc:description", "", book.blurb) end
  if book.genre then out[#out + 1] = element("dc:subject", "", book.genre) end
  if book.rights then out[#out + 1] = element("dc:rights", "", book.rights) end
  if book.series then
    out[#out + 1] = property("belongs-to-collection", book.series.title, ' id="book-series"')
    out[#out + 1] = property("collection-type", "series", ' refines="#book-series"')
    out[#out + 1] = property("group-position", tostring(book.series.number), ' refines="#book-series"')
  end
  out[#out + 1] = property("dcterms:modified", modified(edition))
  for _, row in ipairs(accessibility) do out[#out + 1] = property(row[1], row[2]) end
  provenance(edition, out)
  return table.concat(out, "\n")
end

local function manifest_and_spine(edition)
  local manifest = {
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
    '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
    '<item id="style" href="style.css" media-type="text/css"/>',
    string.format('<item id="cover-image" href="%s" media-type="%s" properties="cover-image"/>', edition.cover.file, edition.cover.type),
  }
  local spine, contents_placed = {}, false
  for _, page in ipairs(edition.pages) do
    manifest[#manifest + 1] = string.format('<item id="%s" href="%s" media-type="application/xhtml+xml"/>', page.id, page.file)
    if page.number and not contents_placed then
      spine[#spine + 1] = '<itemref idref="nav"/>'
      contents_placed = true
    end
    spine[#spine + 1] = string.format('<itemref idref="%s"%s/>', page.id, page.id == "cover" and ' linear="no"' or "")
  end
  return table.concat(manifest, "\n"), table.concat(spine, "\n")
end

local package_frame = [[
<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book-id" xml:lang="{{lang}}" dir="{{dir}}" prefix="{{prefix}}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
{{metadata}}
</metadata>
<manifest>
{{manifest}}
</manifest>
<spine toc="ncx" page-progression-direction="{{dir}}">
{{spine}}
</spine>
</package>
]]

local prefixes = "schema: http://schema.org/ iptc: http://iptc.org/std/Iptc4xmpExt/2008-02-29/ quire: urn:quire:metadata:"

function epub_package.document(edition)
  local manifest, spine = manifest_and_spine(edition)
  return text.fill(package_frame, { lang = edition.language.tag, dir = edition.language.direction, prefix = prefixes,
    metadata = metadata(edition), manifest = manifest, spine = spine })
end

local function first_chapter(edition)
  for _, page in ipairs(edition.pages) do
    if page.number then return page end
  end
  return edition.pages[#edition.pages]
end

--- The contents page with its hidden landmarks.
function epub_package.nav(edition)
  local labels, items = edition.labels, {}
  for _, page in ipairs(edition.pages) do
    if page.number or page.matter == "backmatter" then
      items[#items + 1] = string.format('<li><a href="%s">%s</a></li>', page.file, text.xml(page.title))
    end
  end
  local function landmark(kind, file, label)
    return string.format('<li><a epub:type="%s" href="%s">%s</a></li>', kind, file, text.xml(label))
  end
  local landmarks = { landmark("cover", "cover.xhtml", labels.cover), landmark("titlepage", "title.xhtml", labels.title_page),
    landmark("toc", "nav.xhtml", labels.contents), landmark("bodymatter", first_chapter(edition).file, edition.book.title) }
  return epub_pages.wrap(edition, labels.contents, "frontmatter", '<nav epub:type="toc" role="doc-toc" id="toc" aria-labelledby="toc-title">\n'
    .. '<h1 id="toc-title">' .. text.xml(labels.contents) .. "</h1>\n<ol>\n" .. table.concat(items, "\n") .. "\n</ol>\n</nav>\n"
    .. '<nav epub:type="landmarks" id="landmarks" hidden="hidden" aria-label="Landmarks">\n<ol>\n' .. table.concat(landmarks, "\n")
    .. "\n</ol>\n</nav>")
end

local ncx_frame = [[
<?xml version="1.0" encoding="UTF-8"?>
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="{{lang}}">
<head>
<meta name="dtb:uid" content="{{id}}"/>
<meta name="dtb:depth" content="1"/>
<meta name="dtb:totalPageCount" content="0"/>
<meta name="dtb:maxPageNumber" content="0"/>
</head>
<docTitle><text>{{title}}</text></docTitle>
<navMap>
{{points}}
</navMap>
</ncx>
]]

function epub_package.ncx(edition)
  local points = {}
  for _, page in ipairs(edition.pages) do
    if page.number or page.matter == "backmatter" then
      points[#points + 1] = string.format('<navPoint id="nav-%s" playOrder="%d"><navLabel><text>%s</text></navLabel><content src="%s"/></navPoint>',
        page.id, #points + 1, text.xml(page.title), page.file)
    end
  end
  return text.fill(ncx_frame, { lang = edition.language.tag, id = edition.id, title = text.xml(edition.book.title),
    points = table.concat(points, "\n") })
end

return epub_package
