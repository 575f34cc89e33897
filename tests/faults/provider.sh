#!/usr/bin/env bash
# A provider that is down, slow, talks nonsense, cuts the line or never answers: a clear message, the right exit code, nothing lost, and
# the run goes on when the provider is back. What was answered is never asked again.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 4 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

glossary=(glossary --quiet --key it --max-wait 0s --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out.")

faults() { rehearse_control "{\"faults\": [$1]}"; }
# A library whose calls give up soon: one retry, short deadlines.
impatient() {
  fresh "$1"
  rehearse_library 1
  sed -i 's/first_byte_s = 5, idle_s = 5/first_byte_s = 0.3, idle_s = 0.3/' "$QUIRE_LIBRARY/quire.lua"
}
# Everything works again: the run goes on and asks only what had no answer.
goes_on() {
  local answered
  answered=$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")
  faults ''
  ledger_clear
  t_run 0 "$QUIRE" resume 1 --quiet
  t_is "$(sql "SELECT status FROM runs")" completed
  t_is "$(ledger_total)" "$(($(sql "SELECT count(*) FROM calls WHERE state = 'answered'") - answered))"
  t_is "$(ledger_repeats)" "0 0"
}

# FAULT EXIT-CODE WAITS-FOR WORDS-OF-THE-MESSAGE
while read -r fault code kind words; do
  t_case "when the provider has the fault $fault the run waits, says why, and goes on later"
  impatient waiting
  faults "\"$fault\""
  t_run "$code" timeout 30 "$QUIRE" run "${glossary[@]}"
  t_has "$out" "${words//_/ }"
  t_has "$out" "quire resume 1"
  t_is "$(sql "SELECT status, wait_kind FROM runs")" "waiting|$kind"
  goes_on
done <<'FAULTS'
500 7 provider cannot_be_reached
429:wait=0.1 7 provider limit_of_its_own
429:wait=600 7 provider Paused_until
quota 7 provider limit_of_its_own
auth 4 key does_not_take_the_key
hang 7 provider cannot_be_reached
cut 7 provider ended_in_the_middle
cut:after=0 7 provider cannot_be_reached
badjson 7 provider cannot_be_reached
streamerror 7 provider cannot_be_reached
nostop 7 provider without_saying_that_it_is_done
FAULTS

while read -r fault words; do
  t_case "when each answer has the fault $fault the run fails with the reason, and a retry asks again"
  impatient failing
  faults "\"$fault\""
  t_run 7 timeout 30 "$QUIRE" run "${glossary[@]}"
  t_has "$out" "${words//_/ }"
  t_is "$(sql "SELECT status FROM runs")" failed
  faults ''
  t_run 0 "$QUIRE" retry 1 --quiet
done <<'FAULTS'
refuse refused
empty no_text
400 HTTP_400
FAULTS

for fault in 500:first=1 429:first=1,wait=0.1 hang:first=1 cut:first=1 badjson:first=1 empty:first=1 slow:wait=0.001 splitutf8 "500:p=0.3"; do
  t_case "$fault now and then is not noticed"
  impatient sometimes
  rehearse_library 4
  sed -i 's/first_byte_s = 5, idle_s = 5/first_byte_s = 0.4, idle_s = 0.4/' "$QUIRE_LIBRARY/quire.lua"
  faults "\"$fault\""
  t_run 0 timeout 30 "$QUIRE" run "${glossary[@]}"
  t_is "$(sql "SELECT count(*) FROM (SELECT scope, hash, n FROM calls WHERE state = 'answered' GROUP BY 1, 2, 3 HAVING count(*) > 1)")" 0
done

t_case "nobody listens at the provider's address: the run waits and goes on when somebody does"
impatient down
sed -i "s|$rehearse|127.0.0.1:1|" "$QUIRE_LIBRARY/quire.lua"
t_run 7 timeout 30 "$QUIRE" run "${glossary[@]}"
t_has "$out" "cannot be reached"
t_has "$out" "127.0.0.1"
sed -i "s|127.0.0.1:1/|$rehearse/|" "$QUIRE_LIBRARY/quire.lua"
goes_on

t_case "a provider that dies in the middle of a book costs no answer"
impatient middle
faults ''
book=(generate_book --quiet --key it --max-wait 0s --set title="The Tide Clock" --set brief="A clockmaker mends the clock." --set chapters=3 --set words_per_chapter=400)
t_run 0 "$QUIRE" run "${book[@]}" --until chapter:1
faults '"500"'
t_run 7 timeout 30 "$QUIRE" resume 1 --max-wait 0s
t_is "$(sql "SELECT count(*) FROM v_artifacts WHERE name LIKE 'chapters/%'")" 1
goes_on

t_case "an error with --json is JSON, with the reason and what to type"
impatient json
faults '"auth"'
out=$("$QUIRE" run "${glossary[@]}" --json 2>/dev/null)
t_is $? 4
t_is "$(sqlite3 :memory: "SELECT json_valid(value) FROM (SELECT '${out//\'/\'\'}' AS value)")" 1
t_has "$out" "does not take the key"

t_case "a request that is too large fails with its size and an advice that can help, not as if the provider were away"
impatient large
faults '"413"'
t_run 1 timeout 30 "$QUIRE" run "${glossary[@]}"
t_has "$out" "larger than the provider, or a proxy before it, takes"
t_is "$(grep -o "HTTP 413" <<<"$out" | wc -l)" 1
t_run 0 "$QUIRE" show 1
t_has "$out" "quire retry 1 --with models --model"

t_case "while a provider makes a run wait, everybody is told for whom, why and until when, and a stop does not wait for it"
impatient patient
faults '"429:wait=40"'
t_start "$tmp/patient.out" "$QUIRE" run "${glossary[@]:0:1}" --key it --set text="The fusee evens out what the mainspring stores."
t_at_exit kill -9 "$pid"
told() { grep -q "waits 4[0-9] s for provider 'stub' (HTTP 429" "$tmp/patient.out"; }
t_wait 10 told
t_run 0 "$QUIRE" show 1
t_has "$out" "but it waits for provider 'stub' (HTTP 429"
t_has "$out" "It asks again at"
t_run 0 "$QUIRE" show 1 --json
t_has "$(sqlite3 :memory: "SELECT value ->> '$.held.for' FROM (SELECT '${out//\'/\'\'}' AS value)")" "provider 'stub' (HTTP 429"
t_is "$(sqlite3 :memory: "SELECT value ->> '$.held.until_ms' > 1000 * unixepoch() FROM (SELECT '${out//\'/\'\'}' AS value)")" 1
kill -TERM "$pid"
before=$SECONDS
wait "$pid"
((SECONDS - before < 15)) && t_ok || t_fail "the stop took $((SECONDS - before)) s"
t_is "$(ledger_total)" 1
t_is "$(sql "SELECT status, (SELECT group_concat(state) FROM calls) FROM runs")" "queued|failed"
goes_on

t_case "the second model of a role steps in when the first one fails for good"
impatient second
faults ''
sed -i 's|default = "stub/novelist"|default = { "gone/novelist", "stub/novelist" }|; s|providers = {|providers = { gone = { adapter = "openai", base_url = "http://127.0.0.1:1/v1", retries = 1 },|' "$QUIRE_LIBRARY/quire.lua"
t_run 0 timeout 30 "$QUIRE" run "${glossary[@]}"
t_is "$(sql "SELECT DISTINCT provider FROM calls WHERE state = 'answered'")" stub
t_case "a script that asks the same for ever is stopped after eight equal answers, whatever id and time each has"
fresh round
faults ''
cat >"$tmp/round.lua" <<'LUA'
return { title = "Round", run = function()
  for _ = 1, 20 do llm.ask { role = "writer", prompt = "One sentence about the sea.", max_words = 20 } end
end }
LUA
t_run 1 "$QUIRE" run "$tmp/round.lua" --quiet
t_has "$out" "stuck"
t_is "$(ledger_total)" 8
t_ok test "$(sql "SELECT count(DISTINCT request_id) FROM calls")" -eq 8

t_case "the second model of a role steps in when there is no key for the first one"
impatient keyless
sed -i 's|default = "stub/novelist"|default = { "locked/novelist", "stub/novelist" }|; s|providers = {|providers = { locked = { adapter = "openai", base_url = "http://127.0.0.1:1/v1", key_env = "NO_SUCH_KEY" },|' "$QUIRE_LIBRARY/quire.lua"
t_run 0 timeout 30 "$QUIRE" run "${glossary[@]}"
t_is "$(sql "SELECT DISTINCT provider FROM calls")" stub
t_done
