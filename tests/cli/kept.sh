#!/usr/bin/env bash
# kept.sh - what of a model's text is kept: every line of prose; what the model said around it goes, and is told.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

# speaks HEAD TAIL: a library whose model puts them around its prose.
speaks() {
  fresh "library-$((++libraries))"
  mkdir -p "$QUIRE_LIBRARY/scripts/providers"
  sed -i 's/adapter = "openai"/adapter = "talker"/' "$QUIRE_LIBRARY/quire.lua"
  cat >"$QUIRE_LIBRARY/scripts/providers/talker.lua" <<LUA
local talker = {}
for name, value in pairs(require "openai") do talker[name] = value end
local event = talker.event
function talker.event(s, name, data)
  local text, thought, failure = event(s, name, data)
  if data == "[DONE]" then return s.prose and [==[$2]==] or nil end
  if text and text ~= "" and s.prose == nil then
    s.prose = not text:find("^%s*{")
    text = (s.prose and [==[$1]==] or "") .. text
  end
  return text, thought, failure
end
return talker
LUA
}
libraries=0

write() {
  t_run "${1:-0}" "$QUIRE" run generate_book --quiet --project b --set title="The Lamp" --set brief="A keeper finds a log." --set chapters=1 \
    --set words_per_chapter=300 --set candidates=1
  book=$(cat "$QUIRE_LIBRARY/exports/b/book.md")
}

t_case "lines that only look like headings or greetings are prose and stay in the chapter"
speaks $'Here is what the keeper wrote that night:\n\n#1 on the list was her own name.\n\nChapter 7 of the manual was missing.\n\n' $'\n\nEnd of story.\n\nLet me know if you change your mind.'
write
for line in "Here is what the keeper wrote that night:" "#1 on the list was her own name." "Chapter 7 of the manual was missing." "End of story." \
  "Let me know if you change your mind."; do t_has "$book" "$line"; done

t_case "a greeting, a heading and an offer stay out of the book; each is logged and kept with the chapter's issues"
speaks $'Certainly! Here is the scene:\n\n---\n\n## Scene 1: The Stair\n\n' $'\n\n---\n\nLet me know if you would like me to adjust the tone or continue with the next scene!'
write
for line in "Certainly!" "The Stair" "Let me know"; do t_is "$(grep -c "$line" <<<"$book")" 0; done
issues=$("$QUIRE" artifact show b issues/01.json)
for line in "Certainly! Here is the scene:" "## Scene 1: The Stair" "Let me know if you would like me to adjust"; do
  t_has "$issues" "$line"
  t_has "$("$QUIRE" logs 1)" "taken off, it is not prose: $line"
done

t_case "what stands around prose in other ways and languages"
cat >"$tmp/strip.lua" <<'LUA'
local remarks = require "lib.remarks"
local gone = { -- what goes, before or behind "She ran."
  "# Scene 1", "Chapter 7", "Chapter 7: The Stair", "**Chapter Seven**", "第三章 潮", "Kapitel IV", "Here's the revised scene 2:", "Gerne! Hier ist die Szene:",
  "Of course! Here's the rewritten scene, in about 400 words:", "\n(Word count: 612)", "\n[End of scene 2]", "\n**End of Chapter 3**",
  "\nI hope this meets the brief! Would you like me to revise the scene?", "\n*Let me know if you'd like any changes.*" }
local kept = { "# 1 on the list was her own name.", "Chapter 7. He closed the book.", "Sure, he said.", "Here is the chapter he could not finish:",
  "The list was short:", "3. Mai. Es regnete.", "1984 was on the table.", "\nEnd of story.", "\nI hope you come.", "\nThe end of Chapter 3 was torn out." }
local function around(line)
  return line:sub(1, 1) == "\n" and "She ran.\n" .. line or line .. "\n\nShe ran."
end
return { title = "Strip", input = {}, run = function()
  for _, line in ipairs(gone) do
    local prose, taken = remarks.strip(around(line))
    if prose ~= "She ran." or taken[1] ~= text.trim(line) then log.error("stays: %s", line) end
  end
  for _, line in ipairs(kept) do
    local prose, taken = remarks.strip(around(line))
    if #taken > 0 or #text.paragraphs(prose) ~= 2 then log.error("goes: %s", line) end
  end
  local fenced, marks = remarks.strip("```markdown\nShe ran.\n\nHe sat.\n```")
  if fenced ~= "She ran.\n\nHe sat." or #marks ~= 1 then log.error("a fence: %s", fenced) end
  return { checked = #gone + #kept }
end }
LUA
t_run "$QUIRE" run "$tmp/strip.lua"
t_has "$out" "Checked: 24"
t_is "$(grep -cE 'stays: |goes: |a fence: ' <<<"$out")" 0

t_case "an outline is cut at its chapters, in any language, and not at a list inside one of them"
cat >"$tmp/slices.lua" <<'LUA'
local given = require "lib.given"
local outlines = {
  "## Chapter 1\nAnna arrives:\n\n1. She rings.\n2. Nobody opens.\n3. She waits.\n\n## Chapter 2\nthe key\n\n## Chapter 3\nShe leaves.\n",
  "## Capítulo 1\nAna.\n\n## Capítulo 2\nthe key\n\n## Capítulo 3\nSe va.\n", "## Chapter One\nA.\n\n## Chapter Two\nthe key\n\n## Chapter Three\nB.\n",
  "Kapitel I: Ebbe\na\nKapitel II: Flut\nthe key\nKapitel III\nb", "第一章 潮\na\n第二章\nthe key\n第三章 x\nb", "Глава первая\na\nГлава вторая\nthe key\nГлава третья\nb",
  "الفصل ١\na\nالفصل ٢\nthe key\nالفصل ٣\nb", "# 1\na\n# 2\nthe key\n# 3\nb", "1. First\na\n  1. x\n  2. y\n2. Second\nthe key\n3. Third\nb",
  "제1장\na\n제2장 바다\nthe key\n제3장\nb", "**1. First**\na\n1. x\n2. y\n**2. Second**\nthe key\n**3. Third**\nb", "Chapter 1: A\nAs in Chapter 3 is told.\nChapter 2: B\nthe key\nChapter 3: C\nb",
}
return { title = "Slices", input = {}, run = function()
  for _, outline in ipairs(outlines) do
    local slices = given.slices({ text = outline }, 3)
    local right = slices[2] and slices[2]:find("the key", 1, true) and slices[1] and slices[3] and not slices[1]:find("the key", 1, true)
      and not slices[3]:find("the key", 1, true)
    if not right then log.error("cut wrongly: %s", outline) end
  end
  return { checked = #outlines }
end }
LUA
t_run "$QUIRE" run "$tmp/slices.lua"
t_has "$out" "Checked: 12"
t_is "$(grep -c 'cut wrongly' <<<"$out")" 0

t_case "repairs of worn phrases leave a person's chapter alone, are spread over the book, and are read by a judge"
fresh worn
t_run "$QUIRE" run generate_book --quiet --project b --set title="The Lamp" --set brief="A keeper finds a log." --set chapters=5 --set words_per_chapter=200 \
  --set candidates=1
cat >"$tmp/worn.lua" <<'LUA'
return { title = "Worn chapters", input = {}, run = function()
  for chapter = 1, 5 do
    local out = { "# Chapter" }
    for i = 1, 5 do out[#out + 1] = ("In %d.%d the lamp burned low over the water that night."):format(chapter, i) end
    artifact.put(("chapters/%02d.md"):format(chapter), table.concat(out, "\n\n") .. "\n")
  end
end }
LUA
cat >"$tmp/repair.lua" <<'LUA'
local Book, calls, postprocessing = require "lib.book", require "lib.calls", require "phases.postprocessing"
-- The writer answers with other words for each sentence it is shown, the judge takes all but the first of a list.
function calls.try_json(_, ask)
  local task, list = ask.blocks[#ask.blocks].text, json.array {}
  for number, place in task:gmatch("\n(%d+)%. %([^\n]-%) In ([%d%.]+) the") do
    list[#list + 1] = { number = math.tointeger(tonumber(number)), sentence = ("Behind %s a small flame stood above all that black sea."):format(place) }
  end
  if #list > 0 then return { sentences = list } end
  for number in task:gmatch("\n(%d+)%. Before") do list[#list + 1] = { number = math.tointeger(tonumber(number)), better = number == "1" and "A" or "B" } end
  return { verdicts = list }
end
return { title = "Repair", input = {}, run = function()
  local book = Book.reopen()
  book:remember_until(5)
  postprocessing.run(book)
end }
LUA
t_run "$QUIRE" run "$tmp/worn.lua" --project b --quiet
"$QUIRE" artifact show b chapters/02.md | sed 's/Chapter/Mine/' >"$tmp/mine.md"
t_run "$QUIRE" artifact edit b chapters/02.md --from "$tmp/mine.md"
t_run "$QUIRE" run "$tmp/repair.lua" --project b --quiet
t_is "$("$QUIRE" artifact show b chapters/02.md)" "$(cat "$tmp/mine.md")"
t_is "$("$QUIRE" artifact history b chapters/02.md | grep -c proposal)" 0
repaired=''
for chapter in 1 2 3 4 5; do repaired+="$("$QUIRE" artifact show b "chapters/0$chapter.md" | grep -c '^Behind') "; done
t_is "$repaired" "2 0 4 4 4 " # 16 in turn, less the two that the judge would not have
t_has "$("$QUIRE" logs 3)" "because the book says"

t_case "a rewrite over a person's chapter is a proposal, says so, and leaves the facts of the text that stands"
facts=$("$QUIRE" artifact history b facts/02.json | wc -l)
t_run "$QUIRE" run rewrite_chapter --project b --set chapter=2 --set instruction="colder" --quiet --json
t_has "$out" '"proposal": true'
run=$("$QUIRE" sql "SELECT max(id) AS n FROM runs" --json | tr -dc 0-9)
t_has "$("$QUIRE" logs "$run")" "saved as a proposal"
t_is "$("$QUIRE" artifact show b chapters/02.md)" "$(cat "$tmp/mine.md")"
t_is "$("$QUIRE" artifact history b facts/02.json | wc -l)" "$facts"

t_case "who writes a finished book again with another model gets that model's answers"
ledger_clear
t_run "$QUIRE" retry 1 --model stub/other --quiet
t_ok test "$(ledger_total)" -gt 5

t_case "an export makes the formats that were asked for, and no other"
rm -rf "$tmp/files"
t_run "$QUIRE" export b --format md --out "$tmp/files" --quiet
t_is "$(find "$tmp/files" -type f -printf '%f ')" "book.md "

t_done
