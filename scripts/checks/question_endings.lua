-- question_endings: chapter after chapter that ends on a question.
local marks = { "%?[\"'”’»%s]*$", "？[」』”%s]*$", "؟[»%s]*$" }

return {
  title = "Endings on a question", scope = "book", thresholds = { share = 0.4, least = 3 },
  run = function(it, limits)
    local found = {}
    for _, chapter in ipairs(it.chapters) do
      local ending = string.sub(chapter.prose, -40)
      for _, mark in ipairs(marks) do
        if string.find(ending, mark) then
          found[#found + 1] = chapter.number
          break
        end
      end
    end
    if #found < limits.least or #found < #it.chapters * limits.share then return {} end
    return { { problem = string.format("%d of %d chapters end on a question: %s.", #found, #it.chapters, table.concat(found, ", ", 1, math.min(12, #found))) } }
  end,
}
