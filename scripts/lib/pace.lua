-- lib/pace.lua: how much of the work that a book cannot do without is done, so that a run that skips at its limit (--at-budget skip) knows what it
-- still has to pay for.
--
--   pace.at("writing", 3 / 12, { chapters = 12, words = 2400 })     --> 0.37: before chapter 4
local pace = {}

-- What the phases cost beside each other, in tokens in and out as services price them: a part of its own, and one for each chapter.
local phases = {
  { "blueprint", 40, function() return 0 end },
  { "structure", 10, function() return 3.5 end },
  { "planning", 0, function() return 6 end },
  { "writing", 0, function(words) return 4 + 0.028 * words end },
  { "postprocessing", 4, function() return 0 end },
}

--- The share, 0 to 1, of the work on a book ({chapters=, words=}) that is done when `part` (0 to 1) of a phase is.
function pace.at(phase, part, book)
  local before, all, here = 0, 0, nil
  for _, row in ipairs(phases) do
    local cost = row[2] + row[3](book.words) * book.chapters
    if row[1] == phase then here = before + cost * part end
    before, all = before + cost, all + cost
  end
  return here / all
end

--- The same in the book `number` of a series of so many `books`.
function pace.of_series(share, number, books)
  return (number - 1 + share) / books
end

return pace
