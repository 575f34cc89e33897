-- screenplay: speech and places noted as for a film: "INT. QUAY - NIGHT", "ADA: No.", "*Ada:* No.", "(beat)".
local function is_script(line)
  local bare = string.gsub(line, "[%*_]", "")
  if string.find(bare, "^INT[%./ ]") or string.find(bare, "^EXT[%./ ]") then return true end
  if string.find(bare, "^CUT TO") or string.find(bare, "^FADE ") or string.find(bare, "^%(beat%)") then return true end
  if string.find(bare, "^%u[%u%d' ]+:%s+%S") then return true end
  return string.find(line, "^%*+%u[%w' ]*:%*+%s*%S") ~= nil
end

return {
  title = "Screenplay", scope = "chapter", thresholds = { least = 2 },
  run = function(it, limits)
    local n, quote = 0, nil
    for _, line in ipairs(text.lines(it.reading.prose)) do
      if is_script(line) then
        n, quote = n + 1, quote or line
        if string.find(string.gsub(line, "[%*_]", ""), "^[IE][NX]T[%./ ]") then n = n + limits.least end
      end
    end
    if n < limits.least then return {} end
    return { { quote = it.reading.cut_quote(quote), problem = "This is written as a screenplay, not as prose." } }
  end,
}
