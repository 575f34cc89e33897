#!/usr/bin/env bash
# forecast.sh - what a run will take is said before it is started, and holds.
. "$(dirname "$0")/../lib.sh"

brief=(--set brief="A ferryman finds letters in the river." --set chapters=2)
mkdir -p "$QUIRE_LIBRARY"
cat >"$QUIRE_LIBRARY/quire.lua" <<'EOF'
return {
  providers = { box = { adapter = "openai", base_url = "http://127.0.0.1:9/v1" } },
  roles = { default = "box/plain", judge = "box/thinker" },
  prices = {
    ["box/plain"] = { input = 1, output = 10, thinks = "never" },
    ["box/thinker"] = { input = 1, output = 10, thinks = "default" },
  },
}
EOF
# The value of a JSON path of the last output.
of() { sqlite3 :memory: "SELECT json_extract(readfile('$tmp/forecast.json'), '$1')"; }

t_case "who asks what a book will cost gets a range by phase and by model, and nothing is sent or written"
mkdir "$tmp/scratch"
t_ok env TMPDIR="$tmp/scratch" "$QUIRE" forecast generate_book "${brief[@]}" --json >"$tmp/forecast.json"
low=$(of '$.cost_usd.low') likely=$(of '$.cost_usd.likely') high=$(of '$.cost_usd.high')
t_is "$(sqlite3 :memory: "SELECT 0 < $low AND $low < $likely AND $likely < $high AND $high < 20 * $low")" 1
t_is "$(of '$.phases[3].name')" Writing
t_is "$(of '$.models[0].thinks')/$(of '$.models[0].priced')/$(of '$.rehearsal')" no/1/0
t_is "$(ls "$QUIRE_LIBRARY")" quire.lua
t_is "$(ls "$tmp/scratch")" ""

t_case "a model without a price is named, with how to give it one, and does not count as free"
t_run "$QUIRE" forecast generate_book "${brief[@]}" --model llamacpp/some
t_has "$out" "The price of llamacpp/some is unknown"
t_has "$out" 'prices = { ["llamacpp/some"] ='
t_has "$out" "cost       unknown"
t_has "$out" "Whether llamacpp/some thinks before it answers is not known"

t_case "a rehearsal says that it is one and costs nothing"
t_run "$QUIRE" forecast generate_book "${brief[@]}" --model rehearsal/novelist
t_has "$out" "This is a rehearsal"
t_has "$out" 'cost       $0.00 ($0.00 to $0.00)'

t_case "a budget that the book may not keep is said beforehand"
t_run "$QUIRE" forecast generate_book "${brief[@]}" --budget 0.01
t_has "$out" "The run's limit is \$0.01: it will probably pause there"

t_case "what was expected stays with the run, and who looks at it hears how far off it was"
t_run "$QUIRE" run generate_book "${brief[@]}" --model rehearsal/novelist --forecast
t_has "$out" 'Expected: $0.00 ($0.00 to $0.00)'
t_run "$QUIRE" show 1
t_has "$out" 'forecast   expected $0.00 ($0.00 to $0.00); it took $0.00 (as likely)'
t_run "$QUIRE" show 1 --json
t_has "$out" '"says": "expected $0.00'

t_case "what cannot be run cannot be forecast, and says the same"
t_run 2 "$QUIRE" forecast generate_book --set chapters=2
t_has "$out" "the input field 'brief' is missing"
t_run 10 "$QUIRE" forecast generate_bok "${brief[@]}"
t_has "$out" "generate_book"

t_done
