#!/usr/bin/env bash
# A whole book over HTTP in each dialect, with requests that fail in mixed ways: the book is there, thoughts stand in no chapter, each service's
# own errors are understood, and the tokens that were told are what was booked.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 4 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

dialect() {
  export QUIRE_LIBRARY=$tmp/$1
  rm -rf "$QUIRE_LIBRARY"
  mkdir -p "$QUIRE_LIBRARY"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "$1", base_url = "http://$rehearse/$2", retries = 6, first_byte_s = 5, idle_s = 5 } },
  roles = { default = "stub/novelist" },
}
LUA
  ledger_clear
}
glossary() { timeout 60 "$QUIRE" run glossary --quiet --max-wait 0s --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out."; }
book() {
  timeout 100 "$QUIRE" run generate_book --quiet --max-wait 0s --out "$tmp/files" --set title="The Tide Clock" \
    --set brief="A clockmaker mends the clock of a harbour." --set chapters=1 --set words_per_chapter=400 --set candidates=1
}
told() { ledger | grep -o "\"$1\": *[0-9]*" | awk -F: '{ n += $2 } END { print n + 0 }'; }
failures() { sql "SELECT count(*) FROM calls WHERE state <> 'answered' AND error LIKE '$1:%'"; }

while read -r name path; do
  t_case "$name: a book is written, and what the model thought stands beside it"
  dialect "$name" "$path"
  rehearse_control '{"faults": [], "manners": ["think=40"]}'
  t_run 0 book
  t_is "$(grep -c 'Okay' "$tmp/files/book.md")" 0
  t_is "$(sql "SELECT count(*) FROM calls WHERE state <> 'answered'")" 0
  t_is "$(sql "SELECT count(*) > 0 FROM calls WHERE length(reasoning) > 20")" 1
  t_is "$(sql "SELECT sum(input_tokens) || ' ' || sum(output_tokens) || ' ' || sum(usage_estimated) FROM calls")" "$(told input_tokens) $(told output_tokens) 0"

  t_case "$name: requests that fail in mixed ways cost no book"
  dialect "$name" "$path"
  rehearse_control '{"manners": [], "faults": ["524:times=1", "cut:times=1", "streamerror:times=1", "nostop:times=1", "429:times=1,wait=0"]}'
  t_run 0 glossary
  t_is "$(sql "SELECT group_concat(state, ' ') FROM (SELECT state FROM calls ORDER BY id LIMIT 6)")" \
    "failed truncated truncated truncated failed answered"
  t_is "$(failures rate) $(failures server) $(failures truncated)" "1 2 2"

  t_case "$name: a key that is refused waits for a person"
  rehearse_control '{"faults": ["401:times=1"]}'
  t_run 4 glossary
  t_is "$(failures auth)" 1
done <<'DIALECTS'
anthropic v1
gemini v1beta
ollama
openai_responses v1
DIALECTS
t_done
