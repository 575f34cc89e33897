-- lib/chapterfile.lua: a chapter as Markdown: its title as a heading, scenes with "* * *" between them. People may edit these
-- files, so reading is forgiving.
local remarks = require "lib.remarks"

local chapterfile = {}

function chapterfile.compose(title, scenes)
  return "# " .. title .. "\n\n" .. table.concat(scenes, "\n\n* * *\n\n") .. "\n"
end

--- title, scenes
function chapterfile.parse(content)
  local title, scenes, current = nil, {}, {}
  local function close()
    local scene = text.trim(table.concat(current, "\n"))
    if scene ~= "" then scenes[#scenes + 1] = scene end
    current = {}
  end
  for _, line in ipairs(text.lines(content)) do
    local heading = string.match(line, "^#+%s+(.-)%s*$")
    if heading and not title and #scenes == 0 and #current == 0 then
      title = heading
    elseif remarks.is_break(line) then
      close()
    elseif #current > 0 or text.trim(line) ~= "" then
      current[#current + 1] = line
    end
  end
  close()
  return title or "", scenes
end

--- The prose alone, without title and breaks.
function chapterfile.prose(scenes)
  return table.concat(scenes, "\n\n")
end

return chapterfile
