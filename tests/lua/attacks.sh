#!/usr/bin/env bash
# Every trap that a script can set ends with its named error, and no honest work is mistaken for one.
. "$(dirname "$0")/../lib.sh"
patience=60 # seconds until a trap is one that nothing ended; a sanitized machine gives a script ten times the CPU
[[ ${QUIRE_FLAVOUR-release} == release ]] || patience=200

for file in "$root"/tests/lua/attacks/*.lua; do
  name=$(basename "$file" .lua)
  expect=$(sed -n '1s/^-- expect: //p' "$file")
  t_case "attack $name ends with its named error"
  out=$(timeout $patience "$QUIRE" run "$file" --quiet 2>&1)
  status=$?
  t_has "$out" "$expect"
  [[ $status == 8 || ( $name == stuck_* && $status == 1 ) ]] || t_fail "exit status $status"
done

for file in "$root"/tests/lua/honest/*.lua; do
  t_case "honest work passes: $(basename "$file" .lua)"
  t_run 0 timeout 120 "$QUIRE" run "$file" --quiet
done

t_case "one attacked library still works"
t_run 0 "$QUIRE" run "$root/tests/lua/honest/sort_rows.lua"
t_has "$out" 5000
t_done
