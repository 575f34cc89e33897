#!/usr/bin/env bash
# A script that holds the host's loop where nothing can interrupt it, one that never yields, one that eats memory: the guardian or the machine ends
# them by name, and their neighbours do not notice.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --latency 30 --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
watcher='watcher = { hang_s = 1 }'

t_case "ten undisturbed runs"
reference 10

t_case "a loop that hangs once: the guardian kills the host within seconds and names the run; all runs go on"
steps_library 20 "$watcher"
serve_start QUIRE_FAILPOINT="loop_hang_4:sleep=600000@9"
old=$(host_pid)
submit 1 10
replaced() { [[ $(host_pid) != "$old" ]] && serve_ready; }
t_wait 10 replaced
t_has "$(cat "$tmp/serve.log")" "run 4 has held its loop"
wait_ended 20
t_is "$(count completed)" 10
t_is "$(sql "SELECT max(epoch) FROM runs")" 2
sound 10
serve_stop

t_case "the same run holds it twice: it fails as stuck, the others go on"
steps_library 20 "$watcher"
: >"$tmp/serve.log"
serve_start QUIRE_FAILPOINT="loop_hang_4:sleep=600000@9" QUIRE_FAILPOINT_KEEP=1
submit 1 10
wait_ended 30
t_is "$(sql "SELECT id, status FROM runs WHERE status <> 'completed'")" "4|failed"
t_has "$(sql "SELECT error FROM run_texts WHERE run_id = 4")" '"code":"stuck"'
t_is "$(grep -c "run 4 has held its loop" "$tmp/serve.log")" 2
t_is "$(audit)" ""
t_is "$(ledger_judged)" ""
t_has "$("$QUIRE" show 4 2>&1)" "held the host"
serve_stop

t_case "a host that crashes in one run three times: that run is poison, no other is suspected"
steps_library 20
: >"$tmp/serve.log"
serve_start QUIRE_FAILPOINT="loop_hang_4:abort@9" QUIRE_FAILPOINT_KEEP=1
submit 1 10
wait_ended 30
t_is "$(sql "SELECT id, status, deaths FROM runs WHERE status <> 'completed'")" "4|failed|3"
t_has "$(sql "SELECT error FROM run_texts WHERE run_id = 4")" '"code":"stuck"'
t_is "$(sql "SELECT max(deaths) FROM runs WHERE id <> 4")" 0
t_is "$(audit)" ""
serve_stop

t_case "a host that crashes by one run, nobody knows which: suspects go on one at a time, and only that run fails"
steps_library 20
: >"$tmp/serve.log"
serve_start QUIRE_FAILPOINT="wait_start_4:abort@9" QUIRE_FAILPOINT_KEEP=1
submit 1 10
wait_ended 60
t_is "$(sql "SELECT id, status FROM runs WHERE status <> 'completed'")" "4|failed"
t_has "$(sql "SELECT error FROM run_texts WHERE run_id = 4")" '"code":"stuck"'
t_is "$(audit)" ""
serve_stop

t_case "a host that is asked to stop does not wait for an export that never ends"
steps_library
mkdir -p "$QUIRE_LIBRARY/scripts/exports"
echo 'return function(book) while true do end end' >"$QUIRE_LIBRARY/scripts/exports/endless.lua"
cat >"$QUIRE_LIBRARY/pipelines/endless.lua" <<'LUA'
return { title = "Endless", run = function()
  llm.ask { role = "writer", prompt = "A line.", max_words = 5 }
  export.run { format = "endless", name = "x.txt", book = {} }
end }
LUA
serve_start
api POST /api/runs '{"pipeline": "endless", "key": "endless", "input": {}}' >"$tmp/said"
exporting() { [[ $(sql "SELECT count(*) FROM journal") == 1 ]]; }
t_wait 10 exporting
kill -TERM "$guardian"
ended() { ! kill -0 "$guardian"; }
t_wait 20 ended || kill -9 "$guardian"
wait "$guardian"
t_is "$?" 0
t_is "$(sql "SELECT status FROM runs")" queued
t_is "$(audit)" ""

t_case "neighbours of scripts that never yield and that eat memory finish as if they were alone"
steps_library 20 "$([[ ${QUIRE_FLAVOUR-release} == release ]] || echo 'watcher = { hang_s = 120 }')" # a sanitized machine lets a script compute ten times as long
for name in loop_forever memory_bomb gsub_spin sort_spin_in_pcall rep_chain; do cp "$root/tests/lua/attacks/$name.lua" "$QUIRE_LIBRARY/pipelines/"; done
serve_start
old=$(host_pid)
submit 1 10
for name in loop_forever memory_bomb gsub_spin sort_spin_in_pcall rep_chain; do api POST /api/runs "{\"pipeline\": \"$name\", \"key\": \"$name\", \"input\": {}}" >"$tmp/said" || t_fail "$name"; done
wait_ended 120
t_is "$(sql "SELECT count(*) FROM runs WHERE pipeline = 'steps' AND status = 'completed'")" 10
t_is "$(sql "SELECT count(*) FROM runs WHERE pipeline <> 'steps' AND status = 'failed'")" 5
t_is "$(host_pid)" "$old"
sound 10
serve_stop

t_case "a run that writes and writes leaves its neighbours the disk: another run's steps are not each behind one of its documents"
steps_library
cat >"$QUIRE_LIBRARY/pipelines/greedy.lua" <<'LUA'
local page = ("x"):rep(1000000)
return { title = "Greedy", run = function() for i = 1, 200 do artifact.put("page.md", page .. i) end end }
LUA
cat >"$QUIRE_LIBRARY/pipelines/modest.lua" <<'LUA'
return { title = "Modest", run = function() for i = 1, 300 do step("count", i, function() return i end) end end }
LUA
serve_start
api POST /api/runs '{"pipeline": "greedy"}' >/dev/null
written() { (($(sql "SELECT count(*) FROM artifact_versions") >= 3)); }
t_wait 30 written
t_run 0 "$QUIRE" run modest --quiet
beside=$(sql "SELECT count(*) FROM artifact_versions, (SELECT min(at) AS first, max(at) AS last FROM journal WHERE run_id = 2) WHERE created_at BETWEEN first AND last")
((beside < 60)) && t_ok || t_fail "$beside documents of a megabyte were written while the other run made 300 small steps"
serve_stop
t_done
