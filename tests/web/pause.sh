#!/usr/bin/env bash
# pause.sh - a run that a person pauses rests, keeps what is under way, and goes on as if nothing had been.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../rehearse.sh"
. "$(dirname "$0")/../web.sh"

status() { sql "SELECT status FROM runs WHERE id = $run"; }
is() { [[ $(status) == "$1" ]]; }
begun() { (($(sql "SELECT count(*) FROM calls WHERE run_id = $run AND state = 'sent'") > 0)); }

rehearse_start --latency 400 --chunks 4
rehearse_library
web_start
send POST /api/runs '{"pipeline":"generate_book","input":{"brief":"A lamp.","title":"Rest","chapters":2,"words_per_chapter":600}}'
run=$(field '$.run')

t_case "a paused run lets its calls end, keeps their answers, and waits"
t_wait 20 begun
send POST "/api/runs/$run/pause" '{}'
t_is "$code $(field '$.status')" "200 pausing"
t_wait 20 is waiting
t_is "$(sql "SELECT count(*) FROM calls WHERE run_id = $run AND state <> 'answered'")" 0
get "/api/runs/$run"
t_is "$(field '$.state')" paused
t_has "$(field '$.next')" "Paused by a person"

t_case "what rests or has ended cannot be paused, and the answer says what it is"
send POST "/api/runs/$run/pause" '{}'
t_is "$code" 409
t_has "$body" "is waiting"

t_case "it goes on where it was, and no question is asked twice"
before=$(sql "SELECT count(*) FROM calls WHERE run_id = $run")
send POST "/api/runs/$run/resume" '{}'
t_is "$code" 200
t_wait 60 is completed
t_is "$(sql "SELECT count(*) > $before FROM calls WHERE run_id = $run")" 1
t_is "$(ledger_repeats)" "0 0"
t_run "$QUIRE" doctor --audit
t_has "$out" "every promise of the library holds"
send POST "/api/runs/$run/pause" '{}'
t_is "$code" 409
send POST /api/runs/999/pause '{}'
t_is "$code" 404

# Two questions at once: one that is answered slowly, one that the provider refuses for a second.
mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/pipelines/pair.lua" <<'LUA'
return { title = "Pair", run = function()
  task.all {
    function() llm.ask { role = "writer", prompt = "Write about 60 words on rope.", max_words = 60, extra = { metadata = { quire_role = "writer" } } } end,
    function() llm.ask { role = "judge", prompt = "Which rope is better?", max_words = 60, extra = { metadata = { quire_role = "judge" } } } end,
  }
end }
LUA
begin() { ledger_clear; send POST /api/runs '{"pipeline":"pair"}'; run=$(field '$.run'); }
states() { sql "SELECT group_concat(role || ' ' || state, ', ') FROM (SELECT * FROM calls WHERE run_id = $run ORDER BY role)"; }
are() { [[ $(states) == "$1" ]]; }

t_case "a pause lets the answer that comes come, and does not wait for a question that is to be asked again: it sends nothing new"
rehearse_control '{"latency": 0, "faults": ["slow:role=writer,wait=0.03", "429:role=judge,wait=1"]}'
begin
t_wait 20 are "judge failed, writer sent"
send POST "/api/runs/$run/pause" '{}'
t_is "$code" 200
t_wait 30 is waiting
t_is "$(states)" "judge failed, writer answered"
t_is "$(ledger_total)" 2

t_case "a call that fails while its run is to rest is not made again before the run goes on"
rehearse_control '{"faults": ["hang:role=judge"]}'
begin
t_wait 20 are "judge sent, writer answered"
send POST "/api/runs/$run/pause" '{}'
t_wait 30 is waiting
t_is "$(states)" "judge failed, writer answered"
t_is "$(ledger_total)" 2
rehearse_control '{"faults": []}'
send POST "/api/runs/$run/resume" '{}'
t_wait 30 is completed
t_is "$(ledger_total)" 3
t_done
