#!/usr/bin/env bash
# kill -9 at named places of an 8-chapter book, then resume: the book is the same book, and no answered call is paid twice.
# P2: requests per key <= 1 + crashes that found it in flight. First without the guardian, as when a machine dies; then with it.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

book=(run generate_book --key book --quiet --set title="The Tide Clock" --set brief="A clockmaker in a drowned town mends the clock that keeps the tide."
  --set chapters=8 --set words_per_chapter=900)

write_book() { QUIRE_LIBRARY=$1 "$QUIRE" "${book[@]}" "${@:2}"; }
fresh() {
  rm -rf "$tmp/$1"
  QUIRE_LIBRARY=$tmp/$1 rehearse_library
}
same_book() {
  local file
  for file in book.md book.epub; do
    cmp -s "$tmp/reference/exports/the-tide-clock/$file" "$tmp/$1/exports/the-tide-clock/$file" || { t_fail "$file differs from the undisturbed run's"; return; }
  done
  t_ok
}

t_case "an undisturbed book of 8 chapters is written"
fresh reference
t_run 0 write_book "$tmp/reference"
undisturbed=$(ledger_total)
t_is "$(ledger_repeats)" "0 0"

t_case "the same run again pays for nothing"
t_run 0 write_book "$tmp/reference"
t_is "$(ledger_total)" "$undisturbed"

# Places: the failpoint, and at which pass of it.
for place in after_intent@1 after_intent@17 after_send@9 after_send@40 mid_stream@5 mid_stream@33 answer_received@3 answer_received@50 \
  store_before_commit@30 store_before_commit@90 store_after_commit@31 store_after_commit@91 chapter_tx@1 chapter_tx@7 after_send@3; do
  t_case "killed at $place the book goes on and is the same book"
  fresh killed
  ledger_clear
  t_run 137 env QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="${place%@*}:kill@${place#*@}" QUIRE_LIBRARY="$tmp/killed" "$QUIRE" "${book[@]}"
  t_run 0 write_book "$tmp/killed"
  same_book killed
  t_is "$(QUIRE_LIBRARY=$tmp/killed ledger_judged)" ""
  t_is "$(audit "$tmp/killed")" ""
  read -r repeated most <<<"$(ledger_repeats)"
  [[ $most -le 2 && $repeated -le 8 ]] || t_fail "P2: $repeated keys asked more than once, one of them $most times"
  [[ $(ledger_total) -le $((undisturbed + repeated)) ]] || t_fail "more requests than the undisturbed run's and those in flight"
done

t_case "killed again and again the book is still the same book"
fresh killed
ledger_clear
kills=0
for n in 5 11 17 23 29 35; do
  { QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="after_send:kill@$n" QUIRE_LIBRARY=$tmp/killed "$QUIRE" "${book[@]}"; } >/dev/null 2>&1
  [[ $? == 137 ]] && kills=$((kills + 1))
done
t_ok test "$kills" -ge 3
t_run 0 write_book "$tmp/killed"
same_book killed
t_is "$(QUIRE_LIBRARY=$tmp/killed ledger_judged)" ""
t_is "$(audit "$tmp/killed")" ""

t_case "each call that was under way at a death is counted: a host that dies again and again spends no more than its budget"
QUIRE_LIBRARY=$tmp/crashing fresh crashing
sed -i 's|roles = {|limits = { run_calls = 9 }, roles = {|' "$tmp/crashing/quire.lua"
ledger_clear
for n in {1..12}; do
  { QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="mid_stream:kill@2" QUIRE_LIBRARY=$tmp/crashing "$QUIRE" "${book[@]}" --max-wait 0s; } >"$tmp/crashing.out" 2>&1
  [[ $? == 137 ]] || break
done
t_has "$(cat "$tmp/crashing.out")" "9 of 9"
t_is "$(QUIRE_LIBRARY=$tmp/crashing sql "SELECT calls, (SELECT count(*) FROM calls) FROM runs")" "9|9"
# A host can die between an intent and its request: then fewer came than are booked, never more.
t_ok test "$(ledger_total)" -le "$(QUIRE_LIBRARY=$tmp/crashing sql "SELECT count(*) FROM calls WHERE state IN ('answered', 'cancelled')")"
t_is "$(audit "$tmp/crashing")" ""

for place in after_send@9 mid_stream@33 store_after_commit@80 chapter_tx@4; do
  t_case "killed at $place under its guardian, the same command ends with the same book"
  fresh killed
  ledger_clear
  t_run 0 env QUIRE_FAILPOINT="${place%@*}:kill@${place#*@}" QUIRE_LIBRARY="$tmp/killed" "$QUIRE" "${book[@]}"
  same_book killed
  t_is "$(QUIRE_LIBRARY=$tmp/killed ledger_judged)" ""
  t_is "$(audit "$tmp/killed")" ""
  read -r repeated most <<<"$(ledger_repeats)"
  [[ $most -le 2 && $repeated -le 8 ]] || t_fail "P2: $repeated keys asked more than once, one of them $most times"
done
t_done
