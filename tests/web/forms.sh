#!/usr/bin/env bash
# forms.sh - drafts of forms, what a person brings along, what a resume may repeat, and the API's own description.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

book "The Lamp" 2
mkdir "$tmp/temp"
export TMPDIR=$tmp/temp # where forecasts rehearse
web_start

t_case "a draft is kept as it is, and not written over from another window"
send PUT /api/drafts/new-book '{"title":"Kö","chapters":3}'
t_is "$code" 200
get /api/drafts/new-book
t_is "$code $body" '200 {"chapters":3,"title":"Kö"}'
tag=$(header ETag)
send PUT /api/drafts/new-book '{"title":"Newer"}' -H "If-Match: $tag"
t_is "$code" 200
send PUT /api/drafts/new-book '{"title":"Older"}' -H "If-Match: $tag"
t_is "$code $(field '$.error.code')" "412 stale"
get /api/drafts/new-book
t_is "$body" '{"title":"Newer"}'
send DELETE /api/drafts/new-book
get /api/drafts/new-book
t_is "$code" 204
send PUT /api/drafts/New%20Book '{}'
t_is "$code" 400

t_case "a brief comes back as text; what is no text is refused in words"
send POST /api/uploads "{\"kind\":\"brief\",\"name\":\"brief.txt\",\"content\":\"$(printf 'Ein Leuchtturm.\n' | base64 -w0)\"}"
t_is "$code $(field '$.text')" "201 Ein Leuchtturm."
send POST /api/uploads "{\"kind\":\"outline\",\"content\":\"$(printf '\xff\xfe\x00binary' | base64 -w0)\"}"
t_is "$code $(field '$.error.hint')" "400 save it as plain text or Markdown"
for content in '"abc"' '"a==="' '"!!!!"' 7 null; do
  send POST /api/uploads "{\"kind\":\"brief\",\"content\":$content}"
  t_is "$content $code" "$content 400"
done

t_case "a cover is what its bytes say, becomes the book's, and comes back as a picture"
jpeg=/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z
png=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
send POST /api/uploads "{\"kind\":\"cover\",\"name\":\"cover.gif\",\"project\":\"the-lamp\",\"content\":\"$png\"}"
t_is "$code $(field '$.name') $(field '$.version')" "201 cover 1"
get /api/projects/the-lamp
t_is "$(field '$.cover')" 'files/the-lamp/cover?version=1'
get "/$(field '$.cover')"
t_is "$code $(header Content-Type) $(sha256sum <"$tmp/body")" "200 image/png $(base64 -d <<<"$png" | sha256sum)"
t_has "$(header Content-Disposition)" 'filename="the-lamp.png"'
send POST /api/uploads "{\"kind\":\"cover\",\"project\":\"the-lamp\",\"content\":\"$jpeg\"}"
get "/files/the-lamp/cover"
t_is "$code $(header Content-Type)" "200 image/jpeg"
send POST /api/uploads "{\"kind\":\"cover\",\"project\":\"the-lamp\",\"content\":\"$(printf 'GIF89a' | base64)\"}"
t_is "$code" 400
send POST /api/uploads "{\"kind\":\"cover\",\"project\":\"nobody\",\"content\":\"$png\"}"
t_is "$code" 404
head -c 16000000 /dev/zero | base64 -w0 | sed 's/^/{"kind":"cover","content":"/; s/$/"}/' >"$tmp/large"
ask POST /api/uploads -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "@$tmp/large"
t_is "$code" 413

t_case "what a resume may ask again is told before it is done"
all_calls=$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM journal WHERE kind = 'llm'")
plan() { send POST /api/runs/1/retry "{\"plan\":true,\"with\":[$(sed 's/[^,]*/"&"/g' <<<"$1")]}"; }
send POST /api/runs/1/retry '{"plan": true}'
t_is "$code $(field '$.stays.calls') $(field '$.again.calls') $(field '$.may.calls') $(field '$.items[0].fate')" "200 $all_calls 0 0 stays"
plan scripts
t_is "$(field '$.stays.calls') $(field '$.changed_scripts')" "$all_calls []"
plan models
t_is "$(field '$.again.calls')" 0
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT count(*) FROM runs')" 1
sqlite3 "$QUIRE_LIBRARY/quire.db" "UPDATE calls SET model = 'rehearsal/another'" # as if each had been asked of another model then
of_role() { sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM journal j JOIN calls c ON c.id = j.call_id WHERE c.role IN ($1)"; }
t_ok test "$(of_role "'writer'")" -gt 0
t_ok test "$(of_role "'judge'")" -gt 0
retried() { # WITH...: a retry of run 1, to its end; what it asked
  local list
  list=$(printf ',"%s"' "$@")
  send POST /api/runs/1/retry "{\"with\":[${list#,}]}"
  local id ended="SELECT count(*) FROM runs WHERE ended_at IS NULL"
  id=$(field '$.run')
  over() { [[ $(sqlite3 "$QUIRE_LIBRARY/quire.db" "$ended") == 0 ]]; }
  t_wait 30 over
  sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM calls WHERE run_id = $id"
}
all=$(of_role "'writer', 'judge', 'planner', 'extractor'")
while read -r with expected; do
  plan "$with"
  t_is "$with: $(field '$.again.calls')" "$with: $expected"
  # shellcheck disable=SC2086
  t_is "$with: $(retried ${with//,/ })" "$with: $expected"
done <<LIST
models=writer $(of_role "'writer'")
models=writer,models=judge $(of_role "'writer', 'judge'")
models=judge,models=writer $(of_role "'writer', 'judge'")
models,models=writer $all
LIST
for with in everything models= models=writer,models=; do
  plan "$with"
  t_is "$with $code" "$with 400"
done

t_case "the API describes every address that it has"
get /api/openapi.json
t_is "$(field '$.openapi') $(field '$.paths."/api/runs/{id}".get.parameters[0].schema.type')" "3.0.3 integer"
t_is "$(field '$.paths."/api/gates/{id}".post.requestBody.content."application/json".schema.required[0]')" choice
t_is "$(sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('$tmp/body'), '\$.paths') p, json_each(p.value)")" \
  "$(grep -c '^ *ROUTE([A-Z]*, "/' "$root/host/web/api/routes.c")"

t_case "a budget that would limit nothing is refused, with what helps"
ask='{"pipeline":"generate_book","hold":true,"models":{"":["llamacpp/some"]},"input":{"brief":"A ferry."}'
send POST /api/runs "$ask,\"budget_usd\":3}"
t_is "$code" 400
t_has "$(field '$.error.message')" "the price of llamacpp/some is not known"
t_has "$(field '$.error.hint')" 'prices = { ["llamacpp/some"]'
send POST /api/runs "$ask,\"budget_usd\":3,\"budget_tokens\":2000000}"
t_is "$code $(field '$.unpriced[0]')" "201 llamacpp/some"
get "/api/runs/$(field '$.run')"
t_is "$(field '$.limits.tokens')" 2000000
send POST /api/runs "$ask,\"budget_tokens\":\"many\"}"
t_is "$code" 400

t_case "the form says what a book will take; a newer question ends the older one; the run keeps the answer"
ask='{"pipeline":"generate_book","models":{"":["openai/gpt-5"]},"input":{"brief":"A ferryman finds letters.","chapters":'
send POST /api/forecast "${ask}1}}"
t_is "$code $(field '$.models[0].model') $(field '$.rehearsal')" "200 openai/gpt-5 0"
cp "$tmp/body" "$tmp/told"
t_start "$tmp/older" curl -s -w '\n%{http_code}' -X POST "$base/api/forecast" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  --data-binary "${ask}100},\"form\":\"a\"}"
t_wait 20 compgen -G "$tmp/temp/quire-scratch.*"
send POST /api/forecast "${ask}1},\"form\":\"a\"}"
t_is "$code $(field '$.phases[3].name')" "200 Writing"
wait "$pid"
t_is "$(tail -n 1 "$tmp/older")" 409
t_is "$(ls "$tmp/temp")" "" # what was ended leaves nothing behind
send POST /api/forecast "{\"pipeline\":\"generate_book\",\"input\":{}}"
t_has "$code $body" "the input field 'brief' is missing"
send POST /api/runs "{\"pipeline\":\"generate_book\",\"hold\":true,\"input\":{\"brief\":\"A ferry.\"},\"forecast\":$(cat "$tmp/told")}"
t_is "$code" 201
get "/api/runs/$(field '$.run')"
t_has "$(field '$.forecast.says')" "so far \$0.00"
send POST /api/runs '{"pipeline":"generate_book","hold":true,"input":{"brief":"A ferry."},"forecast":7}'
t_is "$code" 400

t_done
