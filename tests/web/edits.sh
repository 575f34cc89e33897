#!/usr/bin/env bash
# edits.sh - a person's edits over the API: nothing is written over unseen, older versions and proposals come back as new versions.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

book "The Keeper" 2
web_start
doc=/api/projects/the-keeper/artifacts/chapters/01.md
json() { sqlite3 :memory: "SELECT json_object('content', '$1')"; }
act() { send POST "/api/projects/the-keeper/$1/chapters/01.md" "{\"version\":$2}" -H "If-Match: \"v$3\""; }

t_case "an edit on the newest version is saved as a version by a person"
get "$doc"
field '$.content' >"$tmp/first"
n=$(field '$.version')
t_is "$(header ETag)" "\"v$n\""
send PUT "$doc" "$(json '# By hand')" -H "If-Match: \"v$n\""
t_is "$code $(field '$.version') $(header ETag)" "200 $((n + 1)) \"v$((n + 1))\""
get "$doc"
t_is "$(field '$.content') $(field '$.author')" "# By hand person"

t_case "what is saved can be downloaded: a name that no address can have is refused with the reason, and none is cut"
for name in tab%09here.md cut%00here.md line%0Ahere.md a//b.md ./b.md /b.md a/../b.md bell%07.md back%5Cslash.md notes/tab%09here.md ''; do
  send PUT "/api/projects/the-keeper/artifacts/$name" "$(json x)" --path-as-is
  [[ $code == 40[04] ]] || t_fail "$name was answered with $code"
done
send PUT /api/projects/the-keeper/artifacts/notes/tab%09here.md "$(json x)"
t_has "$body" "not allowed"
t_run 2 "$QUIRE" artifact edit the-keeper $'notes/tab\there.md' --from /dev/null
t_has "$out" "no tabs"
get /api/projects/the-keeper/artifacts/cut
t_is "$code" 404
send PUT /api/projects/the-keeper/artifacts/notes/%C3%84nn%C3%A4%20+%201.md "$(json x)"
t_is "$code" 200
get /api/projects/the-keeper/artifacts/notes/%C3%84nn%C3%A4%20+%201.md
t_is "$code $(field '$.content')" "200 x"

t_case "who has no headers says the version in the body; -1 is whatever is there"
send PUT /api/projects/the-keeper/artifacts/notes/plain.md '{"content":"a","expected":0}'
t_is "$code $(field '$.version')" "200 1"
send PUT /api/projects/the-keeper/artifacts/notes/plain.md '{"content":"b","expected":1}'
t_is "$code $(field '$.version')" "200 2"
send PUT /api/projects/the-keeper/artifacts/notes/plain.md '{"content":"c","expected":1}'
t_is "$code $(field '$.error.current.version')" "412 2"
send PUT /api/projects/the-keeper/artifacts/notes/plain.md '{"content":"c","expected":-1}'
t_is "$code $(field '$.version')" "200 3"

t_case "a plan saved without saying what it is stays a plan, and one that is no JSON is refused"
get /api/projects/the-keeper/artifacts/plans/01.json
version=$(field '$.version')
send PUT /api/projects/the-keeper/artifacts/plans/01.json '{"content":"no plan"}' -H "If-Match: \"v$version\""
t_is "$code" 400
send PUT /api/projects/the-keeper/artifacts/plans/01.json '{"content":"{\"number\":1}"}' -H "If-Match: \"v$version\""
t_is "$code" 200
get /api/projects/the-keeper/artifacts/plans/01.json
t_is "$(field '$.kind')" json

t_case "an edit on an older version is refused, with what is there; so is one that says no version"
send PUT "$doc" "$(json 'late')" -H "If-Match: \"v$n\""
t_is "$code $(field '$.error.current.version') $(field '$.error.current.author')" "412 $((n + 1)) person"
send PUT "$doc" "$(json 'blind')"
t_is "$code $(field '$.error.code')" "428 conflict"
send PUT "$doc" "$(json 'odd')" -H 'If-Match: "abc"'
t_is "$code" 400
get "$doc"
t_is "$(field '$.content')" "# By hand"

t_case "of two that save at once one wins and the other hears of it"
for i in 1 2 3 4 5 6; do
  curl -sS -o "$tmp/race.$i" -w '%{http_code}\n' -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -H "If-Match: \"v$((n + 1))\"" -d "$(json "racer $i")" "$base$doc" >"$tmp/code.$i" &
  racers[i]=$!
done
wait "${racers[@]}"
t_is "$(sort "$tmp"/code.* | uniq -c | tr -s ' ' | tr '\n' ',')" " 1 200, 5 412,"

t_case "an older version comes back as a new one"
now=$((n + 2))
act restore "$n" "$now"
t_is "$code $(field '$.version')" "200 $((now + 1))"
get "$doc"
field '$.content' >"$tmp/again"
t_ok cmp "$tmp/first" "$tmp/again"
act restore 99 "$((now + 1))"
t_is "$code" 404
act restore "$n" "$now"
t_is "$code" 412

t_case "a proposal is taken only as a proposal, and then it is the newest version"
act accept "$n" "$((now + 1))"
t_is "$code" 400
sqlite3 "$QUIRE_LIBRARY/quire.db" "INSERT INTO artifact_versions (artifact_id, number, kind, author, state, size, blob_id, created_at)
  SELECT artifact_id, number + 1, kind, 'run', 'proposal', size, blob_id, created_at FROM artifact_versions
  WHERE id = (SELECT head FROM artifacts WHERE name = 'chapters/01.md')"
get /api/projects/the-keeper
t_is "$(field '$.proposals')" 1
act accept "$((now + 2))" "$((now + 1))"
t_is "$code $(field '$.version')" "200 $((now + 3))"
get /api/projects/the-keeper
t_is "$(field '$.proposals')" 0

t_case "a document that is no text comes back byte by byte"
get /api/projects/the-keeper/history/book.epub
t_is "$code $(field '$[0].version')" "200 1"
send POST /api/projects/the-keeper/restore/book.epub '{"version":1}' -H 'If-Match: "v1"'
t_is "$code" 200
curl -sS -H "Authorization: Bearer $token" -o "$tmp/epub" "$base/files/the-keeper/book.epub"
t_ok cmp "$tmp/epub" "$QUIRE_LIBRARY/exports/the-keeper/book.epub"

t_case "a new document needs no tag; wrong JSON, names and types are refused"
send PUT /api/projects/the-keeper/artifacts/notes.md "$(json 'x')"
t_is "$code $(field '$.version')" "200 1"
send PUT /api/projects/the-keeper/artifacts/blueprint.json '{"content":"{no","kind":"json"}' -H 'If-Match: "v1"'
t_is "$code" 400
for name in ..%2fx /etc/x 'a%0ab'; do
  send PUT "/api/projects/the-keeper/artifacts/$name" "$(json x)" --path-as-is
  [[ $code == 40[04] ]] || t_fail "$name was answered with $code"
done
for body in '[]' '7' '{}' '{"content":7}' '{"content":"x","surprise":1}'; do
  send PUT /api/projects/the-keeper/artifacts/notes.md "$body" -H 'If-Match: "v1"'
  t_is "$code" 400
done
send POST /api/projects/the-keeper/restore/notes.md '{"version":"1"}' -H 'If-Match: "v1"'
t_is "$code" 400
send PUT /api/projects/nobody/artifacts/notes.md "$(json x)"
t_is "$code" 404

web_stop
t_done
