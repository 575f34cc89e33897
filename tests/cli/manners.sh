#!/usr/bin/env bash
# The embedded model's manners: from quire.lua for all its answers, from a script for one.
. "$(dirname "$0")/../lib.sh"

mkdir -p "$QUIRE_LIBRARY"
cat >"$tmp/ask.lua" <<'LUA'
return { title = "Ask", input = { { name = "manner", type = "string" } }, run = function(input)
  local a = llm.ask { role = "writer", prompt = "Write two sentences about a lamp.", max_words = 100,
    extra = input.manner and { manners = { input.manner } } or nil }
  return { text = a.text, thought = #a.reasoning }
end }
LUA
ask() { "$QUIRE" run "$tmp/ask.lua" --quiet --max-wait 0s "$@" 2>&1; }

t_case "a script asks for a manner for one call"
plain=$(ask)
t_has "$plain" "Thought: 0"
t_has "$(ask --set manner=think=50)" "Thought: 200"
t_has "$(ask --set manner=chat-after)" "$(sed -n 's/^Text: //p' <<<"$plain")"
t_is "$(ask --set manner=latency=200)" "$plain"

t_case "a manner that there is not is refused in words"
t_has "$(ask --set manner=thinks=50)" "there is no manner 'thinks'"

t_case "a limit of its own is refused once, and then kept to"
t_has "$(ask --set manner=limit-refused=20)" "Text: "
t_is "$(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "SELECT value FROM settings WHERE key LIKE 'learnt:%'")" '{"max_output":20}'

t_case "quire.lua gives the rehearsal manners for all its answers; a script's own come in their place"
cat >"$QUIRE_LIBRARY/quire.lua" <<'LUA'
return { providers = { rehearsal = { adapter = "rehearsal", base_url = "rehearsal:", options = { manners = { "think=30" } } } } }
LUA
t_has "$(ask)" "Thought: 120"
t_has "$(ask --set manner=think=10)" "Thought: 40"
t_case "a book by the rehearsal model is labelled, whatever its provider is called, and stays so when that is called something else"
export QUIRE_LIBRARY=$tmp/practice
mkdir -p "$QUIRE_LIBRARY"
echo 'return { providers = { practice = { adapter = "rehearsal", base_url = "rehearsal:" } }, roles = { default = "practice/novelist" } }' >"$QUIRE_LIBRARY/quire.lua"
t_run "$QUIRE" run generate_book --quiet --json --set brief="A ferry." --set chapters=1 --set words_per_chapter=200 --set candidates=1
t_has "$(tr -d ' \n' <<<"$out")" '"rehearsal":true'
rm "$QUIRE_LIBRARY/quire.lua"
t_is "$(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "SELECT value FROM settings WHERE key = 'learnt:practice/novelist'")" '{"rehearsal":true}'
t_has "$("$QUIRE" show 1 --json | tail -40)" '"rehearsal": true'
t_done
