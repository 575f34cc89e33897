-- lib/repairs.lua: cuts and repairs by exact words. A model says which words go and what stands there instead; code does it, and leaves alone
-- all that it cannot find once and only once.
local repairs = {}

local function only_place(prose, old)
  local first, last = string.find(prose, old, 1, true)
  if not first or string.find(prose, old, last + 1, true) then return nil end
  return first, last
end

-- What a cut leaves behind joins without a hole.
local function joined(before, new, after)
  if new ~= "" then return before .. new .. after end
  local head, tail = string.gsub(before, "[ \t]+$", ""), string.gsub(after, "^[ \t]+", "")
  local breaks = string.match(head, "\n*$") .. string.match(tail, "^\n*")
  head, tail = string.gsub(head, "\n+$", ""), string.gsub(tail, "^\n+", "")
  if head == "" or tail == "" then return head .. tail end
  local between = breaks ~= "" and "\n\n" or string.find(tail, "^[%.,;:!%?]") and "" or " "
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
