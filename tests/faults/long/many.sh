#!/usr/bin/env bash
# 10,000 queued runs and a restart storm; 100 people at one gate; a reader that holds a snapshot; two hosts on one library. MANY, READER_S.
. "$(dirname "$0")/../../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

: "${MANY:=10000}" "${READER_S:=600}"
rehearse_start --latency 5 --chunks 1 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "$MANY queued runs, and the host dies 20 times"
steps_library 1
serve_patience=60
serve_start
submit 1 "$MANY"
for ((i = 0; i < 20; i++)); do
  sleep 0.5
  host_kill
done
t_wait 60 serve_ready
wait_ended 300
t_is "$(sql "SELECT count(*), min(status), max(status) FROM runs")" "$MANY|completed|completed"
t_is "$(audit)" ""
t_is "$(ledger_judged)" ""

t_case "100 people decide one gate: one decision counts"
mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/pipelines/ask.lua" <<'LUA'
return { title = "Asks", input = {}, run = function() return gate.ask { title = "Go on?", show = "text", choices = { "yes", "no" } }.choice end }
LUA
api POST /api/runs '{"pipeline": "ask", "key": "ask", "input": {}}' >"$tmp/said"
gate_open() { [[ $(sql "SELECT count(*) FROM gates WHERE status = 'open'") == 1 ]]; }
t_wait 10 gate_open
token=$(owner_field token) address=$(owner_field address)
for ((i = 0; i < 100; i++)); do
  curl -s -o "$tmp/decided.$i" -w '%{http_code}\n' -X POST -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d "{\"choice\": \"$([[ $((i % 2)) == 0 ]] && echo yes || echo no)\"}" "http://$address/api/gates/1" >"$tmp/code.$i" &
done
wait_ended 20
sleep 1
t_is "$(cat "$tmp"/code.* | grep -c '^200')" 1
t_is "$(sql "SELECT count(*) FROM gates WHERE status = 'decided'")" 1
t_is "$(sql "SELECT result = '\"' || (SELECT decision FROM gates) || '\"' FROM run_texts JOIN runs ON id = run_id WHERE key = 'ask'")" 1

t_case "a second host on the library is refused"
t_run 11 timeout 20 "$QUIRE" serve

t_case "a reader holds a snapshot for $READER_S s: the log grows, says because of whom, and shrinks afterwards"
mkfifo "$tmp/reader"
sqlite3 "$QUIRE_LIBRARY/quire.db" <"$tmp/reader" >"$tmp/read" &
exec 7>"$tmp/reader"
echo "BEGIN; SELECT count(*) FROM runs;" >&7
end=$((SECONDS + READER_S)) batch=0
while ((SECONDS < end)); do
  batch=$((batch + 1))
  submit 1 25 "r$batch"
  wait_ended 60
  sleep 1
done
grown=$(stat -c %s "$QUIRE_LIBRARY/quire.db-wal")
echo "# the WAL grew to $grown bytes behind the reader, $batch times 25 runs"
((grown < 140000000)) || t_has "$(cat "$tmp/serve.log")" "(sqlite3) keeps reading"
exec 7>&-
small() { [[ $(stat -c %s "$QUIRE_LIBRARY/quire.db-wal") -lt 1000000 ]]; }
t_wait 20 small
t_is "$(audit)" ""
serve_stop
t_is "$status" 0
t_done
