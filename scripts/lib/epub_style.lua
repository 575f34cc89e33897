-- lib/epub_style.lua: how an EPUB looks: the style sheet of a novel and a cover drawn from its title.
local epub_style = {}

epub_style.css = [[
@charset "utf-8";
body { margin: 5%; line-height: 1.4; text-align: justify; hyphens: auto; -webkit-hyphens: auto; widows: 2; orphans: 2; }
h1 { font-size: 1.4em; font-weight: normal; text-align: center; margin: 0 0 2.5em; hyphens: none; -webkit-hyphens: none;
  page-break-after: avoid; break-after: avoid; }
p { margin: 0; text-indent: 1.2em; }
header + p, hr + p, h1 + p, section > p:first-child, blockquote p:first-child { text-indent: 0; }
section { page-break-before: always; break-before: page; }
.number { margin: 4em 0 0.6em; text-indent: 0; text-align: center; font-size: 1.1em; }
hr.scene-break { border: 0; width: 100%; height: 1em; margin: 1.2em 0; text-align: center; page-break-after: avoid; break-after: avoid; }
hr.scene-break::before { content: "*\00a0\00a0\00a0*\00a0\00a0\00a0*"; }
blockquote { margin: 1em 1.5em; }
.cover { text-align: center; margin: 0; }
.cover img { max-width: 100%; max-height: 95vh; }
.title-page { text-align: center; }
.title-page h1 { font-size: 2em; margin: 5em 0 1em; }
.title-page p { text-indent: 0; margin: 0 0 1em; }
.title-page .rehearsal { margin-top: 4em; font-style: italic; font-size: 0.9em; }
.copyright p { text-indent: 0; margin: 0 0 0.8em; text-align: start; font-size: 0.9em; }
.dedication, .epigraph { margin: 6em 2em 0; text-align: center; font-style: italic; }
.dedication p, .epigraph p { text-indent: 0; }
nav ol { list-style: none; padding: 0; margin: 0; text-align: start; }
nav li { margin: 0 0 0.5em; }
nav a { color: inherit; text-decoration: none; }
]]

-- Ground and ink that go together; the book's identifier picks a pair.
local colours = {
  { "#1f2d3a", "#f2ead8" }, { "#3a1f24", "#f4e6dc" }, { "#21352a", "#eef0dc" }, { "#2c2440", "#eee6f2" },
  { "#403116", "#f6ecd2" }, { "#16363c", "#e2f0ee" }, { "#3b3b3b", "#f0efea" }, { "#4a2312", "#f8e9dc" },
}

local function is_wide(character)
  return utf8.codepoint(character) >= 0x2E80
end

--- Pieces that a line can break between: words, or single characters where a script has no blanks.
local function pieces(title)
  local out, word = {}, ""
  local function flush()
    if word ~= "" then out[#out + 1] = { text = word, width = text.length(word), blank = true } end
    word = ""
  end
  for character in string.gmatch(title, utf8.charpattern) do
    if string.find(character, "^%s$") then
      flush()
    elseif is_wide(character) then
      flush()
      out[#out + 1] = { text = character, width = 2, blank = false }
    else
      word = word .. character
    end
  end
  flush()
  return out
end

local function lines_of(title, width)
  local lines, line, used = {}, "", 0
  for _, piece in ipairs(pieces(title)) do
    local gap = line ~= "" and piece.blank and " " or ""
    if line ~= "" and used + #gap + piece.width > width then
      lines[#lines + 1] = line
      line, used, gap = "", 0, ""
    end
    line, used = line .. gap .. piece.text, used + #gap + piece.width
  end
  if line ~= "" then lines[#lines + 1] = line end
  return lines
end

local function text_line(content, y, size, ink)
  return string.format('<text x="800" y="%d" font-size="%d" fill="%s" text-anchor="middle" font-family="Georgia, \'Noto Serif\', serif">%s</text>',
    y, size, ink, text.xml(content))
end

--- A cover of 1600 by 2560 in the proportions that shops ask for.
function epub_style.cover(edition)
  local book = edition.book
  local pick = colours[tonumber(string.sub(text.sha256(book.title), 1, 2), 16) % #colours + 1]
  local ground, ink = pick[1], pick[2]
  local lines = lines_of(book.title, 16)
  local size = #lines > 5 and 110 or 160
  local out = {
    '<?xml version="1.0" encoding="UTF-8"?>',
    string.format('<svg xmlns="http://www.w3.org/2000/svg" version="1.1" viewBox="0 0 1600 2560" width="1600" height="2560" xml:lang="%s">',
      edition.language.tag),
    "<title>" .. text.xml(book.title) .. "</title>",
    string.format('<rect x="0" y="0" width="1600" height="2560" fill="%s"/>', ground),
    string.format('<rect x="90" y="90" width="1420" height="2380" fill="none" stroke="%s" stroke-width="6"/>', ink),
  }
  local top = 900 - #lines * size // 2
  for i, line in ipairs(lines) do out[#out + 1] = text_line(line, top + i * size * 5 // 4, size, ink) end
  if book.series then out[#out + 1] = text_line(book.series.title .. " · " .. book.series.number, 320, 64, ink) end
  if book.author then out[#out + 1] = text_line(book.author, 2230, 90, ink) end
  if book.rehearsal then out[#out + 1] = text_line("REHEARSAL", 2380, 56, ink) end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return epub_style
