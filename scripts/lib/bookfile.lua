-- lib/bookfile.lua: book.json (what stands on a book's pages besides its chapters) and the way from documents to files. The same
-- documents give the same bytes: no clock, no random number, no order that could differ.
local chapterfile = require "lib.chapterfile"
local numbering = require "lib.numbering"

local bookfile = {}

--- The files of a book: what the scripts of exports/ declare of themselves, { {format=, id=, name=, pictures=}, ... }. A script that
--- returns a plain function is for export.run alone, and one that cannot be loaded is left out and told of.
function bookfile.formats()
  local formats = {}
  for _, format in ipairs(export.list()) do
    local ok, what = pcall(require, "exports." .. format)
    if not ok then
      log.warn("exports/%s.lua cannot be used: %s", format, what)
    elseif type(what) == "table" and what.id and what.name then
      formats[#formats + 1] = { format = format, id = what.id, name = what.name, pictures = what.pictures }
    end
  end
  return formats
end

--- The formats of a list like "epub,md"; all without one. Raises for an unknown name.
function bookfile.chosen(list)
  local all, chosen, ids, by_id = bookfile.formats(), {}, {}, {}
  for i, row in ipairs(all) do by_id[row.id], ids[i] = row, row.id end
  for id in string.gmatch(list or "", "[^,%s]+") do
    if not by_id[id] then error(string.format("there is no format '%s'; there are %s", id, table.concat(ids, ", ")), 0) end
    chosen[#chosen + 1] = by_id[id]
  end
  return #chosen > 0 and chosen or all
end

--- The chapters as they stand now: { {number=, title=, scenes={...}, name=, author="person" or who else wrote it}, ... }. Waits.
function bookfile.chapters()
  local numbers, by_number = {}, {}
  for _, entry in ipairs(artifact.list("chapters/")) do
    local number = numbering.of(entry.name)
    if number and not by_number[number] then
      by_number[number] = entry.name
      numbers[#numbers + 1] = number
    end
  end
  table.sort(numbers)
  local chapters = {}
  for _, number in ipairs(numbers) do
    local content, info = artifact.get(by_number[number])
    local title, scenes = chapterfile.parse(content)
    chapters[#chapters + 1] = { number = number, title = title, scenes = scenes, name = by_number[number], author = info.author }
  end
  return chapters
end

--- Writes the files of the book, or those of some formats (bookfile.chosen). Returns a list of {name=, path=, bytes=}. Waits.
function bookfile.export(meta, chapters, formats)
  local whole, files = {}, {}
  for field, value in pairs(meta) do whole[field] = value end
  whole.chapters = {}
  for i, chapter in ipairs(chapters) do
    whole.chapters[i] = { number = chapter.number, title = chapter.title, scenes = json.array(chapter.scenes) }
  end
  local cover = artifact.list("cover")[1] -- the author's own
  local pictures = cover and cover.name == "cover" and { { name = cover.name, version = cover.version } } or nil
  for i, what in ipairs(formats or bookfile.formats()) do
    local made = export.run { format = what.format, name = what.name, book = whole, files = what.pictures and pictures or nil }
    files[i] = { name = made.name, path = made.path, bytes = made.bytes }
    log.info("%s written, %d bytes", made.name, made.bytes)
  end
  return files
end

--- Words of all scenes.
function bookfile.words(chapters)
  local sum = 0
  for _, chapter in ipairs(chapters) do sum = sum + text.words(chapterfile.prose(chapter.scenes)) end
  return sum
end

return bookfile
