#!/usr/bin/env bash
# chapters.sh - GET /api/projects/{slug}/chapters: what a book's contents are made from; and a chapter as HTML.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

book "The Keeper" 2
web_start
edit() { "$QUIRE" artifact edit the-keeper "$1" --from - >"$tmp/edited" 2>&1; }
chapters() { get /api/projects/the-keeper/chapters; }

t_case "each chapter has title, viewpoint, length, and who wrote it"
chapters
t_is "$code" 200
t_is "$(field '$[0].number') $(field '$[1].number') $(field '$[2].number')" "1 2 "
t_is "$(field '$[0].name')" chapters/01.md
t_is "$(field '$[0].author')" run
t_is "$(field '$[0].written')" 1
(($(field '$[0].words') > 300)) || t_fail "only $(field '$[0].words') words"
[[ $(field '$[0].title') && $(field '$[0].viewpoint') ]] || t_fail "no title or viewpoint"
t_is "$(field '$[0].proposals')" "[]"

t_case "a planned chapter is in the list before it is written, in its place"
echo '{"number":3,"title":"The Third","viewpoint":"Ada"}' | edit plans/03.json
chapters
t_is "$(field '$[2].title') $(field '$[2].written') $(field '$[2].words')" "The Third 0 0"

t_case "open issues are told, whatever shape they have"
echo '{"issues":["a","b",{"problem":"c"},7]}' | edit issues/01.json
chapters
t_is "$(field '$[0].issues')" '["a","b","c"]'
t_is "$(field '$[0].author')" run

t_case "what was found is told with what is stale and what is dismissed; a dismissal is a person's document"
echo '{"findings":[{"key":"a.1","chapter":1,"quote":"q","problem":"p","reads":["chapters/01.md"]},7,{"no":"key"}],"versions":{"chapters/01.md":1}}' | edit findings/01.json
get "/api/projects/the-keeper/findings"
t_is "$(field '$[0].key') $(field '$[0].stale') $(field '$[0].dismissed')" "a.1 0 "
send POST /api/projects/the-keeper/findings '{"key":"a.1","reason":"so"}'
t_is "$code $(field '$.dismissed')" "200 1"
get "/api/projects/the-keeper/findings"
t_is "$(field '$[0].dismissed')" so
send POST /api/projects/the-keeper/findings '{"key":"b.1"}'
t_is "$code" 404
send POST /api/projects/the-keeper/findings '{"reason":"so"}'
t_is "$code" 400
get "/api/projects/the-keeper/artifacts/dismissed.json"
t_is "$(field '$.author')" person
send POST /api/projects/the-keeper/findings '{"key":"a.1","restore":true}'
get "/api/projects/the-keeper/findings"
t_is "$(field '$[0].dismissed')" ""

t_case "a person's edit and a proposal over it are told apart"
printf '# By hand\n\nFour words of prose.\n' | edit chapters/02.md
chapters
t_is "$(field '$[1].author') $(field '$[1].title') $(field '$[1].words')" "person By hand 4"
sqlite3 "$QUIRE_LIBRARY/quire.db" "INSERT INTO artifact_versions (artifact_id, number, kind, author, state, size, blob_id, created_at)
  SELECT artifact_id, number + 1, kind, 'run', 'proposal', size, blob_id, created_at FROM artifact_versions
  WHERE id = (SELECT head FROM artifacts WHERE name = 'chapters/02.md')"
chapters
t_is "$(field '$[1].proposals[0]')" 3
t_is "$(field '$[1].version')" 2
echo "# By hand, again" | edit chapters/02.md
chapters
t_is "$(field '$[1].proposals')" "[]"

t_case "parts are told where a book has more than one"
echo '{"acts":[{"title":"All","first":1,"last":9}]}' | edit structure.json
chapters
t_is "$(field '$[0].part')" ""
echo '{"acts":[{"title":"Low","first":1,"last":1},{"title":"High","first":2,"last":9}]}' | edit structure.json
chapters
t_is "$(field '$[0].part') $(field '$[1].part')" "Low High"

t_case "a chapter as HTML: Markdown, and nothing else"
printf '# T\n\n<b>no</b> *yes* [x](javascript:y)\n' | edit chapters/01.md
get '/api/projects/the-keeper/artifacts/chapters/01.md?html=1'
t_is "$code" 200
t_is "$(field '$.html')" $'<h1>T</h1>\n<p>&lt;b&gt;no&lt;/b&gt; <em>yes</em> <a>x</a></p>'
get /api/projects/the-keeper/artifacts/chapters/01.md
t_is "$(field '$.html')" ""

t_case "no such book; a project without chapters has none"
get /api/projects/the-keper/chapters
t_is "$code" 404
t_has "$body" "did you mean 'the-keeper'?"

web_stop
t_done
