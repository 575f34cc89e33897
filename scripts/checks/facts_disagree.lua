-- facts_disagree: what was taken down after this chapter does not fit what was true before it: a thing in two hands, days that run back, a
-- knowledge revised that nobody had. A fact whose words are not in the chapter is no fact: extractors invent.
local facts = require "lib.facts"

local function believed(sheet, prose)
  local out = {}
  for field, value in pairs(sheet) do out[field] = value end
  out.operations = {}
  for _, operation in ipairs(sheet.operations or {}) do
    if facts.quoted(prose, operation.quote or "") then out.operations[#out.operations + 1] = operation end
  end
  return out
end

return {
  title = "Facts that disagree", scope = "chapter", several = true, sees = "story", reads = { "text", "facts", "state", "plan" },
  run = function(it)
    local out = {}
    for _, doubt in ipairs(it.state:suspicions(believed(it.sheet, it.reading.prose), it.plan)) do out[#out + 1] = { problem = doubt } end
    return out
  end,
}
