#!/usr/bin/env bash
# Where sentences end, by a gold set of 300 paragraphs in ten languages (sentences.txt): chapters are trimmed, and findings quoted, by sentences.
# A paragraph is right when each of its sentences is.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/sentences.lua" <<'LUA'
return { input = { { name = "gold", type = "string" } }, run = function(input)
  local right, wrong, poor, by = 0, {}, {}, {}
  for line in string.gmatch(input.gold, "[^\n]+") do
    local language, marked = string.match(line, "^(%l%l) (.+)$")
    if language then
      local blank = (language == "zh" or language == "ja") and "" or " "
      local got = table.concat(text.sentences((string.gsub(marked, "|", blank))), "|")
      by[language] = by[language] or { all = 0, right = 0 }
      by[language].all = by[language].all + 1
      if got == marked then by[language].right, right = by[language].right + 1, right + 1 else wrong[#wrong + 1] = language .. " " .. got end
    end
  end
  for language, row in pairs(by) do
    if row.right < row.all * 0.9 or row.all ~= 30 then poor[#poor + 1] = language end
  end
  table.sort(poor)
  return { right = right, wrong = table.concat(wrong, "\n"), poor = table.concat(poor, " ") }
end }
LUA

t_case "sentences end where a reader of their language ends them: at least 291 of 300 paragraphs, and 27 of 30 in each language"
t_run "$QUIRE" run "$tmp/sentences.lua" --quiet --set gold=@"$(dirname "$0")/sentences.txt"
t_is "$(sed -n "s/^Poor: *//p" <<<"$out")" ""
t_ok test "$(sed -n "s/^Right: //p" <<<"$out")" -ge 291
t_done
