#!/usr/bin/env bash
# reading.sh - the library as plain pages (/read) and downloads (/files): what a browser without JavaScript gets, and what bad names and
# hostile texts come to.
. "$(dirname "$0")/../lib.sh"

"$QUIRE" run generate_book --set brief="A lighthouse keeper" --set title="The Keeper" --set chapters=3 --set words_per_chapter=400 \
  --project keeper >"$tmp/book" 2>&1
t_start "$tmp/serve" "$QUIRE" serve
t_at_exit kill "$pid"
t_wait 10 grep -q "listens at" "$tmp/serve"
owner() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$QUIRE_LIBRARY/owner.json"; }
get() { curl -sS --path-as-is -H "Authorization: Bearer $(owner token)" -D "$tmp/head" "http://$(owner address)$1"; }
status() { sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$tmp/head"; }
page() { # STATUS PATH: the page in $out
  out=$(get "$2" | tr -d '\0')
  t_is "$(status)" "$1"
}
# A text as the newest version of a document of the project.
write() { "$QUIRE" artifact edit keeper "$1" --from - >"$tmp/written" 2>&1; }

t_case "the library, a book and a chapter are pages that need no script"
page 200 /read
t_has "$out" '<a href="/read/keeper"><bdi>The Keeper</bdi></a>'
page 200 /read/keeper
t_has "$out" '<li value="3"><a href="/read/keeper/3">'
t_has "$out" '<a href="/files/keeper/book.epub">'
t_has "$out" "A rehearsal"
page 200 /read/keeper/2
t_has "$out" 'rel="prev" href="/read/keeper/1"'
t_has "$out" 'rel="next" href="/read/keeper/3"'
t_has "$out" "</h1>"
t_has "$out" " words"
[[ $out == *"<script"* ]] && t_fail "the page has a script"
page 200 /read/keeper/1
[[ $out == *'rel="prev"'* ]] && t_fail "there is something before the first chapter"
t_ok

t_case "each page says that nothing may run in it, and the style that it names is there"
page 200 /read/keeper/1
t_has "$(cat "$tmp/head")" "default-src 'self'"
t_has "$(tr '[:upper:]' '[:lower:]' <"$tmp/head")" "x-content-type-options: nosniff"
css=$(grep -o '/assets/[^"]*reader.css' <<<"$out")
page 200 "$css"
t_has "$out" "@media print"

t_case "a download is an attachment of its own type, whatever it holds"
get /files/keeper/book.epub >"$tmp/book.epub"
t_is "$(status)" 200
t_has "$(cat "$tmp/head")" 'Content-Disposition: attachment; filename="keeper.epub"'
t_has "$(cat "$tmp/head")" "Content-Type: application/epub+zip"
t_ok cmp "$tmp/book.epub" "$QUIRE_LIBRARY/exports/keeper/book.epub"
echo '<script>alert(1)</script>' | write 'evil.html'
page 200 /files/keeper/evil.html
t_has "$(cat "$tmp/head")" "Content-Type: application/octet-stream"
t_has "$(cat "$tmp/head")" "attachment"
echo 'x' | write $'a "b"; c.txt'
page 200 '/files/keeper/a%20%22b%22%3B%20c.txt'
t_has "$(cat "$tmp/head")" "filename=\"a _b__ c.txt\"; filename*=UTF-8''a%20%22b%22%3B%20c.txt"

t_case "an older version is a download too"
echo 'first' | write notes.txt
echo 'second' | write notes.txt
page 200 '/files/keeper/notes.txt?version=1'
t_is "$out" first
page 200 /files/keeper/notes.txt
t_is "$out" second
page 404 '/files/keeper/notes.txt?version=9'
page 404 '/files/keeper/notes.txt?version=x'

t_case "markup, control characters and odd directions in titles and prose stay text"
printf '# <img src=x onerror=alert(1)> & "T" \x01\x1b[31m\xe2\x80\xae\n\n<script>alert(1)</script> [a](javascript:alert(1)) ![p](http://x.example/p.png)\n' |
  write chapters/02.md
page 200 /read/keeper
t_has "$out" '<bdi>&lt;img src=x onerror=alert(1)&gt; &amp; &quot;T&quot;'
page 200 /read/keeper/2
t_has "$out" "&lt;script&gt;alert(1)&lt;/script&gt; <a>a</a> p"
grep -q '<img\|<script\|javascript:' <<<"$out" && t_fail "something of it became markup"
LC_ALL=C grep -q $'[\x01\x1b]' <<<"$out" && t_fail "a control character came through"
sqlite3 "$QUIRE_LIBRARY/quire.db" "UPDATE projects SET title = '</title><script>x' || char(7) || '</script>' WHERE slug = 'keeper'"
for path in /read /read/keeper /read/keeper/1; do
  page 200 "$path"
  t_has "$out" "&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;"
  grep -q '<script' <<<"$out" && t_fail "the title became a script at $path"
done

t_case "a chapter of 500 KB and a book of 200 chapters are read whole"
{ printf '# Long\n\n'; for ((i = 0; i < 5000; i++)); do printf 'Sentence %d of the long chapter, which goes on for as long as anybody can bear to listen to it.\n\n' $i; done; } |
  write chapters/03.md
page 200 /read/keeper/3
t_has "$out" "Sentence 4999 of"
((${#out} > 500000)) || t_fail "only ${#out} bytes"
curl -sS -H "Authorization: Bearer $(owner token)" -H 'Content-Type: application/json' -X PUT -d '{"content":"# Fourth\n\nx"}' \
  "http://$(owner address)/api/projects/keeper/artifacts/chapters/004.md" >"$tmp/posted"
printf '%s\n' "INSERT INTO artifacts (project_id, name, created_at)
  WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  SELECT (SELECT id FROM projects WHERE slug = 'keeper'), printf('chapters/%03d.md', i), 0 FROM n;
INSERT INTO artifact_versions (artifact_id, number, kind, author, state, size, blob_id, created_at)
  SELECT a.id, 1, 'markdown', 'run', 'version', 10, (SELECT v.blob_id FROM artifact_versions v JOIN artifacts x ON x.id = v.artifact_id
  WHERE x.name = 'chapters/004.md'), 0 FROM artifacts a WHERE a.head IS NULL;
UPDATE artifacts SET head = (SELECT v.id FROM artifact_versions v WHERE v.artifact_id = artifacts.id) WHERE head IS NULL;" | sqlite3 "$QUIRE_LIBRARY/quire.db"
page 200 /read/keeper
t_is "$(grep -c '<li value=' <<<"$out")" 200
page 200 /read/keeper/200
t_has "$out" 'rel="prev" href="/read/keeper/199"'

t_case "what is not there is said in a page, with the nearest name"
page 404 /read/keper
t_has "$out" "did you mean &#39;keeper&#39;?"
t_has "$out" 'href="/read"'
for path in /read/keeper/999 /read/keeper/0 /read/keeper/-1 /read/keeper/1x /read/keeper/99999999999999999999 /read/keeper/%3Cb%3E \
  /files/keeper/nothing.md /files/nobody/book.epub; do
  page 404 "$path"
  grep -q '<b>' <<<"$out" && t_fail "$path came back as markup"
  t_has "$out" "<h1>That page is not here</h1>"
done

t_case "no path leads out of the library's documents"
for path in /files/keeper/../../owner.json /files/keeper/..%2f..%2fowner.json /files/keeper/%2e%2e/%2e%2e/owner.json /files/keeper/%2fetc%2fpasswd \
  '/files/keeper/..\..\owner.json' /files/keeper//etc/passwd /files/keeper/book.epub%00.md /read/..%2f..%2fetc /read/%2e%2e/x; do
  out=$(get "$path" | tr -d '\0')
  [[ $(status) == 40[04] ]] || t_fail "$path was answered with $(status)"
  [[ $out == *"$(owner token)"* || $out == *root:* ]] && t_fail "$path showed a file"
done
t_ok

t_case "the pages only read"
for method in POST PUT DELETE; do
  out=$(curl -sS -o "$tmp/body" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $(owner token)" "http://$(owner address)/read/keeper")
  t_is "$out" 405
done

t_done
