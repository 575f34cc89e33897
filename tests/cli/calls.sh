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

t_done
