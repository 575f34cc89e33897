-- quotes_mixed: two styles of quotation marks in one chapter, as when scenes come from different models.
local styles = { { "straight", '"' }, { "curly", "“" }, { "German", "„" }, { "angle", "«" }, { "corner", "「" } }

return {
  title = "Two styles of quotation marks", scope = "chapter", thresholds = { least = 3 },
  run = function(it, limits)
    local found = {}
    for _, style in ipairs(styles) do
      local _, n = string.gsub(it.reading.prose, style[2], "")
      if style[1] == "curly" and string.find(it.reading.prose, "„", 1, true) then n = 0 end
      if n >= limits.least then found[#found + 1] = style[1] end
    end
    if #found < 2 then return {} end
    return { { problem = "Speech stands in " .. table.concat(found, " and ") .. " quotation marks in one chapter." } }
  end,
}
