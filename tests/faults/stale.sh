#!/usr/bin/env bash
# Work that finishes after its run moved on; a host that is stopped and continued; clocks that jump; waiting that only looks like standing still.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --latency 20 --chunks 1 --chunk-delay 0 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
quick='watcher = { every_s = 0.3, stale_s = 1, never_s = 1.5 }'
asked() { [[ $(ledger_total) -ge $1 ]]; }
run_is() { [[ $(sql "SELECT status FROM runs WHERE id = $1") == "$2" ]]; }

t_case "ten undisturbed runs"
reference 10

t_case "a run moves on while its call is in flight: the answer is kept, and nothing else is written"
steps_library
rehearse_control '{"latency": 4000}'
serve_start
submit 1 1
t_wait 5 asked 1
sleep 1.5 # its last beat is written
before=$(sql "SELECT count(*) FROM events")
sqlite3 -cmd '.timeout 5000' "$QUIRE_LIBRARY/quire.db" "UPDATE runs SET epoch = epoch + 1, status = 'waiting', wait_kind = 'budget', wait_for = 'a test' WHERE id = 1"
answered() { [[ $(sql "SELECT state FROM calls WHERE id = 1") == answered ]]; }
t_wait 8 answered
sleep 0.3
t_is "$(sql "SELECT count(*) FROM events")" "$before"
t_is "$(sql "SELECT status, epoch FROM runs")" "waiting|2"
t_is "$(sql "SELECT count(*) FROM journal")" 0
t_is "$(sql "SELECT late_result IS NOT NULL FROM calls WHERE id = 1")" 1
t_ok test "$(api GET /metrics | awk '/^quire_.*fenced/ { n += $2 } END { print n + 0 }')" -ge 1
rehearse_control '{"latency": 20}'
api POST /api/runs/1/resume '{}' >"$tmp/said"
wait_ended 10
t_is "$(sql "SELECT status FROM runs")" completed
t_is "$(ledger_repeats)" "0 0"
t_is "$(ledger_total)" 20
t_is "$(audit)" ""
serve_stop

t_case "a host that is stopped for longer than stale_s and continued: nothing is stale, nothing is paid twice"
steps_library 20 "$quick"
rehearse_control '{"latency": 100}'
serve_start
submit 1 10
t_wait 5 asked 30
host_kill STOP
sleep 3
host_kill CONT
wait_ended 20
t_is "$(sql "SELECT count(*), max(epoch) FROM runs WHERE status = 'completed'")" "10|1"
t_is "$(ledger_repeats)" "0 0"
sound 10
serve_stop

t_case "a run that is paused ends the call that it has in flight, holds no memory, and goes on where it was"
steps_library
rehearse_control '{"latency": 700}'
serve_start
submit 1 2
t_wait 5 asked 2
t_run 0 "$QUIRE" pause 1
t_has "$out" "is paused"
t_wait 20 run_is 1 waiting
t_is "$(sql "SELECT status, wait_kind FROM runs WHERE id = 1")" "waiting|paused"
t_is "$(sql "SELECT count(*) FROM calls WHERE run_id = 1 AND state <> 'answered'")" 0
t_is "$(sql "SELECT count(*) FROM calls WHERE run_id = 1")" "$(sql "SELECT count(*) FROM journal WHERE run_id = 1 AND kind = 'llm'")"
t_has "$("$QUIRE" show 1 2>&1)" "Paused by a person. \`quire resume 1\` continues it."
t_has "$("$QUIRE" runs 2>&1)" "paused"
t_run 1 "$QUIRE" pause 1
t_has "$out" "is waiting"
rehearse_control '{"latency": 20}'
t_wait 20 run_is 2 completed
t_is "$(api POST /api/runs/2/pause '{}' | grep -c '"conflict"')" 1
t_run 0 "$QUIRE" note 1 "Less rain."
t_is "$(sql "SELECT run_id, text FROM notes")" "1|Less rain."
t_run 1 "$QUIRE" note 2 "Less rain."
t_has "$out" "is completed: it reads no more notes"
t_run 10 "$QUIRE" note 99 "Less rain."
host_kill # and paused it stays
t_wait 10 serve_ready
t_is "$(sql "SELECT status, wait_kind FROM runs WHERE id = 1")" "waiting|paused"
api POST /api/runs/1/resume '{}' >"$tmp/said"
wait_ended 20
t_is "$(ledger_repeats)" "0 0"
t_is "$(ledger_total)" 40
t_is "$(audit)" ""
serve_stop

t_case "a queued run is paused where it stands, also without an owner"
steps_library 2
serve_start
api POST /api/runs "{\"pipeline\": \"steps\", \"key\": \"later\", \"input\": {\"n\": 1}, \"after_ms\": $(date -d '+1 hour' +%s)000}" >"$tmp/said"
serve_stop
t_run 0 "$QUIRE" pause 1
t_is "$(sql "SELECT status, wait_kind, wake_at IS NULL FROM runs")" "waiting|paused|1"
t_run 10 "$QUIRE" pause 2
t_is "$(audit)" ""

t_case "runs that wait for their turn at the provider are not stale"
slow='watcher = { every_s = 0.5, stale_s = 3, never_s = 4 }'
steps_library 4 "$slow"
sed -i 's/retries = 4/retries = 4, concurrency = 1/' "$QUIRE_LIBRARY/quire.lua"
serve_start
submit 1 20
wait_ended 30
t_is "$(sql "SELECT count(*), max(epoch), max(deaths) FROM runs WHERE status = 'completed'")" "20|1|0"
t_is "$(audit)" ""
serve_stop

t_case "on_stale = fail: a run that waits in vain for the store fails with its reason, the others too, and none is stuck"
steps_library 20 "${quick/never_s/on_stale = \"fail\", never_s}"
serve_start
rehearse_control '{"latency": 20}'
mkfifo "$tmp/holder"
submit 1 3
sqlite3 -cmd '.timeout 5000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
sleep 3
echo "COMMIT;" >&7
exec 7>&-
wait_ended 10
t_is "$(sql "SELECT count(*) FROM runs WHERE status = 'failed'")" 3
t_is "$(sql "SELECT DISTINCT json_extract(error, '\$.kind') FROM run_texts")" stuck
t_is "$(audit)" ""
serve_stop

for jump in 3600000 -3600000; do
  t_case "the clock of the next host is off by $((jump / 1000)) s: nothing is stale early, no timer is lost"
  steps_library 20 "watcher = { every_s = 0.3, stale_s = 900 }"
  rehearse_control '{"latency": 50}'
  serve_start
  submit 1 10
  t_wait 5 asked 50
  kill -9 "$guardian"
  wait "$guardian" 2>/dev/null
  sleep 0.2
  serve_start QUIRE_TEST_CLOCK_MS=$jump
  wait_ended 20
  t_is "$(sql "SELECT count(*), max(epoch) FROM runs WHERE status = 'completed'")" "10|2"
  sound 10
  serve_stop
done
t_done
