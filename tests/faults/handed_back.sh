#!/usr/bin/env bash
# Services that hand an answer back by an id: a response that OpenAI makes in the background, a named stream of llama.cpp's server. A host that is
# killed while one is under way fetches it in its next life: nothing is paid twice, not even what was in flight.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --chunks 6 --latency 30 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

kills=${KILLS:-10} # of each dialect; the long test has 100
library() {
  fresh "$1"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "$1", base_url = "http://$rehearse/v1", retries = 4, first_byte_s = 60, idle_s = 60, resumable = ${2:-true} } },
  prices = { ["stub/novelist"] = { input = 1, output = 4 } },
  roles = { default = "stub/novelist" },
}
LUA
}
cat >"$tmp/scenes.lua" <<'LUA'
return { title = "Scenes", run = function(input)
  for group = 1, input.groups do
    task.map({ "harbour", "clock", "tide", "lamp" }, function(what)
      return llm.ask { role = "writer", prompt = ("Scene %d of the %s, in sixty words."):format(group, what), max_words = 80 }.text
    end, { limit = input.at_once })
  end
end, input = { { name = "groups", type = "integer", default = 1 }, { name = "at_once", type = "integer", default = 1 } } }
LUA
# scenes GROUPS AT-ONCE: four scenes a group.
scenes() { timeout 60 "$QUIRE" run "$tmp/scenes.lua" --key it --quiet --set groups="$1" --set at_once="$2"; }
told() { ledger | grep -o "\"$1\": *[0-9]*" | awk -F: '{ n += $2 } END { print n + 0 }'; }
tokens() { sql "SELECT sum(input_tokens) || ' ' || sum(output_tokens) FROM calls WHERE state = 'answered'"; }
# A host may die between an intent and its request: then nothing came there, nothing can be fetched, and one more is booked than was sent.
nothing_twice() {
  t_is "$(ledger_repeats)" "0 0"
  t_is "$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")" "$1"
  t_is "$(sql "SELECT count(*) FROM calls WHERE state NOT IN ('answered', 'failed')")" 0
  t_is "$(tokens)" "$(told input_tokens) $(told output_tokens)"
  t_is "$(audit "$QUIRE_LIBRARY")" ""
}

# A name of ours is in the intent: there several may be under way. OpenAI tells its id with the first event: a death between the request and that
# event is the one that still asks again, so there it is one at a time.
while read -r adapter at_once places; do
  t_case "$adapter: killed $kills times in the middle of answers, each answer is paid once"
  library "$adapter"
  died=0
  for ((i = 0; i < kills; i++)); do
    place=$(awk -v n=$((i % 2 + 1)) '{ print $n }' <<<"$places")
    { QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="$place:kill@$((i % 4 + 1))" scenes "$kills" "$at_once"; } >"$tmp/out" 2>&1
    [[ $? == 137 ]] && died=$((died + 1))
  done
  t_is "$died" "$kills"
  t_run 0 scenes "$kills" "$at_once"
  nothing_twice $((4 * kills))
  t_ok test "$(told fetches)" -ge "$kills"
done <<'DIALECTS'
openai_responses 1 handle_saved mid_stream
openai 4 mid_stream mid_stream
DIALECTS

for adapter in openai_responses openai; do
  t_case "$adapter: a connection that breaks in the middle costs no second answer"
  library "$adapter"
  rehearse_control '{"faults": ["cut:times=2"]}'
  t_run 0 scenes 1 1
  rehearse_control '{"faults": []}'
  nothing_twice 4
  t_ok test "$(told fetches)" -ge 2

  t_case "$adapter: a host that is asked to stop leaves at once, and the answer is fetched later"
  library "$adapter"
  rehearse_control '{"latency": 30000}'
  QUIRE_UNGUARDED=1 t_start "$tmp/stopped.out" "$QUIRE" run "$tmp/scenes.lua" --key it --quiet --set groups=1
  begun() { [[ $(told pieces) -gt 0 ]]; }
  t_wait 30 begun
  before=$SECONDS
  kill -TERM "$pid"
  wait "$pid"
  ((SECONDS - before < 20)) && t_ok || t_fail "the stop took $((SECONDS - before)) s"
  t_is "$(sql "SELECT status, (SELECT state FROM calls) FROM runs")" "queued|sent"
  rehearse_control '{"latency": 30}'

  t_case "$adapter: the work on an answer ends with the run that wanted it"
  t_run 0 "$QUIRE" cancel 1
  t_is "$(sql "SELECT state, usage_estimated, input_tokens > 0 FROM calls")" "cancelled|1|1"
  t_is "$(audit "$QUIRE_LIBRARY")" ""
  library "$adapter"
  rehearse_control '{"latency": 30000}'
  QUIRE_UNGUARDED=1 t_start "$tmp/cancelled.out" "$QUIRE" run "$tmp/scenes.lua" --key it --quiet --set groups=1
  t_wait 30 begun
  t_run 0 "$QUIRE" cancel 1
  wait "$pid"
  gone() { ledger | grep -q '"status": *"gone"'; }
  t_wait 30 gone
  t_is "$(sql "SELECT state FROM calls")" cancelled
  rehearse_control '{"latency": 30}'

  t_case "$adapter: an answer that the service does not have any more is asked for again, and the first one is booked"
  library "$adapter"
  { QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="mid_stream:kill@1" scenes 1 1; } >"$tmp/out" 2>&1
  sqlite3 "$QUIRE_LIBRARY/quire.db" "UPDATE calls SET handle = 'resp_unknown'"
  t_run 0 scenes 1 1
  t_is "$(sql "SELECT state, input_tokens > 0 FROM calls ORDER BY id LIMIT 2")" "failed|1
answered|1"
  t_has "$(sql "SELECT error FROM calls WHERE state = 'failed'")" "cannot be fetched"
  t_is "$(audit "$QUIRE_LIBRARY")" ""
done

t_case "a provider whose dialect hands nothing back says so before anything is sent"
library ollama
t_run 1 scenes 1 1
t_has "$out" "resumable"
t_is "$(ledger_total)" 0
t_done
