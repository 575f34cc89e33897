#!/usr/bin/env bash
# Another program holds the write lock while 50 runs work: no run fails, no status is lost, streams flow on, a freed lock is taken at once, and the
# attempts are in the log. HOLD_S (5) with steps of STEP_MS (1,000); HAMMER_S (5) of four writers.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

: "${HOLD_S:=5}" "${STEP_MS:=1000}" "${HAMMER_S:=5}"
runs=50
rehearse_start --latency 800 --chunks 8 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "50 undisturbed runs"
rehearse_control '{"latency": 20}'
reference $runs 4

answered() { ledger_number answered; }
asked() { [[ $(ledger_total) -ge $1 ]]; }

t_case "the lock is held for $HOLD_S s: streams in flight are read to their end meanwhile"
rehearse_control '{"latency": 3000}'
steps_library 4
serve_start QUIRE_LOCK_STEP_MS="$STEP_MS"
submit 1 $runs
t_wait 10 asked $runs
mkfifo "$tmp/holder"
sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
sleep "$HOLD_S"
t_is "$(answered)" $runs
t_is "$(ledger_total)" $runs
t_is "$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")" 0
rehearse_control '{"latency": 20}'

t_case "freed, it is taken at once"
freed=$(date +%s%N)
echo "COMMIT;" >&7
exec 7>&-
until [[ $(ledger_total) -gt $runs ]]; do t_sleep 0.01; done
waited=$((($(date +%s%N) - freed) / 1000000))
echo "# the next request came after $waited ms"
t_ok test "$waited" -lt 1000
wait_ended 30
t_is "$(count completed)" $runs
t_is "$(ledger_total)" $((runs * 4))

t_case "the attempts are in the log, the runs in the books"
t_ok grep -q "store: attempt 1 of 5 failed: .*locked" "$tmp/serve.log"
t_ok grep -q "store: attempt 2 of 5 failed: .*locked" "$tmp/serve.log"
t_is "$(sql "SELECT max(epoch) FROM runs")" 1
t_is "$(ledger_repeats)" "0 0"
sound $runs

t_case "four programs write as fast as they can for $HAMMER_S s"
ledger_clear
hammers=()
for i in 1 2 3 4; do
  yes "BEGIN IMMEDIATE; INSERT OR REPLACE INTO settings (key, value) VALUES ('hammer-$i', hex(randomblob(100))); COMMIT;" 2>/dev/null |
    timeout "$((HAMMER_S + 60))" sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" >/dev/null 2>"$tmp/hammer.$i" &
  hammers+=($!)
done
hammered() { [[ $(sql "SELECT count(*) FROM settings WHERE key LIKE 'hammer-%'") == 4 ]]; }
t_wait 60 hammered # SQLite's lock is not fair: until the last of them has had it once
batch=0
end=$((SECONDS + HAMMER_S))
while ((SECONDS < end)); do
  batch=$((batch + 1))
  submit 1 $runs "h$batch"
  t_wait 60 all_ended
done
kill "${hammers[@]}"
wait "${hammers[@]}"
wait_ended 60
t_is "$(sql "SELECT count(*) - $((runs * (batch + 1))), min(status), max(status) FROM runs")" "0|completed|completed"
echo "# $batch times $runs runs meanwhile"
sound $runs
serve_stop
t_is "$status" 0

t_case "held for longer than all attempts: the client is told, nothing is lost, and the library heals"
steps_library 4
serve_start QUIRE_LOCK_STEP_MS=30
rehearse_control '{"latency": 1000}'
submit 1 5
t_wait 10 asked 5
ledger_clear
sqlite3 "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
not_ready() { asks GET /readyz && [[ $t_code == 503 ]]; }
t_wait 10 not_ready
told=$(api POST /api/runs '{"pipeline": "steps", "key": "late-1", "input": {"n": 1}}')
t_has "$told" "locked"
t_wait 10 test -s "$QUIRE_LIBRARY/spool"
echo "COMMIT;" >&7
exec 7>&-
is_ready() { ! not_ready; }
t_wait 10 is_ready
wait_ended 20
t_is "$(sql "SELECT count(*) FROM runs WHERE key = 'late-1'")" 0
t_is "$(sql "SELECT count(*) FROM calls WHERE state = 'answered' AND answer <> ''" | awk '{print ($1 >= 5)}')" 1
t_is "$(audit)" ""
t_ok test ! -e "$QUIRE_LIBRARY/spool"
sql "SELECT status, count(*) FROM runs GROUP BY 1" | sed 's/^/# then: /'
serve_stop
t_case "quire run stays with its run while a locked database makes it wait, and ends with its result"
cat >"$tmp/put.lua" <<'LUA'
return { run = function()
  log.info("it begins")
  for i = 1, 100 do
    run.sleep(0.05)
    artifact.put("a.md", "text " .. i)
  end
  return "written"
end }
LUA
rm -rf "$QUIRE_LIBRARY"
t_start "$tmp/put.out" env QUIRE_LOCK_ATTEMPTS=1 QUIRE_LOCK_STEP_MS=100 "$QUIRE" run "$tmp/put.lua"
t_wait 20 grep -q "it begins" "$tmp/put.out"
sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
t_wait 20 grep -q '"waiting"' "$QUIRE_LIBRARY/spool"
echo "COMMIT;" >&7
exec 7>&-
wait "$pid"
t_is $? 0
t_has "$(cat "$tmp/put.out")" written

t_case "with --max-wait it ends as waiting, by an exit code of its own"
t_start "$tmp/put.out" env QUIRE_LOCK_ATTEMPTS=1 QUIRE_LOCK_STEP_MS=100 "$QUIRE" run "$tmp/put.lua" --max-wait 0s
t_wait 20 grep -q "it begins" "$tmp/put.out"
sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
t_wait 20 grep -q '"waiting"' "$QUIRE_LIBRARY/spool"
echo "COMMIT;" >&7
exec 7>&-
wait "$pid"
t_is $? 9
t_has "$(cat "$tmp/put.out")" "Paused until"
t_done
