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
t_done
