-- lib/repairs.lua: cuts and repairs by exact words. A model says which words go and what stands there instead; code does it, and leaves alone
-- all that it cannot find once and only once.
local repairs = {}

local function only_place(prose, old)
  local first, last = string.find(prose, old, 1, true)
  if not first or string.find(prose, old, last + 1, true) then return nil end
  return first, last
end

local closing = { "”", "’", "」", "』", "…", ")", "]" }
local opening = { "„", "‚", "「", "『", "(", "[", "“", "‘", "«", "»", "\"" }
local either = { "“", "‘", "«", "»", "›", "‹", "\"", "'" }    -- closing in one language, opening in another: closing where no word follows

local function begins_with_any(s, marks)
  for _, mark in ipairs(marks) do
    if string.sub(s, 1, #mark) == mark then return mark end
  end
  return nil
end

local function ends_with_any(s, marks)
  for _, mark in ipairs(marks) do
    if string.sub(s, -#mark) == mark then return mark end
  end
  return nil
end

-- Does this, which stood right behind what was cut, close what comes before it?
local function closes(after)
  if begins_with_any(after, closing) then return true end
  local mark = begins_with_any(after, either)
  return mark ~= nil and string.find(after, "^[%s%p]", #mark + 1) ~= nil or mark == after
end

-- A blank stands in the place of a cut only where one stood on a side of it, and none at the inner side of a mark.
local function blank_between(before, after)
  local blank = string.find(before, "[ \t]$") or string.find(after, "^[ \t]")
  if not blank or string.find(after, "^[ \t]*[%.,;:!%?]") or closes(after) or ends_with_any(before, opening) then return "" end
  return " "
end

-- What a cut leaves behind joins without a hole.
local function joined(before, new, after)
  if new ~= "" then return before .. new .. after end
  local head, tail = string.gsub(before, "[ \t]+$", ""), string.gsub(after, "^[ \t]+", "")
  local breaks = string.match(head, "\n*$") .. string.match(tail, "^\n*")
  head, tail = string.gsub(head, "\n+$", ""), string.gsub(tail, "^\n+", "")
  if head == "" or tail == "" then return head .. tail end
  local between = breaks ~= "" and "\n\n" or blank_between(before, after)
  return head .. between .. tail
end

--- The prose with the edits { {old=, new=}, ... } that could be made, and how many of them were.
function repairs.apply(prose, edits)
  local made = 0
  for _, edit in ipairs(edits) do
    local old, new = text.trim(edit.old or ""), text.trim(edit.new or "")
    local first, last = nil, nil
    if old ~= "" and old ~= new then first, last = only_place(prose, old) end
    if first then
      prose = joined(string.sub(prose, 1, first - 1), new, string.sub(prose, last + 1))
      made = made + 1
    end
  end
  return prose, made
end

return repairs
