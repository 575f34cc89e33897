#!/usr/bin/env bash
# Each shipped pipeline twice, in two processes: once undisturbed, once killed here and there and resumed while answers arrive in another
# order. Both ask exactly the same questions, and neither asks one again afterwards.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

brief="A clockmaker in a drowned town mends the clock that keeps the tide."
book=(generate_book --set title="The Tide Clock" --set brief="$brief" --set chapters=2 --set words_per_chapter=500 --set candidates=3)
article="The sea came in at noon.

Nobody had asked the clock. It stopped, and the harbour master wrote it down.

In the evening the water went, and with it the boats."

# Other latencies each time: answers that came first come last.
other_latencies() { rehearse_control "{\"latency\": $((RANDOM % 12 + 1)), \"chunks\": $((RANDOM % 5 + 3)), \"seed\": $RANDOM, \"faults\": [\"slow:p=0.3,wait=0.0002\"]}"; }
no_latency() { rehearse_control '{"latency": 0, "chunks": 20, "faults": []}'; }

# A library with a finished book, for the pipelines that work on one; its requests are not counted.
with_book() {
  fresh "$1"
  [[ $2 == book ]] || return 0
  no_latency
  t_run 0 "$QUIRE" run "${book[@]}" --key the-book --quiet
  ledger_clear
}

# twice NAME BEFORE "PLACE@PASS..." RUN-ARGUMENTS...
twice() {
  local name=$1 before=$2 places=$3 place run asked
  shift 3
  t_case "$name asks the same questions when it was killed and its answers come in another order"
  with_book "undisturbed" "$before"
  no_latency
  t_run 0 "$QUIRE" run "$@" --key it --quiet
  ledger_keys >"$tmp/keys.undisturbed"
  asked=$(ledger_total)
  t_is "$(ledger_repeats)" "0 0"
  with_book "disturbed" "$before"
  for place in $places; do
    other_latencies
    quire_crash "$place" "$QUIRE" run "$@" --key it --quiet
  done
  other_latencies
  t_run 0 "$QUIRE" run "$@" --key it --quiet
  ledger_keys >"$tmp/keys.disturbed"
  cmp -s "$tmp/keys.undisturbed" "$tmp/keys.disturbed" ||
    t_fail "other questions: $(diff "$tmp/keys.undisturbed" "$tmp/keys.disturbed" | grep -c '^<') missing, $(diff "$tmp/keys.undisturbed" "$tmp/keys.disturbed" | grep -c '^>') new of $asked"
  [[ $before == book && $asked == 0 ]] || t_ok test "$(wc -l <"$tmp/keys.disturbed")" -gt 0

  t_case "$name asks nothing when the same key is run again, and nothing on retry"
  ledger_clear
  other_latencies
  t_run 0 "$QUIRE" run "$@" --key it --quiet
  run=$(sql "SELECT id FROM runs WHERE key = 'it'")
  t_run 0 "$QUIRE" retry "$run" --quiet
  t_is "$(ledger_total)" 0
  t_is "$(sql "SELECT status FROM runs WHERE retry_of = $run")" completed
  t_is "$(sql "SELECT result FROM run_texts WHERE run_id = $run")" "$(sql "SELECT t.result FROM run_texts t JOIN runs r ON r.id = t.run_id WHERE r.retry_of = $run")"
}

twice generate_book none "after_send@3 answer_received@5 mid_stream@4 store_after_commit@20 after_intent@3" "${book[@]}"
twice generate_series none "after_send@2 answer_received@12 mid_stream@9 store_before_commit@30 after_send@4" \
  generate_series --set brief="$brief" --set title="The Tide Books" --set books=2 --set chapters=2 --set words_per_chapter=400
twice translate_article none "after_send@2 answer_received@1 mid_stream@2" \
  translate_article --set text="$article" --set languages="German,French,Japanese,Dutch,Chinese/Mandarin" --set tone=plain
twice glossary none "answer_received@1 after_send@2 store_after_commit@3" glossary --set text="$article The escapement, the fusee and the mainspring; TCP/IP and C# too."
twice rewrite_chapter book "after_send@1 answer_received@2 chapter_tx@1" rewrite_chapter --project the-tide-clock --set chapter=1 --set instruction="More rain in it."
twice regenerate_artifacts book "store_after_commit@4" regenerate_artifacts --project the-tide-clock --set author="A. Person"
t_done
