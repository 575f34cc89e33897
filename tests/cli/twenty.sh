#!/usr/bin/env bash
# twenty.sh - 20 `quire run` at once on one fresh library: one owner, 20 results, nobody else's run touched.
. "$(dirname "$0")/../lib.sh"

t_case "20 at once on one fresh library end in 20 books"
pids=()
for i in $(seq 20); do
  "$QUIRE" run generate_book --set brief="Book $i" --set chapters=1 --set words_per_chapter=300 --key "book-$i" >"$tmp/out.$i" 2>&1 &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
t_is "$failed" "0"
for i in $(seq 20); do grep -q "^Words: " "$tmp/out.$i" || t_fail "$i: $(tail -3 "$tmp/out.$i")"; done
t_is "$("$QUIRE" runs --limit 0 --json | grep -c '"state": "completed"')" "20"
t_is "$(find "$QUIRE_LIBRARY/exports" -name book.epub | wc -l)" "20"

t_case "each was claimed once, and no question was asked twice"
t_run "$QUIRE" sql "SELECT max(epoch) AS most FROM runs" --json
t_has "$out" '"most": 1'
t_run "$QUIRE" sql "SELECT count(*) AS n FROM (SELECT 1 FROM calls GROUP BY run_id, scope, hash, n HAVING count(*) > 1)" --json
t_has "$out" '"n": 0'

t_case "the same 20 again cost nothing"
before=$("$QUIRE" sql "SELECT count(*) AS n FROM calls" --json)
pids=()
for i in $(seq 20); do
  "$QUIRE" run generate_book --set brief="Book $i" --key "book-$i" >"$tmp/out.$i" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || t_fail "one failed"; done
t_is "$("$QUIRE" sql "SELECT count(*) AS n FROM calls" --json)" "$before"

t_done
