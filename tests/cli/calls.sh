#!/usr/bin/env bash
# calls.sh - looking into a model call from the terminal.
. "$(dirname "$0")/../lib.sh"

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

t_done
