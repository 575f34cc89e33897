#!/usr/bin/env bash
# rejected.sh - answers that were paid for and are no good: a retry asks those questions anew, and no other.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
rehearse_library 2

cat >"$tmp/two.lua" <<'LUA'
return {
  title = "Two questions", input = {},
  run = function()
    local answer = llm.ask { role = "writer", prompt = "Write about 60 words on a lamp." }
    local list = llm.ask_json { role = "extractor", prompt = "List three things.", max_words = 60,
      schema = { type = "object", required = { "things" }, properties = { things = { type = "array", minItems = 3, items = { type = "string" } } } } }
    return { words = text.words(answer.text) > 0, things = #list.things }
  end,
}
LUA

t_case "JSON that stays unusable after its repair fails the run and says so"
rehearse_control '{"manners": ["json-missing"]}'
t_run 7 "$QUIRE" run "$tmp/two.lua"
t_has "$out" "no usable JSON from role 'extractor'"
t_has "$out" "quire retry 1"
t_is "$(sql "SELECT json_array_length(error, '$.rejected') >= 2 FROM runs r JOIN run_texts t ON t.run_id = r.id")" 1

t_case "the retry keeps the good answer and asks only what was rejected"
rehearse_control '{"manners": []}'
ledger_clear
t_run 0 "$QUIRE" retry 1
t_has "$out" "Things: "
t_is "$(ledger_total)" 1

t_case "a retry of a finished run pays for nothing"
ledger_clear
t_run 0 "$QUIRE" retry 2
t_is "$(ledger_total)" 0

t_case "a script of one's own can reject answers as well"
cat >"$tmp/own.lua" <<'LUA'
return {
  title = "Own", input = {},
  run = function()
    local kept = llm.ask { role = "writer", prompt = "Write about 30 words on rope." }
    local tried = llm.ask { role = "writer", prompt = "Write about 30 words on tar." }
    error { kind = "provider", message = "this will not do", rejected = { tried.seq } }
  end,
}
LUA
ledger_clear
t_run 7 "$QUIRE" run "$tmp/own.lua"
t_is "$(ledger_total)" 2
ledger_clear
t_run 7 "$QUIRE" retry 4
t_is "$(ledger_total)" 1

t_done
