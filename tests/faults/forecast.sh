#!/usr/bin/env bash
# forecast.sh - does the range that is told before hold what a book then costs?
#
# Each book has a brief and dice of its own, answers 40% longer or shorter than asked for, every other pair thinks three times what it
# says, and 5% of the requests fail. BOOKS says how many, CHAPTERS how long; one of ten may be outside.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/rehearse.sh"
BOOKS=${BOOKS:-2} CHAPTERS=${CHAPTERS:-2} FIRST=${FIRST:-1}

fields() { sqlite3 :memory: "SELECT json_extract(readfile('$1'), '$.cost_usd.low', '$.cost_usd.likely', '$.cost_usd.high')" | tr -d '[]' | tr ',' ' '; }

# Writes one book; its row of the table goes to $tmp/table.
book() {
  local n=$1 length thinks=no low likely high actual
  local manners=()
  ((n % 2)) && length=1.4 || length=0.6
  ((n % 4 < 2)) && { thinks=3x; manners=(--manner think-times=3); }
  rehearse_start --seed "$n" --length-bias "$length" "${manners[@]}" --fault 500:p=0.02 --fault cut:p=0.02 --fault 429:p=0.01
  export QUIRE_LIBRARY=$tmp/library$n
  mkdir -p "$QUIRE_LIBRARY"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { box = { adapter = "openai", base_url = "http://$rehearse/v1" } },
  roles = { default = "box/thinker" },
  prices = { ["box/thinker"] = { input = 1.25, cached_read = 0.125, output = 10, thinks = "default" } },
  limits = { run_usd = 1000 },
}
LUA
  local set=(--set brief="Book $n: a ferryman finds letter number $n in the river." --set chapters="$CHAPTERS")
  t_run "$QUIRE" forecast generate_book "${set[@]}" --json
  printf '%s' "$out" >"$tmp/forecast.json"
  "$QUIRE" run generate_book "${set[@]}" --quiet >"$tmp/run.out" 2>&1
  t_is "$(sql "SELECT status FROM runs")" completed || cat "$tmp/run.out"
  read -r low likely high < <(fields "$tmp/forecast.json")
  actual=$(sql "SELECT cost_nano / 1e9 FROM runs")
  awk -v n="$n" -v length_="$length" -v thinks="$thinks" -v low="$low" -v likely="$likely" -v high="$high" -v actual="$actual" 'BEGIN {
    printf "# book %2d  length %s  thinks %-2s  low %.4f  likely %.4f  high %.4f  actual %.4f  high/low %.1f  %s\n", n, length_, thinks, low, likely,
      high, actual, high / low, low <= actual && actual <= high ? "held" : "MISSED" }' | tee -a "$tmp/table"
}

t_case "the range that was told holds what books cost whose answers are long or short, that think, and whose requests fail"
for ((n = FIRST; n < FIRST + BOOKS; n++)); do book "$n"; done
held=$(grep -c 'held$' "$tmp/table")
echo "# $held of $BOOKS held"
t_ok test "$held" -ge $((BOOKS - BOOKS / 10))

t_case "the range is narrow enough to decide by: the highest is at most 15 times the lowest"
t_is "$(awk '{ for (i = 1; i < NF; i++) if ($i == "high/low" && $(i + 1) > 15) n++ } END { print n + 0 }' "$tmp/table")" 0

t_done
