-- quotes_unclosed: speech that is opened and never closed. A speech that goes on in the next paragraph opens there again.
local function count(paragraph, mark)
  local _, n = string.gsub(paragraph, mark, "")
  return n
end

-- „ is closed by “ or ”; » may open or close.
local function open_marks(paragraph)
  local low, left, right = count(paragraph, "„"), count(paragraph, "“"), count(paragraph, "”")
  if low > 0 then return low - left - right end
  local straight = count(paragraph, '"')
  if straight % 2 == 1 and left + right == 0 then return 1 end
  local outer, inner = count(paragraph, "«"), count(paragraph, "»")
  if (outer + inner) % 2 == 1 then return 1 end
  local corner = count(paragraph, "「") - count(paragraph, "」")
  return left - right ~= 0 and straight == 0 and left - right or corner
end

local function begins_with_mark(paragraph)
  local first = string.match(paragraph, "^[%*_]*(.*)")
  for _, mark in ipairs { '"', "“", "„", "«", "»", "「", "‘", "'" } do
    if string.sub(first, 1, #mark) == mark then return true end
  end
  return false
end

return {
  title = "Speech without an end", scope = "chapter", thresholds = { most = 3 },
  run = function(it, limits)
    local out, list = {}, it.reading:paragraphs()
    for i, paragraph in ipairs(list) do
      local open = open_marks(paragraph)
      local goes_on = open > 0 and list[i + 1] and begins_with_mark(list[i + 1])
      if open ~= 0 and not goes_on and #out < limits.most then
        out[#out + 1] = { quote = it.reading.cut_quote(paragraph), problem = "A quotation mark in this paragraph has no partner." }
      end
    end
    return out
  end,
}
