#!/usr/bin/env bash
# A new quire takes over a library of the schema before, with runs in the middle of their work and a person's question open; and one under which the
# scripts of runs changed, so that they fail, or never come to an end, where they are taken up.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --latency 20 --chunks 1 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
asked() { [[ $(ledger_total) -ge $1 ]]; }

t_case "ten undisturbed runs"
reference 10

t_case "killed in the middle, taken back to the schema before, and upgraded: every run goes on where it was"
steps_library
cat >"$QUIRE_LIBRARY/pipelines/ask.lua" <<'LUA'
return { title = "Asks", run = function()
  log.info("a")
  step("b", 1, function() log.info("b") return 1 end)
  log.info("c")
  local said = gate.ask { title = "Go on?", show = "", choices = { "yes", "no" } }.choice
  log.info("d")
  step("e", 1, function() log.info("e") return 1 end)
  log.info("f")
  return said
end }
LUA
serve_start
api POST /api/runs '{"pipeline": "ask", "key": "ask", "input": {}}' >"$tmp/said"
is_open() { [[ $(sql "SELECT count(*) FROM gates WHERE status = 'open'") == 1 ]]; }
t_wait 10 is_open
rehearse_control '{"latency": 300}' # so that they are in the middle still when they are seen to be
submit 1 10
t_wait 10 asked 60
old=$(host_pid)
kill -9 "$guardian" "$old" 2>/dev/null
wait "$guardian" 2>/dev/null
gone() { ! kill -0 "$old"; }
t_wait 10 gone
rehearse_control '{"latency": 20}'
answered=$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")
newest=$(sql "PRAGMA user_version")
# What the newest migration made, undone: a new one needs its line here.
declare -A undo=(
  [3]="DROP INDEX calls_late"
  [4]="DROP INDEX projects_former_slug; ALTER TABLE projects DROP COLUMN former_slug; ALTER TABLE projects DROP COLUMN provisional"
  [5]="DROP TRIGGER calls_finished; ALTER TABLE calls DROP COLUMN presumed; ALTER TABLE calls DROP COLUMN risk_nano;
    CREATE TRIGGER calls_finished BEFORE UPDATE OF state, cost_nano ON calls WHEN OLD.state <> 'sent'
    BEGIN SELECT RAISE(ABORT, 'this call has ended: its row does not change any more'); END"
  [6]="DROP TRIGGER runs_terminal; ALTER TABLE runs DROP COLUMN seq_horizon;
    CREATE TRIGGER runs_terminal BEFORE UPDATE OF status ON runs WHEN OLD.status IN ('completed','failed','cancelled')
    BEGIN SELECT RAISE(ABORT, 'this run has ended: its row does not change any more'); END;
    UPDATE events SET data = json_set(data, '\$.i', (SELECT count(*) FROM events e WHERE e.run_id = events.run_id
      AND e.seq IS NOT NULL AND e.id <= events.id)) WHERE seq IS NOT NULL;
    ALTER TABLE events DROP COLUMN n; ALTER TABLE events DROP COLUMN seq"
  [7]="ALTER TABLE runs DROP COLUMN held_for; ALTER TABLE runs DROP COLUMN held_until"
  [8]="DELETE FROM settings WHERE key = 'heads_since'"
  [9]="ALTER TABLE runs DROP COLUMN wait_hint"
  [10]="DROP TRIGGER runs_counted; DROP TRIGGER runs_recounted; DROP TRIGGER runs_uncounted; DROP TRIGGER calls_counted;
    DROP TRIGGER calls_uncounted; DROP TABLE run_counts; DROP TABLE call_counts; DROP INDEX calls_sent; DROP INDEX calls_cancelled;
    ALTER TABLE calls DROP COLUMN repeated"
  [11]="ALTER TABLE call_blocks DROP COLUMN name"
  [12]="ALTER TABLE calls DROP COLUMN risk_tokens"
  [13]="DROP INDEX runs_replay; ALTER TABLE runs DROP COLUMN replay_of"
  [14]="DROP TABLE forks"
  [15]="ALTER TABLE calls DROP COLUMN handle"
)
[[ ${undo[$newest]-} ]] || t_fail "tests/faults/upgrade.sh does not know how to take migration $newest back: add a line to its list"
sqlite3 "$QUIRE_LIBRARY/quire.db" "${undo[$newest]}; PRAGMA user_version = $((newest - 1));"
serve_start
t_is "$(sql "PRAGMA user_version")" "$newest"
t_is "$(sql "SELECT count(*) >= $answered FROM calls WHERE state = 'answered'")" 1
api POST /api/gates/1 '{"choice": "yes"}' >"$tmp/said"
wait_ended 30
t_is "$(sql "SELECT count(*), max(epoch), max(deaths) FROM runs WHERE status = 'completed' AND pipeline = 'steps'")" "10|2|0"
t_is "$(sql "SELECT group_concat(json_extract(data, '\$.text'), '') FROM (SELECT data FROM events WHERE kind = 'log' ORDER BY id)")" abcdef
t_is "$(sql "SELECT result FROM run_texts JOIN runs ON id = run_id WHERE pipeline = 'ask'")" '"yes"'
sound 10
serve_stop

# The script of a run as a program that knows no such function would find it: `body` takes the place of what it did from its first line on.
script_of() { # NAME BODY
  printf 'return { title = "%s", limits = { phase_cpu_s = 1 }, run = function()\n  run.phase("Work")\n  %s\nend }\n' "$1" "$2"
}
words='local line = llm.ask { role = "writer", prompt = "A line on " .. project.get().slug, max_words = 5 }.text'
declare -A became=(
  [fails]="$words; return llm.older_name(line)"
  [gone]='return require("lib.that_was_here").run()'
  [unreadable]='return return'
  [endless]="$words; while true do line = line:upper() end"
  [asleep]="$words; local a, b; a = task.spawn(function() task.wait(b) end); b = task.spawn(function() task.wait(a) end); task.wait(a)"
)
t_case "runs whose scripts changed under them, half way through a call or at a question, are taken up by the new program"
steps_library
for name in "${!became[@]}"; do
  script_of "$name" "$words; gate.ask { title = \"Go on?\", show = \"\", choices = { \"yes\" } }; return 1" >"$QUIRE_LIBRARY/pipelines/$name.lua"
done
serve_start
for name in "${!became[@]}"; do api POST /api/runs "{\"pipeline\": \"$name\", \"key\": \"$name-gate\", \"input\": {}}" >"$tmp/said"; done
gates_open() { [[ $(sql "SELECT count(*) FROM gates WHERE status = 'open'") == "${#became[@]}" ]]; }
t_wait 20 gates_open
rehearse_control '{"latency": 60000}'
for name in "${!became[@]}"; do api POST /api/runs "{\"pipeline\": \"$name\", \"key\": \"$name-call\", \"input\": {}}" >"$tmp/said"; done
submit 1 2 beside
calling() { [[ $(sql "SELECT count(*) FROM calls WHERE state = 'sent'") == $((${#became[@]} + 2)) ]]; }
t_wait 20 calling
old=$(host_pid)
kill -9 "$guardian" "$old" 2>/dev/null
wait "$guardian" 2>/dev/null
t_wait 10 gone
for name in "${!became[@]}"; do
  sqlite3 "$QUIRE_LIBRARY/quire.db" "UPDATE scripts SET text = CAST('$(script_of "$name" "${became[$name]}" | sed "s/'/''/g")' AS BLOB) WHERE CAST(text AS TEXT) LIKE '%title = \"$name\"%'"
done
rehearse_control '{"latency": 20}'
serve_start
for gate in $(sql "SELECT id FROM gates"); do api POST "/api/gates/$gate" '{"choice": "yes"}' >"$tmp/said"; done
wait_ended 60
t_is "$(sql "SELECT group_concat(DISTINCT status) FROM runs WHERE pipeline <> 'steps'")" failed
t_is "$(sql "SELECT count(*) FROM runs WHERE status = 'completed' AND pipeline = 'steps'")" 2

t_case "each is shown as failed, with what stopped it"
for name in "${!became[@]}"; do
  for id in $(sql "SELECT id FROM runs WHERE pipeline = '$name'"); do
    t_run "$QUIRE" show "$id"
    t_has "$out" "Failed"
  done
done
t_is "$(sql "SELECT pipeline, json_extract(error, '\$.kind') FROM runs JOIN run_texts ON run_id = id WHERE pipeline <> 'steps' GROUP BY 1, 2 ORDER BY 1" |
  tr '\n' ' ')" "asleep|stuck endless|limit fails|script gone|script unreadable|script "
t_is "$("$QUIRE" runs --status unfinished --json | grep -c '"run":')" 0
t_is "$(ledger_judged)" ""
serve_stop
t_done
