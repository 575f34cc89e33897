#!/usr/bin/env bash
# reading.sh - what the API tells: runs, calls, questions, books, and the words for what it cannot tell.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

book "The Lamp" 2
book "Salt & <Market>" 2
"$QUIRE" run generate_book --set title="Asked" --set brief="A gate." --set chapters=2 --set review=true --quiet >/dev/null 2>&1
web_start

t_case "the first page in one request"
get /api/overview
t_is "$code $(field '$.counts.completed') $(field '$.health.ready')" "200 2 1"
t_is "$(field '$.waiting[0].title')" "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT title FROM gates')"
t_is "$(field '$.waiting[0].show')" ""
t_is "$(field '$.now[0].run')" 3
t_is "$(field '$.projects[0].project')" asked

t_case "the API and the command line tell the same of a run"
get /api/runs/1
t_is "$(sqlite3 :memory: "SELECT json_remove(readfile('$tmp/body'), '$.limits')")" \
  "$("$QUIRE" show 1 --json >"$tmp/cli.json" && sqlite3 :memory: "SELECT json_remove(readfile('$tmp/cli.json'), '$.limits')")"
t_is "$(field '$.title') $(field '$.limits.usd') $(field '$.limits.calls')" "The Lamp 10.0 2000"

t_case "lists come in pages that leave nothing out and tell nothing twice"
seen='' after=0
while :; do
  get "/api/runs/1/calls?limit=7&after=$after"
  seen+=$(sqlite3 :memory: "SELECT group_concat(json_extract(value, '$.call'), ' ') FROM json_each(readfile('$tmp/body'), '$.items')")' '
  after=$(field '$.next')
  [[ $after ]] || break
done
t_is "${seen% }" "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT group_concat(id, ' ') FROM calls WHERE run_id = 1")"
get '/api/runs?limit=2'
t_is "$(field '$.items[0].run') $(field '$.items[1].run') $(field '$.next')" "3 2 2"
get '/api/runs?limit=2&after=2'
t_is "$(field '$.items[0].run') $(field '$.next')" "1 "

t_case "what files a book can become, the scripts that make them say"
get /api/exports
t_is "$code $(sqlite3 :memory: "SELECT group_concat(json_extract(value, '$.name') || ' ' || json_extract(value, '$.title'), ', ') FROM json_each(readfile('$tmp/body'))")" \
  "200 book.epub EPUB, book.md Markdown"

t_case "runs are found by state, project and words of the title"
get '/api/runs?status=waiting'
t_is "$(field '$.items[0].run') $(field '$.items[0].gate')" "3 1"
get '/api/runs?q=MARKET%3E'
t_is "$(field '$.items[0].run') $(field '$.items[1].run')" "2 "
get '/api/runs?project=the-lamp&pipeline=generate_book'
t_is "$(field '$.items[0].run')" 1

t_case "a call with its whole prompt, in blocks, and as curl without the key"
get /api/calls/3
t_is "$(sqlite3 :memory: "SELECT group_concat(json_extract(value, '$.text'), '') FROM json_each(readfile('$tmp/body'), '$.blocks')" | sha256sum)" \
  "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT group_concat(CAST(data AS TEXT), "") FROM (SELECT b.data FROM call_blocks k JOIN blobs b ON b.id = k.blob_id WHERE k.call_id = 3 ORDER BY place)' | sha256sum)"
t_is "$(field '$.attempts[0].call')" 3
t_has "$(field '$.curl')" '"Authorization: Bearer $KEY"'

t_case "phases with their time, calls and tokens add up to the run"
get /api/runs/1/timeline
t_is "$(sqlite3 :memory: "SELECT sum(json_extract(value, '$.calls')), sum(json_extract(value, '$.tokens_in')) FROM json_each(readfile('$tmp/body'), '$.phases')")" \
  "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT calls, tokens_in FROM runs WHERE id = 1')"
t_is "$(field '$.phases[0].name')" Blueprint

t_case "a question with the text under review"
get /api/gates/1
t_is "$(field '$.project') $(field '$.status')" "asked open"
t_is "$(field '$.show' | head -c 100)" "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT show FROM gates' | head -c 100)"

t_case "pipelines with the fields of their forms"
get /api/pipelines/generate_book
t_is "$(field '$.input[0].name') $(field '$.input[0].required')" "brief 1"
get /api/pipelines
t_has "$body" '"name":"generate_series"'

t_case "a book as a card, and with its documents"
get /api/projects/the-lamp
t_is "$(field '$.chapters_done') $(field '$.chapters_total') $(field '$.title') $(field '$.runs[0].run')" "2 2 The Lamp 1"
t_is "$(field '$.words')" "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT json_extract(CAST(content AS TEXT), '$.words') FROM v_artifacts WHERE project = 'the-lamp' AND name = 'book.json'")"
"$QUIRE" run generate_book --set brief="A bell." --set title="The Bell" --set chapters=7 --until blueprint --quiet >"$tmp/bell" 2>&1
get /api/projects/the-bell
t_is "$(field '$.chapters_done') $(field '$.chapters_total')" "0 7" # before a chapter is planned

t_case "versions, and the difference of two word by word"
"$QUIRE" artifact show the-lamp chapters/01.md | sed 's/the/THE/' >"$tmp/edited.md"
t_run "$QUIRE" artifact edit the-lamp chapters/01.md --from "$tmp/edited.md"
get /api/projects/the-lamp/artifacts/chapters/01.md
t_is "$(field '$.version') $(field '$.author') $(header ETag)" '2 person "v2"'
get '/api/projects/the-lamp/artifacts/chapters/01.md?version=1'
t_is "$(field '$.version') $(field '$.author') $(header ETag)" '1 run "v2"'
get /api/projects/the-lamp/history/chapters/01.md
t_is "$(field '$[0].version') $(field '$[1].version')" "1 2"
get /api/projects/the-lamp/diff/chapters/01.md
t_is "$(sqlite3 :memory: "SELECT group_concat(json_extract(value, '$.text'), '') FROM json_each(readfile('$tmp/body')) WHERE json_extract(value, '$.op') <> '-'")" \
  "$(cat "$tmp/edited.md")"

t_case "what is not there is said in words, with its address"
for path in runs/99 runs/x runs/99999999999999999999 calls/9999 gates/99 projects/the-lanp projects/the-lamp/artifacts/none.md \
  'projects/the-lamp/artifacts/chapters/01.md?version=9' pipelines/generate_bok; do
  get "/api/$path"
  t_is "$path $code $(field '$.error.code')" "$path 404 not_found"
done
get /api/projects/the-lanp
t_is "$(field '$.error.hint')" "did you mean 'the-lamp'?"
get '/api/runs?status=runing'
t_is "$code $(field '$.error.hint')" "400 did you mean 'running'?"
get '/api/runs?limit=many'
t_is "$code" 400

t_case "a download holds an edit that was made a moment ago, and is made once"
printf '# Mine\n\nA line by a person.\n' | "$QUIRE" artifact edit the-lamp chapters/01.md --from - >/dev/null 2>&1
get /files/the-lamp/book.md
t_has "$code $(cat "$tmp/body")" "A line by a person."
made=$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM runs")
get /files/the-lamp/book.md
get /files/the-lamp/book.epub
t_is "$code $(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM runs")" "200 $made"

t_case "twenty slow readers of a document of 40 MB cost the host little memory, and each gets all of it, as a file or as JSON"
head -c 31000000 /dev/urandom | base64 -w 100 >"$tmp/large.txt"
web_stop # a request to its owner could not hold the document
t_run "$QUIRE" artifact edit the-lamp notes/large.txt --from "$tmp/large.txt"
web_start
readers=()
peak_mb() { awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$(sqlite3 :memory: "SELECT json_extract(readfile('$QUIRE_LIBRARY/owner.json'), '$.pid')")/status"; }
before=$(peak_mb)
for i in {1..20}; do
  path=/files/the-lamp/notes/large.txt
  ((i % 2)) || path=/api/projects/the-lamp/artifacts/notes/large.txt
  exec {reader}<>"/dev/tcp/127.0.0.1/${base##*:}"
  printf "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n" "$path" "$token" >&"$reader"
  readers+=("$reader")
done
for reader in "${readers[@]}"; do
  read -r -t 60 status <&"$reader"
  t_has "$status" "200 OK"
done
grown=$(($(peak_mb) - before))
((grown < 160)) && t_ok || t_fail "the host has grown by $grown MB"
for reader in "${readers[@]}"; do exec {reader}>&-; done
get /files/the-lamp/notes/large.txt
t_ok cmp "$tmp/body" "$tmp/large.txt"
get /api/projects/the-lamp/artifacts/notes/large.txt
t_is "$code $(field '$.version') $(header ETag)" '200 1 "v1"'
t_ok cmp <(sqlite3 :memory: "SELECT json_extract(CAST(readfile('$tmp/body') AS TEXT), '$.content')") <(cat "$tmp/large.txt"; echo)

t_done
