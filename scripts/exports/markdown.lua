-- exports/markdown.lua: the whole book as one Markdown file.
local languages = require "lib.languages"
local pages = require "lib.pages"

local function add(out, paragraph)
  if paragraph and paragraph ~= "" then out[#out + 1] = paragraph end
end

local function make(book)
  local labels = languages.find(book.language).labels
  local out = { "# " .. book.title }
  if book.author then out[#out + 1] = "*" .. book.author .. "*" end
  if book.series then out[#out + 1] = pages.series_line(book) end
  if book.rehearsal then out[#out + 1] = "**" .. pages.rehearsal .. "**" end
  add(out, book.dedication)
  add(out, book.epigraph and "> " .. string.gsub(book.epigraph, "\n", "\n> "))
  for _, chapter in ipairs(book.chapters) do
    local title = text.trim(chapter.title)
    out[#out + 1] = title ~= "" and string.format("## %d. %s", chapter.number, title) or "## " .. chapter.number
    out[#out + 1] = table.concat(chapter.scenes, "\n\n* * *\n\n")
  end
  out[#out + 1] = "## " .. labels.about
  add(out, book.blurb)
  out[#out + 1] = table.concat(pages.copyright(book), "\n\n")
  return table.concat(out, "\n\n") .. "\n"
end

return { id = "md", title = "Markdown", name = "book.md", make = make }
