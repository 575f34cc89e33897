#!/usr/bin/env bash
# Calls that are submitted: a batch of Anthropic's or Gemini's is half the price and takes its time. The run waits for it as for any time, without a
# place in memory; a host that is killed while it is under way fetches it in its next life, and nothing is paid twice.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --latency 150 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

kills=${KILLS:-10} # of each dialect; the long test has 100
# library ADAPTER PATH [POLL-SECONDS [TIERS]]
library() {
  fresh "$1"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "$1", base_url = "http://$rehearse/$2", retries = 2, first_byte_s = 60, idle_s = 60, poll_s = ${3:-0.1}, options = { flex = true } } },
  prices = { ["stub/novelist"] = { input = 1, output = 4, batch = 50, flex = 50 } },
  roles = { default = "stub/novelist" },
  tiers = { writer = ${4:-\"batch\"} },
}
LUA
}
cat >"$tmp/scenes.lua" <<'LUA'
return { title = "Scenes", run = function(input)
  for number = 1, input.scenes do
    llm.ask { role = "writer", prompt = ("Scene %d at the harbour, in sixty words."):format(number), max_words = 80 }
  end
end, input = { { name = "scenes", type = "integer", default = 1 } } }
LUA
scenes() { timeout 60 "$QUIRE" run "$tmp/scenes.lua" --key it --quiet --set scenes="$1" "${@:2}"; }
told() { ledger | grep -o "\"$1\": *[0-9]*" | awk -F: '{ n += $2 } END { print n + 0 }'; }
# Of the provider's own list, at the prices above.
half_price() { echo $(((1000 * $(told input_tokens) + 4000 * $(told output_tokens)) / 2)); }
booked_half() { # rounded up for each call
  local cost
  cost=$(sql "SELECT cost_nano FROM runs")
  [[ $cost -ge $(half_price) && $cost -le $(($(half_price) + $1)) ]] && t_ok || t_fail "booked $cost, half of the price is $(half_price)"
}

while read -r adapter path; do
  t_case "$adapter: a batch is booked at its price"
  library "$adapter" "$path"
  t_run 0 scenes 2
  t_is "$(sql "SELECT count(*), min(state), max(usage_estimated) FROM calls")" "2|answered|0"
  booked_half 2

  t_case "$adapter: killed $kills times while it is submitted, nothing is paid twice"
  library "$adapter" "$path"
  died=0
  for ((i = 0; i < kills; i++)); do
    { QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="handle_saved:kill@1" scenes $((kills + 1)); } >"$tmp/out" 2>&1
    [[ $? == 137 ]] && died=$((died + 1))
  done
  t_is "$died" "$kills"
  t_run 0 scenes $((kills + 1))
  t_is "$(ledger_repeats)" "0 0"
  t_is "$(sql "SELECT count(*), count(DISTINCT state), min(state) FROM calls")" "$((kills + 1))|1|answered"
  booked_half $((kills + 1))
  t_is "$(audit "$QUIRE_LIBRARY")" ""

  t_case "$adapter: while a batch takes its time the run waits for a time that everybody is told, and takes no memory"
  library "$adapter" "$path" 30
  t_run 7 scenes 1 --max-wait 0s
  t_is "$(sql "SELECT status, wait_kind, wake_at > 0, (SELECT state FROM calls) FROM runs")" "waiting|provider|1|sent"
  t_run 0 "$QUIRE" show 1
  t_has "$out" "has not finished the answer"
  ended() { ledger | grep -q '"status": *"answered"'; }
  t_wait 30 ended
  t_run 0 "$QUIRE" resume 1 --quiet
  t_is "$(ledger_repeats)" "0 0"
  t_is "$(sql "SELECT count(*), min(state) FROM calls")" "1|answered"

  t_case "$adapter: a run that is cancelled while it waits is booked with what the service may still write"
  library "$adapter" "$path" 30
  t_run 7 scenes 1 --max-wait 0s
  t_run 0 "$QUIRE" cancel 1
  t_wait 30 ended
  cost=$(sql "SELECT cost_nano FROM runs")
  [[ $cost -ge $(half_price) ]] && t_ok || t_fail "booked $cost, the answer costs $(half_price)"

  t_case "$adapter: a batch that expired, and one of which a line failed, are submitted again"
  library "$adapter" "$path"
  rehearse_control '{"faults": ["expire:times=1", "500:times=1"]}'
  t_run 0 scenes 1
  rehearse_control '{"faults": []}'
  t_is "$(sql "SELECT group_concat(state, ' ') FROM (SELECT state FROM calls ORDER BY id)")" "failed failed answered"

  t_case "$adapter: what a cancelled run had submitted is cancelled"
  library "$adapter" "$path"
  rehearse_control '{"latency": 30000}'
  QUIRE_UNGUARDED=1 t_start "$tmp/cancelled.out" "$QUIRE" run "$tmp/scenes.lua" --key it --quiet
  submitted() { [[ $(sql "SELECT handle NOT LIKE 'quire-%' FROM calls") == 1 ]]; }
  t_wait 30 submitted
  t_run 0 "$QUIRE" cancel 1
  wait "$pid"
  rehearse_control '{"latency": 150}'
  t_is "$(sql "SELECT state, usage_estimated FROM calls")" "cancelled|1"
  t_is "$(audit "$QUIRE_LIBRARY")" ""
done <<'DIALECTS'
anthropic v1
gemini v1beta
DIALECTS

t_case "while the role's second model has the question, its first is not asked, and paid, again in each life"
library anthropic v1 30
sed -i "s#roles = .*#roles = { default = { \"other/first\", \"stub/novelist\" } },#; s#providers = {#&\n    other = { adapter = \"openai\", base_url = \"http://$rehearse/v1\" },#" "$QUIRE_LIBRARY/quire.lua"
rehearse_control '{"faults": ["400:times=1"]}'
t_run 7 scenes 1 --max-wait 0s
rehearse_control '{"faults": []}'
t_is "$(sql "SELECT group_concat(provider || ' ' || state, ', ') FROM (SELECT * FROM calls ORDER BY id)")" "other failed, stub sent"
t_wait 30 ended
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(sql "SELECT group_concat(provider || ' ' || state, ', ') FROM (SELECT * FROM calls ORDER BY id)")" "other failed, stub answered"

t_case "gemini: a death between the submission and its answer submits nothing twice"
library gemini v1beta
{ QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="handle_saved:kill@1" scenes 1; } >"$tmp/out" 2>&1
sqlite3 "$QUIRE_LIBRARY/quire.db" "UPDATE calls SET handle = '$(grep -o 'quire-[0-9a-f]*' <<<"$(curl -sf "http://$rehearse/v1beta/batches")" | tail -n 1)'"
t_run 0 scenes 1
t_is "$(ledger_repeats)" "0 0"

t_case "the tier flex is asked for and booked at its price, and a role's next tier answers when there is no room"
library openai v1 0.1 '{ "flex", "standard" }'
t_run 0 scenes 1
booked_half 1
library openai v1 0.1 '{ "flex", "standard" }'
rehearse_control '{"faults": ["429:times=3,wait=0"]}'
t_run 0 scenes 1
rehearse_control '{"faults": []}'
t_is "$(sql "SELECT count(*), sum(params LIKE '%\"tier\":\"flex\"%'), max(cost_nano) = max(input_tokens) * 1000 + max(output_tokens) * 4000 FROM calls")" "4|3|1"

t_case "a service without batches answers as usual, at its usual price, and is asked to keep nothing"
library openai_responses v1
t_run 0 scenes 1
t_is "$(sql "SELECT count(*), max(handle IS NULL), max(cost_nano) = max(input_tokens) * 1000 + max(output_tokens) * 4000 FROM calls")" "1|1|1"

t_case "a word that is not a tier is refused with those that are"
library openai v1 0.1 '"cheap"'
t_run 8 scenes 1
t_has "$out" '"standard", "flex" or "batch"'
t_done
