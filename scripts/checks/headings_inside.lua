-- headings_inside: a heading in the middle of the prose: "## Later", "Chapter 4", "Scene 2: The Stair".
local headings = require "lib.headings"

local function is_heading(line)
  if text.length(line) > 80 then return false end
  if string.find(line, "^#+%s+%S") then return true end
  local found = headings.read(line)
  return found ~= nil and found.unit ~= nil and (found.marked or found.title == "")
end

return {
  title = "Headings in the prose", scope = "chapter", thresholds = { most = 3 },
  run = function(it, limits)
    local out = {}
    for i, paragraph in ipairs(it.reading:paragraphs()) do
      local line = string.match(paragraph, "^[^\n]*")
      if i > 1 and #out < limits.most and is_heading(line) then
        out[#out + 1] = { quote = line, problem = "A heading stands in the middle of the chapter.", certain = true }
      end
    end
    return out
  end,
}
