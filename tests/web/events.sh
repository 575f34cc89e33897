#!/usr/bin/env bash
# events.sh - what happens, as it happens: nothing is missed, nothing told twice, whoever is slow, many, or gone for a while.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../rehearse.sh"
. "$(dirname "$0")/../web.sh"

# What a stream said under a name, as one JSON list in FILE.json.
frames() {
  awk -v name="$1" '/^event: / { event = $2 } /^data: / { if (event == name) { printf "%s%s", n++ ? "," : "[", substr($0, 7) } }
    END { print n ? "]" : "[]" }' "$2" >"$2.json"
}
# Of whole events: where a stream was cut, half of one may stand at the end.
ids() { awk 'FNR == 1 { id = "" } /^id: / { id = $2 } /^$/ { if (id != "") print id; id = "" }' "$@"; }
listen() { # FILE QUERY [CURL]...: a stream in the background
  t_start "$1" curl -sN "$base/api/events?$2" "${@:3}"
  t_at_exit kill "$pid"
  t_wait 10 grep -q '^retry: 3000' "$1"
}
ended() { [[ $(sql "SELECT status FROM runs WHERE id = $1") == completed ]]; }
run_book() { # KEY [MORE]: its number is in $run
  send POST /api/runs "{\"pipeline\":\"generate_book\",\"key\":\"$1\",\"input\":{\"brief\":\"A lamp.\",\"title\":\"$1\",\"chapters\":2,\"words_per_chapter\":600}${2-}}"
  run=$(field '$.run')
}

rehearse_start --latency 20 --chunks 8
rehearse_library
web_start

t_case "a page that watches a run is told every event and every word, in order, once"
run_book first ',"hold":true'
listen "$tmp/all" "run=$run&text=1&after=0"
send POST "/api/runs/$run/adopt"
t_wait 60 ended "$run"
last=$(sql "SELECT max(id) FROM events WHERE run_id = $run")
t_wait 10 grep -q "^id: $last\$" "$tmp/all"
t_is "$(ids "$tmp/all")" "$(sql "SELECT id FROM events WHERE run_id = $run ORDER BY id")"
t_wait 10 grep -q '^data: .*"calls":.*"state":"completed"' "$tmp/all"
frames text "$tmp/all"
t_is "$(sqlite3 :memory: "SELECT group_concat(text, '') FROM (SELECT json_extract(value, '$.text') AS text FROM json_each(readfile('$tmp/all.json'))
  WHERE json_extract(value, '$.call') = 3)")" "$(sql 'SELECT answer FROM calls WHERE id = 3')"
t_is "$(sqlite3 :memory: "SELECT count(DISTINCT json_extract(value, '$.call')) FROM json_each(readfile('$tmp/all.json'))")" \
  "$(sql "SELECT count(*) FROM calls WHERE run_id = $run AND answer <> ''")"
frames run "$tmp/all"
t_is "$(sqlite3 :memory: "SELECT json_extract(readfile('$tmp/all.json'), '\$[0].state') || ' ' || json_extract(readfile('$tmp/all.json'), '\$[#-1].state')")" \
  "queued completed"
frames call "$tmp/all"
t_is "$(sqlite3 :memory: "SELECT count(DISTINCT json_extract(value, '$.call')) FROM json_each(readfile('$tmp/all.json')) WHERE json_extract(value, '$.state') = 'answered'")" \
  "$(sql "SELECT calls FROM runs WHERE id = $run")"

t_case "who joins in the middle gets the whole text so far first, then what follows, without a gap"
rehearse_control '{"latency": 3000, "chunks": 40}'
run_book second
call=$(($(sql 'SELECT max(id) FROM calls') + 1))
listen "$tmp/early" "run=$run&text=1"
t_wait 20 grep -q '"at":[1-9]' "$tmp/early"
listen "$tmp/late" "run=$run&text=1"
t_wait 20 grep -q '^event: text' "$tmp/late"
frames text "$tmp/late"
t_is "$(sqlite3 :memory: "SELECT json_extract(readfile('$tmp/late.json'), '\$[0].at')")" 0
rehearse_control '{"latency": 5, "chunks": 8}'
call=$(sqlite3 :memory: "SELECT json_extract(readfile('$tmp/late.json'), '\$[0].call')")
answered() { [[ $(sql "SELECT state FROM calls WHERE id = $1") == answered ]]; }
t_wait 30 answered "$call"
t_wait 60 ended "$run"
for file in early late; do
  frames text "$tmp/$file"
  t_is "$file $(sqlite3 :memory: "WITH pieces AS (SELECT json_extract(value, '$.at') AS at, json_extract(value, '$.text') AS text
    FROM json_each(readfile('$tmp/$file.json')) WHERE json_extract(value, '$.call') = $call)
    SELECT group_concat(text, '') FROM (SELECT * FROM pieces ORDER BY at)" | sha256sum)" \
    "$file $(sql "SELECT answer FROM calls WHERE id = $call" | sha256sum)"
done

t_case "the host is killed and starts again: who comes back with the last id has missed nothing and heard nothing twice"
rehearse_control '{"latency": 60, "chunks": 8}'
run_book third
listen "$tmp/before" "after=0"
told() { [[ $(sql "SELECT count(*) FROM events WHERE run_id = $run") -gt 4 ]]; }
t_wait 30 told
kill -9 "$(sqlite3 :memory: "SELECT json_extract(readfile('$QUIRE_LIBRARY/owner.json'), '$.pid')")"
cut() { ! kill -0 "$pid"; }
t_wait 10 cut
again() { ask GET /healthz && [[ $code == 200 ]]; }
t_wait 20 again
get /api/overview
t_is "$code" 200 # the port and the token are the old ones: who has read them is not turned away before owner.json is new
web_owner
listen "$tmp/after" '' -H "Last-Event-ID: $(ids "$tmp/before" | tail -1)"
t_wait 60 ended "$run"
last=$(sql 'SELECT max(id) FROM events')
t_wait 10 grep -q "^id: $last\$" "$tmp/after"
t_is "$(ids "$tmp/before" "$tmp/after")" "$(sql 'SELECT id FROM events ORDER BY id')"

t_case "a reader that stands still holds nobody, and has missed nothing when it goes on or comes back"
mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/pipelines/loud.lua" <<'LUA'
return { title = "Loud", input = {}, run = function()
  local line = string.rep("loud ", 1600)
  for i = 1, 2000 do
    log.info("%d %s", i, line)
    if i % 20 == 0 then step("pause " .. i, { i = i }, function() return i end) end
  end
  return {}
end }
LUA
listen "$tmp/still" ''
still=$pid
kill -STOP "$still"
listen "$tmp/awake" ''
send POST /api/runs '{"pipeline":"loud"}'
run=$(field '$.run')
t_wait 60 ended "$run"
last=$(sql "SELECT max(id) FROM events WHERE run_id = $run")
t_wait 30 grep -q "^id: $last\$" "$tmp/awake"
t_is "$(ids "$tmp/awake" | wc -l)" "$(sql "SELECT count(*) FROM events WHERE run_id = $run")"
# One that stood for longer than the server waits for a write is cut off: then it comes back with its last id, as a browser does.
kill -CONT "$still"
caught_up() { grep -q "^id: $last\$" "$tmp/still" || ! kill -0 "$still"; }
t_wait 30 caught_up
: >"$tmp/rest"
if ! grep -q "^id: $last\$" "$tmp/still"; then
  listen "$tmp/rest" '' -H "Last-Event-ID: $(ids "$tmp/still" | tail -1)"
  t_wait 30 grep -q "^id: $last\$" "$tmp/rest"
fi
t_is "$(ids "$tmp/still" "$tmp/rest")" "$(ids "$tmp/awake")"

t_case "who cannot stream asks again and again"
ask GET "/api/events?poll=1&after=$((last - 3))"
t_is "$(field '$.events[0].id') $(field '$.events[2].id') $(field '$.last')" "$((last - 2)) $last $last"
t_start "$tmp/poll" curl -s "$base/api/events?poll=1&wait=30&after=$last"
poll=$pid
run_book fourth
polled() { ! kill -0 "$poll"; }
t_wait 20 polled
t_is "$(sqlite3 :memory: "SELECT json_extract(readfile('$tmp/poll'), '$.events[0].run')")" "$run"
ask GET "/api/events?poll=1&wait=0&after=$((last + 1000000))"
t_is "$code $(field '$.events[0].id')" "200 "
t_wait 60 ended "$run"

t_case "what is no run's number is refused"
ask GET '/api/events?run=x'
t_is "$code" 400
ask GET "/api/events?$(printf 'run=%d&' {1..21})"
t_is "$code" 400

t_case "300 streams and a slowloris leave room for everybody else; a stream too many is told when to come back"
host=${base#http://} streams=() half=()
for ((i = 0; i < 320; i++)); do
  exec {fd}<>"/dev/tcp/${host%:*}/${host#*:}"
  printf 'GET /api/events HTTP/1.1\r\nHost: %s\r\n\r\n' "$host" >&"$fd"
  streams+=("$fd")
done
told=0
for fd in "${streams[@]}"; do
  while read -r -t 20 line <&"$fd"; do [[ $line == 'retry: 3000'* ]] && told=$((told + 1)) && break; [[ $line == *503* ]] && break; done
done
t_is "$((told >= 300))" 1
ask GET /api/events
t_is "$code $(header Retry-After)" "503 5"
for ((i = 0; i < 50; i++)); do
  exec {fd}<>"/dev/tcp/${host%:*}/${host#*:}"
  printf 'GET /api/runs HTTP/1.1\r\nHost: ' >&"$fd"
  half+=("$fd")
done
# Those who were sent away ask again and again, and each of them would wait for half a minute.
newest=$(sql 'SELECT max(id) FROM events')
for ((i = 0; i < 100; i++)); do
  exec {fd}<>"/dev/tcp/${host%:*}/${host#*:}"
  printf 'GET /api/events?poll=1&wait=30&after=%s HTTP/1.1\r\nHost: %s\r\n\r\n' "$newest" "$host" >&"$fd"
  half+=("$fd")
done
ask GET /api/overview -m 10
t_is "$code" 200
run_book fifth
heard=0
t_wait 60 ended "$run"
end=$((SECONDS + 60)) # a stream that hears nothing goes on to say that it is still there
for fd in "${streams[@]}"; do
  while ((SECONDS < end)) && read -r -t 20 line <&"$fd"; do [[ $line == id:* ]] && heard=$((heard + 1)) && break; done
done
t_is "$heard" "$told"
for fd in "${streams[@]}" "${half[@]}"; do exec {fd}>&-; done
free() { ask GET '/api/events' -m 1; [[ $code == 200 ]]; }
t_wait 40 free

t_case "a quiet stream says now and then that it is still there, and ends at once when the host stops"
listen "$tmp/quiet" "run=1"
t_wait 30 grep -q '^: still here' "$tmp/quiet"
web_stop
t_wait 5 cut
t_ok

t_done
