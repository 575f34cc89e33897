#!/usr/bin/env bash
# forecast.sh - what a run will take is said before it is started, and holds.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

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


# 40 questions, 16 at a time, of models that cost: a reservation is many times what an answer takes.
export QUIRE_LIBRARY=$tmp/many
mkdir "$QUIRE_LIBRARY"
cat >"$QUIRE_LIBRARY/quire.lua" <<'EOF'
return {
  providers = { box = { adapter = "rehearsal", base_url = "rehearsal:" } },
  roles = { default = { "box/plain", "box/cheap" } },
  prices = {
    ["box/plain"] = { input = 10, output = 1000, thinks = "never" },
    ["box/cheap"] = { input = 0.1, output = 10, thinks = "never" },
  },
}
EOF
cat >"$tmp/many.lua" <<'EOF'
return { input = {}, run = function()
  local names = {}
  for i = 1, 40 do names[i] = "question " .. i end
  local answers = task.map(names, function(name)
    return llm.ask { role = "writer", prompt = "Write 60 words about " .. name .. ".", max_words = 100 }.text
  end, { limit = 16 })
  return { answers = #answers }
end }
EOF

t_case "a budget that 16 calls at once reach is never exceeded; the run waits, and with more money no answer is paid twice"
t_run 6 "$QUIRE" run "$tmp/many.lua" --budget 3
t_has "$out" "the run's budget is reached"
t_is "$(sql "SELECT status || ' ' || wait_kind || ' ' || (cost_nano > 0) || (cost_nano <= 3e9) FROM runs")" "waiting budget 11"
t_is "$(sql "SELECT sum(cost_nano) = (SELECT cost_nano FROM runs) FROM calls")" 1
before=$(sql "SELECT count(*) FROM calls")
t_ok test "$before" -gt 0 -a "$before" -lt 40
t_run "$QUIRE" resume 1 --budget 100
t_is "$(sql "SELECT count(*) || ' ' || sum(state = 'answered') || ' ' || sum(model = 'plain') FROM calls")" "40 40 40"

t_case "who says so goes on with the role's cheaper model at the budget, within it"
t_run "$QUIRE" run "$tmp/many.lua" --budget 3 --at-budget cheaper
t_is "$(sql "SELECT status || ' ' || (cost_nano <= 3e9) FROM runs WHERE id = 2")" "completed 1"
t_is "$(sql "SELECT count(*) || ' ' || (sum(model = 'plain') > 0) || (sum(model = 'cheap') > 0) FROM calls WHERE run_id = 2")" "40 11"
t_run 2 "$QUIRE" run "$tmp/many.lua" --at-budget perhaps
t_has "$out" "pause, cheaper or skip, not 'perhaps'"

t_case "who would rather have a whole book than each second look gets one within the budget, and hears what was left out"
sed -i 's/input = 10, output = 1000/input = 1, output = 10/; s/{ "box\/plain", "box\/cheap" }/"box\/plain"/' "$QUIRE_LIBRARY/quire.lua"
book=("$QUIRE" run generate_book --set brief="A ferryman finds letters in the river." --set chapters=4 --set words_per_chapter=400)
result() { "$QUIRE" show "$1" --json | tr -d ' \n' | grep -o '"skipped":\[[^]]*'; }
t_run "${book[@]}" --budget 100 --at-budget skip
all=$(sql "SELECT max(id) FROM runs") cost=$(sql "SELECT cost_nano / 1e9 FROM runs ORDER BY id DESC LIMIT 1")
t_is "$(result "$all")" '"skipped":['
less=$cost # what the whole book took: too little to reserve the last calls at their worst
t_run 6 "${book[@]}" --budget "$less"
t_run 3 "${book[@]}" --budget "$less" --at-budget skip
t_has "$out" "skipped, to keep within the budget: the audit of chapter 4"
run=$(sql "SELECT max(id) FROM runs")
t_has "$(result "$run")" '"theauditofchapter4"'
t_is "$(sql "SELECT status || ' ' || (cost_nano <= $less * 1e9) FROM runs WHERE id = $run")" "completed 1"
t_is "$(sql "SELECT count(*) FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id JOIN runs r ON r.project_id = a.project_id
  WHERE r.id = $run AND a.name LIKE 'chapters/%'")" 4
sed -i 's/limits = {/limits = { at_budget = "never",/; s/^return {/return { limits = { at_budget = "never" },/' "$QUIRE_LIBRARY/quire.lua"
t_run 8 "$QUIRE" config show
t_has "$out" 'limits.at_budget must be "pause", "cheaper" or "skip"'

rehearse_start --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "a budget that cannot hold, because nobody knows the price, is refused before anything is sent"
fresh unpriced
t_run 2 "$QUIRE" run "$tmp/many.lua" --budget 3
t_has "$out" "the price of stub/novelist is not known, so a budget of 3.00 USD would limit nothing"
t_has "$out" 'prices = { ["stub/novelist"] = { input = USD, output = USD } }'
t_has "$out" "--tokens N"
t_run 2 "$QUIRE" run "$tmp/many.lua" --budget 3 --model writer=rehearsal/novelist # the other roles are still without
t_is "$(ledger_total) $(sql 'SELECT count(*) FROM runs')" "0 0"

t_case "tokens limit what has no price: 16 calls at once never exceed them, and with more nothing is asked twice"
t_run 6 "$QUIRE" run "$tmp/many.lua" --budget 3 --tokens 3k
t_has "$out" "the run's budget of tokens is reached"
t_has "$out" "resume 1 --tokens N continues"
t_is "$(sql "SELECT status || ' ' || wait_kind || ' ' || (tokens_in + tokens_out > 0) || (tokens_in + tokens_out <= 3000) FROM runs")" "waiting budget 11"
t_run 2 "$QUIRE" resume 1 --tokens many
t_run "$QUIRE" resume 1 --tokens 1m
t_is "$(ledger_total) $(ledger_repeats)" "40 0 0"

t_case "who names no budget hears that money does not limit this run"
echo 'return { input = {}, run = function() return llm.ask { role = "writer", prompt = "Write 20 words.", max_words = 40 }.stop end }' >"$tmp/one.lua"
t_run "$QUIRE" run "$tmp/one.lua"
t_has "$out" "The price of stub/novelist is not known: what it costs is not counted"
t_run "$QUIRE" run "$tmp/one.lua" --model rehearsal/novelist --budget 3
t_is "$(grep -c 'is not known' <<<"$out")" 0

t_done
