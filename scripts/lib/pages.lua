-- lib/pages.lua: the words on a book's own pages that are the same in every format.
local pages = {}

pages.rehearsal = "A rehearsal: written by Quire's rehearsal model to show the work, not to be read."

function pages.series_line(book)
  return string.format("%s · %d", book.series.title, book.series.number)
end

local function models_line(book)
  local names, seen = {}, {}
  for _, used in ipairs(book.models or {}) do
    for _, model in ipairs(used.models) do
      if not seen[model] then names[#names + 1] = model end
      seen[model] = true
    end
  end
  return #names > 0 and " with " .. table.concat(names, ", ") or ""
end

--- The paragraphs of the copyright page.
function pages.copyright(book)
  local out = { book.title }
  if book.author then out[#out + 1] = book.author end
  if book.rights then out[#out + 1] = book.rights end
  if book.date then out[#out + 1] = book.date end
  out[#out + 1] = "The text of this book was written by machine: by Quire" .. models_line(book) .. "."
  if book.rehearsal then out[#out + 1] = pages.rehearsal end
  return out
end

return pages
