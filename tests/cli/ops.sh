#!/usr/bin/env bash
# ops.sh - what an operator does: doctor, backup and restore, prune, sweep, readiness, reload, the log, metrics, queue rules.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/naps.lua" <<'LUA'
return {
  title = "Naps",
  input = { { name = "n", type = "integer", default = 20 } },
  run = function(input)
    run.phase("Napping")
    for i = 1, input.n do
      run.sleep(0.1)
      llm.ask { role = "writer", prompt = "Nap " .. i, max_words = 20 }
      log.info("nap %d is over", i)
    end
    return { naps = input.n }
  end,
}
LUA
twice() { [[ $(grep -c "listens at" "$tmp/serve") == 2 ]]; }
completed() { [[ $(sql "SELECT count(*) AS n FROM runs WHERE key IN ($1) AND status = 'completed'") == "$2" ]]; }
sql() { "$QUIRE" sql "$1" --json | sed -n 's/^ *"n": //p'; }
address() { sed -n 's/.*"address": *"\([^"]*\)".*/\1/p' "$QUIRE_LIBRARY/owner.json"; }
get() { curl -sS -o - -w '\n%{http_code}' "http://$(address)$1"; }
serve() { # [settings of quire.lua] [options]: starts a host, waits until it is ready
  printf '%s\n' "$1" >"$QUIRE_LIBRARY/quire.lua"
  t_start "$tmp/serve" "$QUIRE" serve "${@:2}"
  host=$pid
  t_wait 10 grep -q "listens at" "$tmp/serve"
}
stop() { kill -TERM "$host"; wait "$host"; }
t_at_exit stop

t_case "doctor of a new computer says what is missing, and that is no fault"
t_run "$QUIRE" doctor
t_has "$out" "there is no library"

t_case "doctor and its audit find a sound library sound, as JSON too"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=2 --project naps --metrics-file "$tmp/metrics"
t_run "$QUIRE" doctor --audit
t_has "$out" "every promise of the library holds"
t_run "$QUIRE" doctor --audit --json
t_has "$out" '"ok": true'

t_case "a run that nobody scrapes leaves its metrics in a file"
t_has "$(cat "$tmp/metrics")" 'quire_runs_ended_total{status="completed"} 1'
t_has "$(cat "$tmp/metrics")" 'quire_llm_requests_total{provider="rehearsal",model="novelist",outcome="answered"} 2'
t_has "$(cat "$tmp/metrics")" 'quire_build_info{version="'

t_case "doctor names a broken promise and ends with 1"
cp -r "$QUIRE_LIBRARY" "$tmp/broken"
sqlite3 "$tmp/broken/quire.db" "DROP TRIGGER runs_terminal; UPDATE runs SET cost_nano = cost_nano + 7, calls = calls + 1"
t_run 1 "$QUIRE" doctor --audit --library "$tmp/broken"
t_has "$out" "breach"

t_case "doctor says that a role's key is missing"
mkdir -p "$tmp/keyless"
echo 'return { roles = { default = "openai/gpt-5" } }' >"$tmp/keyless/quire.lua"
OPENAI_API_KEY='' t_run 1 "$QUIRE" doctor --library "$tmp/keyless"
t_has "$out" "OPENAI_API_KEY"

t_case "doctor says that nobody answers at a role's provider, and asks for no program that nothing uses"
mkdir "$tmp/dead"
echo 'return { providers = { shed = { adapter = "openai", base_url = "http://127.0.0.1:9/v1" } }, roles = { writer = "shed/m" } }' >"$tmp/dead/quire.lua"
t_run "$QUIRE" --library "$tmp/dead" doctor
t_has "$out" "shed: nobody answers at http://127.0.0.1:9/v1"
t_is "$(grep -c weasyprint <<<"$out")" 0

t_case "doctor tells an owner in another container from a process with its number here, and nobody ends that one"
if unshare -pf --mount-proc true 2>/dev/null; then
  t_start "$tmp/container" unshare -pf --kill-child --mount-proc "$QUIRE" --library "$tmp/boxed" serve
  t_at_exit kill -9 $pid
  t_wait 10 grep -q "listens at" "$tmp/container"
  t_run "$QUIRE" --library "$tmp/boxed" doctor
  t_has "$out" "of another container (quire serve) at http://"
  t_run 11 "$QUIRE" --library "$tmp/boxed" run "$tmp/naps.lua" --take-over
  t_has "$out" "of another container owns"
  kill -9 $pid # it lets other signals pass by; what is in the container ends with it
else
  t_skip "process namespaces are not allowed here"
fi

t_case "sql answers one statement and says so; a query without end is ended; a backup is a file"
t_run 2 "$QUIRE" sql "SELECT 1; DELETE FROM runs"
t_has "$out" "a second one follows: DELETE FROM runs"
t_run "$QUIRE" sql "SELECT count(*) AS n FROM runs; -- all of them"
t_run 8 timeout 20 "$QUIRE" sql --max-wait 1s "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT sum(n) FROM c"
t_has "$out" "longer than 1 s"
t_run 2 "$QUIRE" backup -
t_ok test ! -e ./-

t_case "a backup becomes the same library elsewhere; nothing is overwritten"
t_run "$QUIRE" backup "$tmp/backup.db"
t_run 1 "$QUIRE" backup "$tmp/backup.db"
t_run "$QUIRE" restore "$tmp/backup.db" --library "$tmp/elsewhere"
t_is "$("$QUIRE" runs --json --library "$tmp/elsewhere" | grep -c '"run":')" "1"
t_run 1 "$QUIRE" restore "$tmp/backup.db" --library "$tmp/elsewhere"
t_has "$out" "--replace"
t_run "$QUIRE" restore "$tmp/backup.db" --library "$tmp/elsewhere" --replace
t_run "$QUIRE" doctor --audit --library "$tmp/elsewhere"

t_case "prune says what would go before it goes; a project goes only as a whole"
t_run "$QUIRE" prune --dry-run --older 0s
t_has "$out" "1 run would go"
t_run "$QUIRE" prune
t_has "$out" "0 runs gone"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=1 --project gone
t_run "$QUIRE" prune --older 0s --keep 1 --json
t_has "$out" '"runs": 0'
t_run 10 "$QUIRE" project delete gnoe
t_run "$QUIRE" project delete gone
t_run 10 "$QUIRE" project show gone
t_run "$QUIRE" doctor --audit

t_case "without an owner there is nothing to sweep, and that is said"
t_run 1 "$QUIRE" sweep
t_has "$out" "quire serve"

t_case "the owner's log tells the book, its phases and its end; --log-json makes lines for machines"
serve "return {}"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=1 --project logged
t_wait 5 grep -q "(logged): is completed" "$tmp/serve"
t_has "$(cat "$tmp/serve")" '(logged): runs: naps, "Naps"'
t_has "$(cat "$tmp/serve")" "(logged): --- Phase: Napping ---"
t_has "$(cat "$tmp/serve")" "(logged): nap 1 is over"

t_case "serve logs wherever its options stand, and with --log-json every line to the last is JSON"
t_start "$tmp/log" "$QUIRE" --library "$tmp/logs" serve --log-json
t_wait 10 grep -q "listens at" "$tmp/log"
t_run 11 "$QUIRE" --library "$tmp/logs" serve --log-json
t_is "$(sqlite3 :memory: "SELECT json_valid('${out//\'/}')")" 1
t_run "$QUIRE" --library "$tmp/logs" run "$tmp/naps.lua" --set n=1
t_wait 5 grep -q "nap 1 is over" "$tmp/log"
kill -TERM $pid
wait $pid
t_has "$(tail -n 1 "$tmp/log")" "Stopping"
t_is "$(grep -vc '^{.*}$' "$tmp/log")" 0

t_case "house is kept through the owner while it lives"
t_run "$QUIRE" sweep
t_has "$out" "All runs move"
t_run "$QUIRE" prune --older 0s
t_has "$out" "gone"
t_run "$QUIRE" project delete logged
t_run 11 "$QUIRE" restore "$tmp/backup.db" --replace
t_run "$QUIRE" doctor --audit
t_has "$out" "quire serve"
t_has "$(get /metrics)" "quire_watcher_last_sweep_timestamp_seconds"
t_has "$(get /readyz)" '"ready"'
stop

t_case "with too little disk readiness is red, says why, and takes nothing new"
serve "return { limits = { free_mb = 900000000 } }" --log-json
t_has "$(cat "$tmp/serve")" '{"time":"'
t_has "$(get /readyz)" "limits.free_mb"
t_has "$(get /readyz)" $'\n503'
t_run 1 "$QUIRE" run "$tmp/naps.lua" --set n=1
t_has "$out" "limits.free_mb"
t_is "$(sql "SELECT count(*) AS n FROM runs WHERE status = 'queued'")" "0"
stop

t_case "SIGHUP with wrong settings changes nothing and says so; with right ones they hold, and no run is lost"
serve "return { limits = { run_calls = 50 } }"
"$QUIRE" run "$tmp/naps.lua" --set n=30 --key hup --detach >/dev/null 2>&1
t_wait 5 grep -q "nap 2 is over" "$tmp/serve"
echo "return { limts = {} }" >"$QUIRE_LIBRARY/quire.lua"
kill -HUP "$host"
t_wait 5 grep -q "refused" "$tmp/serve"
t_has "$(cat "$tmp/serve")" "did you mean 'limits'?"
t_has "$(get /readyz)" '"ready"'
echo "return { limits = { queue = 1 } }" >"$QUIRE_LIBRARY/quire.lua"
kill -HUP "$host"
t_wait 10 twice
t_run 1 "$QUIRE" run "$tmp/naps.lua" --set n=1 --key full
t_has "$out" "limits.queue"
t_wait 15 grep -q "nap 30 is over" "$tmp/serve"
t_is "$(sql "SELECT count(*) AS n FROM calls WHERE run_id = (SELECT id FROM runs WHERE key = 'hup') AND state = 'answered'")" "30"
stop

t_case "with limits.runs projects take turns"
serve "return { limits = { runs = 1 } }"
"$QUIRE" run "$tmp/naps.lua" --set n=1000 --project greedy --key g1 --detach >/dev/null 2>&1 # has the only place until all have come
for i in 2 3; do "$QUIRE" run "$tmp/naps.lua" --set n=2 --project greedy --key "g$i" --detach >/dev/null 2>&1; done
"$QUIRE" run "$tmp/naps.lua" --set n=2 --project modest --key m --detach >/dev/null 2>&1
"$QUIRE" cancel "$(sql "SELECT id AS n FROM runs WHERE key = 'g1'")" >/dev/null 2>&1
t_wait 10 completed "'g2','g3','m'" 3
t_is "$(sql "SELECT r.started_at < (SELECT started_at FROM runs WHERE key = 'g3') AS n FROM runs r WHERE key = 'm'")" "1"
t_is "$(sql "SELECT count(*) AS n FROM runs a JOIN runs b ON a.id <> b.id AND b.started_at > a.started_at AND b.started_at < a.ended_at WHERE a.key IN ('g1','g2','g3','m') AND b.key IN ('g1','g2','g3','m')")" "0"

t_case "a run that is to begin later does, and not before"
"$QUIRE" run "$tmp/naps.lua" --set n=1 --key later --after +2s --detach >/dev/null 2>&1
t_is "$(sql "SELECT started_at IS NULL AS n FROM runs WHERE key = 'later'")" "1"
t_wait 10 completed "'later'" 1
t_is "$(sql "SELECT started_at >= created_at + 1500 AS n FROM runs WHERE key = 'later'")" "1"
stop

t_done
