#!/usr/bin/env bash
# gates.sh - questions to a person: asked, shown, decided with and without an owner, decided once.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/ask.lua" <<'LUA'
return {
  title = "Ask",
  input = { { name = "what", type = "string", default = "Good?" } },
  run = function(input)
    local first = gate.ask { title = input.what, show = "The text.\nTwo lines.", choices = { "approve", "again", "reject" } }
    return { choice = first.choice, edits = first.edits, by = first.by }
  end,
}
LUA

t_case "a run that asks ends with 5 and says who moves it next"
t_run 5 "$QUIRE" run "$tmp/ask.lua"
t_has "$out" "quire gate approve"
t_run "$QUIRE" show 1
t_has "$out" "Waits for a person"

t_case "a question is listed and shown; what it shows is on stdout"
t_run "$QUIRE" gate list
t_has "$out" "Good?"
t_has "$out" "approve, again, reject"
t_is "$("$QUIRE" gate show 1 2>/dev/null)" "The text.
Two lines."
t_run "$QUIRE" gate list --json
t_has "$out" '"gate": 1'

t_case "a choice that there is not, or a gate that there is not, is refused"
t_run 2 "$QUIRE" gate approve 1 --choice maybe
t_has "$out" "maybe"
t_run 10 "$QUIRE" gate approve 99

t_case "without an owner the decision is recorded, and the command that continues is said"
t_run "$QUIRE" gate approve 1
t_has "$out" "quire resume 1"
t_run 1 "$QUIRE" gate reject 1
t_has "$out" "already"
t_is "$("$QUIRE" sql "SELECT count(*) AS n FROM calls" --json | grep -c '"n": 0')" "1"
t_run "$QUIRE" resume 1
t_has "$out" "Choice: approve"

t_case "a text can be decided as the person left it"
t_run 5 "$QUIRE" run "$tmp/ask.lua"
echo "My own text." >"$tmp/edited.txt"
t_run "$QUIRE" gate approve 2 --edits "$tmp/edited.txt" --choice again
t_run "$QUIRE" resume 2
t_has "$out" "Edits: My own text."
t_has "$out" "Choice: again"

t_case "with an owner the run goes on by itself"
t_start "$tmp/serve" "$QUIRE" serve
serve=$pid
t_at_exit kill -KILL $serve
t_wait 10 grep -q "listens" "$tmp/serve"
t_run 5 "$QUIRE" run "$tmp/ask.lua" --set what=Third
t_run "$QUIRE" gate reject 3
t_has "$out" "continues"
t_run "$QUIRE" watch 3
t_has "$out" "Choice: reject"

t_case "--max-wait stays for the person"
t_start "$tmp/out" "$QUIRE" run "$tmp/ask.lua" --set what=Fourth --max-wait 30s
t_wait 10 bash -c "'$QUIRE' gate list | grep -q Fourth"
t_run "$QUIRE" gate approve 4
wait $pid
t_is $? 0
t_has "$(cat "$tmp/out")" "Choice: approve"

t_case "a question that nobody answers in time is answered by itself, with the first choice"
cat >"$tmp/ask_soon.lua" <<'LUA'
return { title = "Ask", run = function()
  return gate.ask { title = "Soon?", show = "", choices = { "yes", "no" }, timeout = 1 }
end }
LUA
t_run "$QUIRE" run "$tmp/ask_soon.lua" --detach --quiet
five() { [[ $(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "SELECT status FROM runs WHERE id = 5") == "$1" ]]; }
t_wait 20 five completed # its time was set after the host had looked for work the last time
t_run "$QUIRE" show 5
t_has "$out" '"by":"timeout","choice":"yes"'
t_run 1 "$QUIRE" gate reject 5

t_case "serve drains and ends with 0"
kill -TERM $serve
wait $serve
t_is $? 0

t_case "a blueprint is turned down with a note, and the next one is written after it"
book=(--set brief="A keeper finds a log." --set chapters=1 --set words_per_chapter=200 --set candidates=1 --set review=true --quiet)
t_run 5 "$QUIRE" run generate_book --project note "${book[@]}"
gate() { "$QUIRE" gate list --json | grep -o '"gate": [0-9]*' | tail -n 1 | tr -dc 0-9; }
t_run "$QUIRE" gate reject "$(gate)" --note "a smaller cast, and no murder"
run=$("$QUIRE" sql "SELECT max(id) AS n FROM runs" --json | tr -dc 0-9)
t_run 5 "$QUIRE" resume "$run" --quiet
t_is "$(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM v_calls WHERE run = $run AND role = 'planner'")" 2
last="SELECT CAST(b.data AS TEXT) FROM calls c JOIN call_blocks k ON k.call_id = c.id JOIN blobs b ON b.id = k.blob_id
  WHERE c.role = 'planner' AND c.run_id = $run ORDER BY c.id DESC, k.place DESC LIMIT 1"
t_has "$(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "$last")" "a smaller cast, and no murder"
t_run "$QUIRE" gate approve "$(gate)"
t_run "$QUIRE" resume "$run" --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/note/book.epub"

t_case "who turns every blueprint down is asked what should be different; a retry of a run that he gave up asks him anew"
t_run 5 "$QUIRE" run generate_book --project none "${book[@]}"
run=$((run + 1))
t_run "$QUIRE" gate reject "$(gate)"
t_run 5 "$QUIRE" resume "$run" --quiet
t_has "$("$QUIRE" gate show "$(gate)" 2>&1)" "None of the blueprints was taken"
t_run "$QUIRE" gate reject "$(gate)"
t_run 8 "$QUIRE" resume "$run" --quiet
t_has "$out" "every blueprint was turned down"
calls() { "$QUIRE" sql "SELECT count(*) AS n FROM calls" --json | tr -dc 0-9; }
before=$(calls)
t_run 5 "$QUIRE" retry "$run" --quiet
t_is "$(calls)" "$before"
t_run "$QUIRE" gate approve "$(gate)"
t_run "$QUIRE" resume $((run + 1)) --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/none/book.epub"

t_done
