-- lib/epub_pages.lua: the pages of an EPUB in reading order: cover, title page, copyright, dedication, epigraph, contents (made by
-- lib/epub_package.lua), chapters, and a last page about the book.
local pages = require "lib.pages"
local paragraphs_of = require "lib.paragraphs"

local epub_pages = {}

local frame = [[
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{{lang}}" xml:lang="{{lang}}" dir="{{dir}}">
<head>
<meta charset="UTF-8"/>
<title>{{title}}</title>
<link rel="stylesheet" type="text/css" href="style.css"/>
</head>
<body epub:type="{{matter}}">
{{body}}
</body>
</html>
]]

--- A whole XHTML page. matter: "frontmatter", "bodymatter", "backmatter".
function epub_pages.wrap(edition, title, matter, body)
  return text.fill(frame, { lang = edition.language.tag, dir = edition.language.direction, title = text.xml(title), matter = matter,
    body = body })
end

local function page(edition, id, title, matter, body)
  return { id = id, file = id .. ".xhtml", title = title, matter = matter, data = epub_pages.wrap(edition, title, matter, body) }
end

local function paragraphs(content)
  local out = {}
  for _, paragraph in ipairs(text.paragraphs(content)) do
    out[#out + 1] = "<p>" .. string.gsub(text.xml(paragraph), "\n", "<br/>") .. "</p>"
  end
  return table.concat(out, "\n")
end

local function cover(edition)
  local book = edition.book
  local alt = book.author and book.title .. ", " .. book.author or book.title
  return page(edition, "cover", edition.labels.cover, "frontmatter", '<section epub:type="cover" aria-label="'
    .. text.xml(edition.labels.cover) .. '">\n<div class="cover"><img src="'
    .. edition.cover.file .. '" role="doc-cover" alt="' .. text.xml(alt) .. '"/></div>\n</section>')
end

local function title_page(edition)
  local book = edition.book
  local out = { '<section epub:type="titlepage" class="title-page">', "<h1>" .. text.xml(book.title) .. "</h1>" }
  if book.series then out[#out + 1] = '<p class="series">' .. text.xml(pages.series_line(book)) .. "</p>" end
  if book.author then out[#out + 1] = '<p class="author">' .. text.xml(book.author) .. "</p>" end
  if book.rehearsal then out[#out + 1] = '<p class="rehearsal" lang="en" xml:lang="en" dir="ltr">' .. text.xml(pages.rehearsal) .. "</p>" end
  out[#out + 1] = "</section>"
  return page(edition, "title", edition.labels.title_page, "frontmatter", table.concat(out, "\n"))
end

local function copyright(edition)
  local out = {}
  for i, paragraph in ipairs(pages.copyright(edition.book)) do out[i] = "<p>" .. text.xml(paragraph) .. "</p>" end
  return page(edition, "copyright", edition.labels.copyright, "frontmatter", '<section epub:type="copyright-page" class="copyright" aria-label="'
    .. text.xml(edition.labels.copyright) .. '">\n' .. table.concat(out, "\n") .. "\n</section>")
end

local function dedication(edition)
  return page(edition, "dedication", edition.labels.dedication, "frontmatter", '<section epub:type="dedication" role="doc-dedication" '
    .. 'class="dedication">\n' .. paragraphs(edition.book.dedication) .. "\n</section>")
end

local function epigraph(edition)
  return page(edition, "epigraph", edition.book.title, "frontmatter", '<section epub:type="epigraph" role="doc-epigraph" '
    .. 'class="epigraph">\n' .. paragraphs(edition.book.epigraph) .. "\n</section>")
end

-- Languages whose straight quotes become typographic ones; others have marks of their own.
local unsmarted = { ja = true, zh = true, ko = true, ar = true, he = true, fa = true, ur = true, hi = true, th = true, und = true }

--- Prose is not a list because a sentence begins with a year and a full stop, nor code because it is indented.
local function as_prose(scene)
  local out = {}
  for i, paragraph in ipairs(paragraphs_of.split(scene)) do
    local lines = text.lines(paragraph)
    for k, line in ipairs(lines) do
      line = string.gsub(line, "^[ \t]+", "")
      line = string.gsub(line, "^(%d+)([%.%)]%s)", "%1\\%2")
      lines[k] = string.gsub(line, "^([%-%+]%s)", "\\%1")
    end
    out[i] = table.concat(lines, "\n")
  end
  return table.concat(out, "\n\n")
end

local function scene_xhtml(edition, scene)
  local tag = edition.language.tag
  if not unsmarted[string.match(tag, "^%a+")] then scene = text.smarten(scene, tag) end
  return text.trim(markdown.xhtml(as_prose(scene)))
end

local function chapter(edition, entry)
  local id = string.format("chapter-%03d", entry.number)
  local scenes = {}
  for i, scene in ipairs(entry.scenes) do scenes[i] = scene_xhtml(edition, scene) end
  -- A chapter without a title is called by its number: an empty heading is refused by shops, and read as nothing by a screen reader.
  local title = text.trim(entry.title)
  local number = title ~= "" and '<p class="number" aria-hidden="true">' .. entry.number .. "</p>\n" or ""
  if title == "" then title = tostring(entry.number) end
  local heading = "<header>\n" .. number .. '<h1 id="' .. id .. '-title">' .. text.xml(title) .. "</h1>\n</header>\n"
  local made = page(edition, id, title, "bodymatter", '<section epub:type="chapter" role="doc-chapter" id="' .. id
    .. '" aria-labelledby="' .. id .. '-title">\n' .. heading .. table.concat(scenes, '\n<hr class="scene-break"/>\n') .. "\n</section>")
  made.number = entry.number
  return made
end

local function about(edition)
  local label = edition.labels.about
  return page(edition, "about", label, "backmatter", '<section epub:type="colophon" role="doc-colophon" class="copyright" aria-labelledby='
    .. '"about-title">\n<h1 id="about-title">' .. text.xml(label) .. "</h1>\n" .. scene_xhtml(edition, edition.book.blurb)
    .. "\n</section>")
end

--- All pages but the contents, in reading order: { {id=, file=, title=, matter=, data=, number= for chapters}, ... }
function epub_pages.all(edition)
  local book = edition.book
  local out = { cover(edition), title_page(edition), copyright(edition) }
  if book.dedication then out[#out + 1] = dedication(edition) end
  if book.epigraph then out[#out + 1] = epigraph(edition) end
  for _, entry in ipairs(book.chapters) do out[#out + 1] = chapter(edition, entry) end
  if book.blurb and book.blurb ~= "" then out[#out + 1] = about(edition) end
  return out
end

return epub_pages
