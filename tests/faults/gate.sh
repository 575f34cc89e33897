#!/usr/bin/env bash
# A book that asks a person: it waits without memory, survives a kill, goes on with the person's edits, and takes one decision only.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

book=(generate_book --quiet --key book --set title="The Tide Clock" --set brief="A clockmaker in a drowned town mends the clock."
  --set chapters=2 --set words_per_chapter=400 --set review=true)
gates() { sql "SELECT count(*), sum(status = 'open') FROM gates"; }

t_case "a book with review parks at its gate, says which command goes on, and the process ends"
fresh parked
t_run 5 timeout 20 "$QUIRE" run "${book[@]}"
t_has "$out" "quire gate approve"
t_has "$out" "gate 1"
t_is "$(sql "SELECT status, wait_kind FROM runs")" "waiting|gate"
t_is "$(gates)" "1|1"
asked=$(ledger_total)
t_run 0 "$QUIRE" gate list
t_has "$out" "approve"
t_run 0 "$QUIRE" show 1
t_has "$out" "gate"

t_case "asking again while it waits neither pays nor opens another gate"
t_run 5 timeout 20 "$QUIRE" run "${book[@]}"
t_run 5 timeout 20 "$QUIRE" resume 1 --quiet
t_is "$(ledger_total) $(gates)" "$asked 1|1"

t_case "approved with edits, the book goes on with what the person wrote"
"$QUIRE" gate show 1 >"$tmp/shown" 2>/dev/null
t_ok test -s "$tmp/shown"
sed '0,/"premise": *"/s//&Oswald the heron watches. /' "$tmp/shown" >"$tmp/edited"
t_ok grep -q Oswald "$tmp/edited"
t_run 0 "$QUIRE" gate approve 1 --edits "$tmp/edited" --quiet
t_is "$(sql "SELECT status FROM gates")" decided
for _ in 1 2 3 4 5; do # further gates of the same book are approved as they come
  timeout 30 "$QUIRE" run "${book[@]}" >"$tmp/out" 2>&1
  code=$?
  [[ $code == 5 ]] || break
  "$QUIRE" gate approve "$(sql "SELECT id FROM gates WHERE status = 'open'")" --quiet >"$tmp/out" 2>&1
done
t_is "$code" 0
t_is "$(ledger_repeats)" "0 0"
t_ok test "$(sql "SELECT count(*) FROM v_artifacts WHERE instr(CAST(content AS TEXT), 'Oswald')")" -gt 0

t_case "a gate is decided once"
t_run 1 "$QUIRE" gate reject 1
t_has "$out" "decided"
t_run 10 "$QUIRE" gate approve 99

t_case "killed with the gate open, the question stays and the book goes on"
fresh killed
quire_crash gate_open@1 timeout 20 "$QUIRE" run "${book[@]}"
t_is "$(gates)" "1|1"
asked=$(ledger_total)
t_run 0 "$QUIRE" gate approve 1 --quiet
for _ in 1 2 3 4 5; do
  timeout 30 "$QUIRE" run "${book[@]}" >"$tmp/out" 2>&1
  code=$?
  [[ $code == 5 ]] || break
  "$QUIRE" gate approve "$(sql "SELECT id FROM gates WHERE status = 'open'")" --quiet >"$tmp/out" 2>&1
done
t_is "$code" 0
t_is "$(ledger_repeats)" "0 0"

t_case "rejected, the book does not go on as if it were approved"
fresh rejected
t_run 5 timeout 20 "$QUIRE" run "${book[@]}"
before=$(ledger_total)
t_run 0 "$QUIRE" gate reject 1 --quiet
timeout 30 "$QUIRE" run "${book[@]}" >"$tmp/out" 2>&1
code=$?
[[ $code == 5 || $code == 1 || $code == 8 ]] || t_fail "exit code $code: $(cat "$tmp/out")"
t_is "$(sql "SELECT count(*) FROM v_artifacts WHERE name LIKE 'chapters/%'")" 0

t_case "a choice that was not offered is refused"
fresh choice
t_run 5 timeout 20 "$QUIRE" run "${book[@]}"
t_run 2 "$QUIRE" gate approve 1 --choice perhaps
t_has "$out" "approve"
t_is "$(gates)" "1|1"
t_done
