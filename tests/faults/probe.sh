#!/usr/bin/env bash
# What a provider says of itself: the models that are there and their sizes, in each dialect; and services that cannot stream.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --chunks 4 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

library() { # ADAPTER PATH [MORE]
  export QUIRE_LIBRARY=$tmp/$1-$RANDOM
  mkdir -p "$QUIRE_LIBRARY"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "$1", base_url = "http://$rehearse/$2", first_byte_s = 1, ${3:-} } },
  roles = { default = "stub/rehearsal" },
  watcher = { every_s = 0.3, stale_s = 1 },
}
LUA
  ledger_clear
}
glossary() { timeout 60 "$QUIRE" run glossary --quiet --max-wait 0s --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out."; }
learnt() { [[ $(sql "SELECT count(*) FROM settings WHERE key LIKE 'learnt:stub/rehearsal%'") = 1 ]]; }
found() { "$QUIRE" models stub --found --json | tr -d ' \n'; }

while read -r name path model; do
  t_case "$name: the models that are there are found, and what is said of them is learnt"
  library "$name" "$path"
  t_run 0 glossary
  t_has "$(found)" "$model"
  t_is "$(sql "SELECT count(*) FROM settings WHERE key LIKE 'learnt:stub/rehearsal%' AND value LIKE '%\"context\":%'")" 1
  t_has "$("$QUIRE" models stub)" "stub/rehearsal"

  t_case "$name: a service that cannot stream writes all the same, and silence while it writes is no standstill"
  library "$name" "$path" "stream = false"
  rehearse_control '{"latency_ms": 1600}'
  t_run 0 glossary
  rehearse_control '{"latency_ms": 0}'
  t_is "$(ledger | tr -d ' ' | grep -c '"stream":true')" 0
  t_is "$(sql "SELECT count(*) FROM calls WHERE state <> 'answered' OR usage_estimated")" 0
  t_is "$(sql "SELECT max(epoch) FROM runs")" 1
done <<'DIALECTS'
openai v1 {"context":1000000,"name":"rehearsal"}
openai_responses v1 {"context":1000000,"name":"rehearsal"}
openai llamacpp/v1 {"context":32768,"name":"rehearsal"}
anthropic v1 {"context":1000000,"max_output":64000,"name":"rehearsal"}
gemini v1beta {"context":1000000,"max_output":64000,"name":"rehearsal","thinks":"never"}
ollama . {"context":32768,"least":"none","name":"rehearsal:latest","thinks":"default"}
DIALECTS

t_case "what a person set goes before what a server told"
library openai v1
sed -i 's|^  roles|  prices = { ["stub/rehearsal"] = { context = 5000 } },\n  roles|' "$QUIRE_LIBRARY/quire.lua"
t_run 0 glossary
found >/dev/null
t_has "$("$QUIRE" models stub/rehearsal --json | tr -d ' \n')" '"facts":{"context":5000}'

t_case "a living host asks by itself, and learns at once"
serve_start
t_has "$(found)" '"name":"rehearsal"'
t_wait 5 learnt
serve_stop

t_case "a server that is not there, a wrong key, a name that nobody has: each says so"
library openai v1
sed -i "s|http://$rehearse|http://127.0.0.1:1|" "$QUIRE_LIBRARY/quire.lua"
t_has "$(found)" "doesnotanswer"
library openai nothing/here
t_has "$(found)" "thereisnothingatthisaddress"
t_run 10 "$QUIRE" models nobody --found
t_done
