#!/usr/bin/env bash
# calls.sh - looking into a model call from the terminal, asking it again beside its run, and knowing what a retry would ask.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

cat >"$tmp/two.lua" <<'LUA'
return { title = "Two questions", description = "Asks twice.", input = {},
  run = function()
    local first = llm.ask { role = "writer", key = "one", max_words = 60, temperature = 0.5, blocks = {
      { name = "rules", text = "Write plainly.\n" .. string.rep("Keep to the rule.\n", 90), stable = true },
      { name = "task", text = "Describe a harbour.\n" } } }
    artifact.put("notes/first.md", first.text)
    local second = llm.ask { role = "planner", key = "two", prompt = "Name a ship.",
      schema = { type = "object", properties = { name = { type = "string" } }, required = { "name" } } }
    return { title = second.text }
  end }
LUA
t_case "a call tells what was asked, by name and size, what came, and what it took"
t_run "$QUIRE" run "$tmp/two.lua" --quiet
t_run "$QUIRE" call 1
t_has "$out" "Call 1: writer, answered"
t_has "$out" "place 1 of its journal"
t_has "$out" "model      rehearsal/novelist"
t_has "$out" "temperature 0.5"
t_has "$out" "Block 1: rules, 1635 bytes, stable"
t_has "$out" "Block 2: task, 20 bytes"
t_has "$out" "--- Answer ---"
t_has "$out" "tokens     "
t_has "$out" "cost       \$0.00"
t_run "$QUIRE" call 2
t_has "$out" "--- Schema ---"
t_has "$out" '"name"'

t_case "long blocks are shortened, and shown whole when asked for"
t_run "$QUIRE" call 1
t_has "$out" "more bytes; --full shows them"
t_is "$(grep -c "Keep to the rule" <<<"$out")" 11
t_run "$QUIRE" call 1 --full
t_is "$(grep -c "Keep to the rule" <<<"$out")" 90
t_is "$("$QUIRE" call 1 --block rules | wc -c) $("$QUIRE" call 1 --block 2)" "1635 Describe a harbour."
t_is "$("$QUIRE" call 1 --block answer)" "$("$QUIRE" artifact show two-questions notes/first.md)"
t_run 10 "$QUIRE" call 1 --block bible
t_has "$out" "its blocks: rules, task"
t_is "$("$QUIRE" call 1 --prompt | sed -n '1p;94,95p')" $'=== 1 rules ===\n=== 2 task ===\nDescribe a harbour.'

t_case "a call is found by its place in a run's journal too, and the JSON holds all of it"
t_run "$QUIRE" call 1:3 --json
t_is "$(sqlite3 :memory: "SELECT json_extract('${out//\'/}', '$.call'), json_extract('${out//\'/}', '$.seq'), json_extract('${out//\'/}', '$.params.schema.type')")" "2|3|object"
t_is "$("$QUIRE" call 1 --json | grep -c '"name": "\(rules\|task\)"')" 2
t_run 10 "$QUIRE" call 1:2
t_has "$out" "quire trace 1"
t_run 10 "$QUIRE" call 99
t_run 2 "$QUIRE" call 1:
t_has "$out" "RUN:SEQ"

# ---- plans

fate() { "$QUIRE" "$@" --plan --json >"$tmp/plan" 2>"$tmp/said" && plan_of "$.again.calls" "$.may.calls" "$.stays.calls"; }
plan_of() {
  local path
  for path; do sqlite3 :memory: "SELECT json_extract(CAST(readfile('$tmp/plan') AS TEXT), '$path')"; done | paste -sd' '
}
runs() { sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*), max(epoch), (SELECT count(*) FROM script_sets) FROM runs"; }

t_case "a plan says which answers stay and which are asked again, with what they cost, and nothing happens"
export QUIRE_LIBRARY=$tmp/plans
mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/quire.lua" <<'LUA'
return { prices = { ["rehearsal/novelist"] = { input = 1, output = 1000 } }, roles = { default = "rehearsal/novelist" } }
LUA
cat >"$QUIRE_LIBRARY/pipelines/three.lua" <<'LUA'
return { title = "Three questions", description = "Asks, reads, asks.", input = {},
  run = function()
    local plan = llm.ask { role = "planner", key = "plan", prompt = "Plan a tale.", max_words = 40 }
    artifact.put("plan.md", plan.text)
    local read = artifact.get("brief.md") or "no brief"
    local tale = llm.ask { role = "writer", key = "tale", prompt = "Tell it: " .. read, max_words = 40 }
    local verdict = llm.ask { role = "judge", key = "judge", prompt = "Judge it: " .. tale.text, max_words = 40 }
    return { title = "Told", verdict = verdict.text }
  end }
LUA
t_run "$QUIRE" run three --quiet
before=$(runs)
t_is "$(fate retry 1)" "0 0 3"
t_is "$(fate retry 1 --with scripts)" "0 0 3"
t_is "$(fate retry 1 --with artifacts)" "0 0 3"
t_is "$(fate retry 1 --with models=writer --model writer=rehearsal/poet)" "1 1 1"
t_is "$(plan_of '$.items[1].fate' '$.items[1].why' '$.items[2].fate')" "again models may"
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT cost_nano / 1e9 FROM calls WHERE role = 'writer'")" "$(plan_of '$.again.cost_usd')"
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT cost_nano > 0 FROM calls WHERE role = 'writer'")" 1
t_run "$QUIRE" retry 1 --with models=writer --model writer=rehearsal/poet --plan
t_has "$out" "asked again  writer   rehearsal/novelist"
t_has "$out" "Asked again: 1 call, \$"
t_has "$out" "Perhaps asked again: 1 call, \$"
t_has "$out" "Answers that stay: 1 call, \$"
t_is "$(runs)" "$before"

t_case "an edit of what was read, or of a script, is where a plan says that answers may change"
t_run "$QUIRE" artifact edit three-questions brief.md --from - --quiet <<<"A storm."
t_is "$(fate retry 1 --with artifacts)" "0 2 1"
t_is "$(fate retry 1)" "0 0 3"
sed -i 's/Judge it:/Judge this:/' "$QUIRE_LIBRARY/pipelines/three.lua"
t_is "$(fate retry 1 --with scripts)" "0 3 0"
t_is "$(plan_of '$.changed_scripts[0]')" "pipelines/three"
t_is "$(runs)" "$before"
t_run "$QUIRE" retry 1 --with scripts --quiet
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM calls WHERE run_id = 2")" 1

t_case "a plan through the library's owner is the same, and what cannot be done cannot be planned"
t_start "$tmp/serve" "$QUIRE" serve
serve=$pid
t_at_exit kill "$serve"
t_wait 10 grep -q "listens at" "$tmp/serve"
t_is "$(fate retry 1 --with artifacts)" "0 2 1"
t_run 1 "$QUIRE" resume 1 --plan
t_has "$out" "quire retry 1"
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM runs")" 2
kill "$serve"
wait "$serve"

# ---- asked again

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
export QUIRE_LIBRARY=$tmp/again
rehearse_library
sed -i 's|^  roles|  prices = { ["stub/novelist"] = { input = 1000, output = 1000 } },\n  roles|' "$QUIRE_LIBRARY/quire.lua"
t_run "$QUIRE" run "$tmp/two.lua" --quiet
# All that the run is: its row, record, documents and history.
whole() { sql "SELECT group_concat(quote(r.status) || r.epoch || r.cost_nano || r.calls || r.ended_at), (SELECT group_concat(id || result) FROM journal WHERE run_id = 1),
  (SELECT group_concat(id) FROM artifact_versions), (SELECT count(*) FROM events WHERE run_id = 1), (SELECT group_concat(head) FROM artifacts) FROM runs r WHERE id = 1" | sha256sum; }
untouched=$(whole)
state() { sql "SELECT r.status, c.state, c.cost_nano > 0, r.cost_nano = c.cost_nano FROM runs r JOIN calls c ON c.run_id = r.id WHERE r.id = $1"; }
audit() { t_run "$QUIRE" doctor --audit --quiet; }

t_case "a question asked again is sent as it was, beside the run, and is booked"
ledger_clear
t_run "$QUIRE" replay 1
t_has "$out" "CALL 1         CALL 3"
t_has "$out" "The two answers are the same, word for word."
t_is "$(ledger_total) $(state 2)" "1 completed|answered|1|1"
t_is "$(sql "SELECT count(DISTINCT hash) FROM calls WHERE id IN (1, 3)")" 1
t_is "$(whole)" "$untouched"
t_is "$(sql "SELECT sum(cost_nano) FROM runs")" "$(sql "SELECT sum(cost_nano) FROM calls")"
t_is "$("$QUIRE" runs --json | grep -c '"run":')" 1
audit

t_case "with other words or another model the answers are shown word by word, and found at their call"
"$QUIRE" call 1 --prompt | sed 's/harbour/lighthouse at dusk/' >"$tmp/prompt"
t_run "$QUIRE" replay 1:1 --from "$tmp/prompt"
t_has "$out" "words differ."
t_has "$out" "{+"
t_is "$("$QUIRE" call 4 --block task)" "Describe a lighthouse at dusk."
t_is "$(sql "SELECT count(*) FROM call_blocks a JOIN call_blocks b ON a.place = b.place AND a.name = b.name AND a.stable = b.stable AND (a.place > 0 OR a.blob_id = b.blob_id) WHERE a.call_id = 1 AND b.call_id = 4")" 2
EDITOR="sed -i s/ship/barge/" t_run "$QUIRE" replay 2 --edit --model stub/poet --json
t_has "$out" '"model": "poet"'
t_has "$("$QUIRE" call 5 --full)" "Name a barge."
t_has "$("$QUIRE" call 5 --full)" '"required"'
t_is "$("$QUIRE" call 1 --json | sed -n '/"replays"/,/\]/p' | grep -c '"run"')" 2
EDITOR=false t_run 2 "$QUIRE" replay 2 --edit
t_has "$out" "nothing was sent"
t_is "$(sql "SELECT count(*) FROM runs"),$(whole)" "4,$untouched"

t_case "its budget holds: what does not fit is not sent, and the run beside says how to go on"
ledger_clear
t_run 6 "$QUIRE" replay 1 --budget 0.000001
t_has "$out" "quire resume 5 --budget USD"
t_is "$(ledger_total) $(sql "SELECT count(*) FROM calls WHERE run_id = 5")" "0 0"
t_run "$QUIRE" cancel 5

t_case "Ctrl-C withdraws the question: alone, and where a host runs"
withdrawn() { # RUN
  asked() { [[ $(sql "SELECT count(*) FROM calls WHERE run_id = $1 AND state = 'sent'") == 1 ]]; }
  t_wait 10 asked "$1"
  kill -INT "$pid"
  wait "$pid"
  t_is "$?" 130
  over() { [[ $(state "$1" | cut -d'|' -f1,2) == "cancelled|cancelled" ]]; }
  t_wait 10 over "$1"
}
rehearse_control '{"latency": 20000}'
set -m # or a shell's background process ignores Ctrl-C
t_start "$tmp/replay.out" "$QUIRE" replay 1
withdrawn 6
t_has "$(cat "$tmp/replay.out")" "run 6 is cancelled"
t_start "$tmp/serve" "$QUIRE" serve
serve=$pid
t_at_exit kill "$serve"
t_wait 10 grep -q "listens at" "$tmp/serve"
t_start "$tmp/replay.out" "$QUIRE" replay 1
withdrawn 7
set +m
rehearse_control '{"latency": 0}'
t_is "$(whole)" "$untouched"

t_case "through the library's owner it is the same"
t_run "$QUIRE" replay 1
t_has "$out" "handed to the library's owner"
t_has "$out" "The two answers are the same, word for word."
kill "$serve"
wait "$serve"
audit

t_case "killed before it is sent, a question has its intent; whoever takes it up asks at most once more, and books both"
ledger_clear
quire_crash after_intent@1 "$QUIRE" replay 1
t_is "$(sql "SELECT state FROM calls ORDER BY id DESC LIMIT 1")" sent
last=$(sql "SELECT max(id) FROM runs")
t_run "$QUIRE" resume "$last" --quiet
t_is "$(sql "SELECT group_concat(state) FROM calls WHERE run_id = $last")" "cancelled,answered"
t_ok test "$(ledger_total)" -le 2
t_is "$(whole)" "$untouched"
audit

t_done
