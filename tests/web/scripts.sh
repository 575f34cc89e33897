#!/usr/bin/env bash
# scripts.sh - scripts over the API: which hides which, checking, saving into the library, taking back, the dry run; names that lead nowhere.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

mkdir -p "$QUIRE_LIBRARY"
web_start
source_of() { sqlite3 :memory: "SELECT json_object('source', CAST(readfile('$1') AS TEXT))"; }
count() { sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('$tmp/body')) WHERE CAST(json_extract(value, '$.$1') AS TEXT) = '$2'"; }

t_case "all scripts are listed with the places that have them"
get /api/scripts
t_is "$code" 200
t_is "$(count name pipelines/generate_book) $(count name phases/writing) $(count kind phase)" "1 1 5"
t_is "$(count shadowed 1)" 0

t_case "a script is read with its tag"
get /api/scripts/phases/writing
t_is "$code" 200
t_has "$(field '$.source')" "-- phases/writing.lua"
tag=$(header ETag)
t_is "$tag" "\"$(field '$.sha')\""
get /api/scripts/phases/wrting
t_is "$code" 404
t_has "$body" "did you mean 'phases/writing'?"

t_case "a wrong script is found with file and line, and never saved"
echo "x = = 1" >"$tmp/bad.lua"
send POST /api/scripts/check "$(source_of "$tmp/bad.lua" | sed 's/{/{"name":"phases\/writing",/')"
t_is "$code $(field '$.ok') $(field '$.errors[0].file') $(field '$.errors[0].line')" "200 0 scripts/phases/writing.lua 1"
send PUT /api/scripts/phases/writing "$(source_of "$tmp/bad.lua")" -H "If-Match: $tag"
t_is "$code $(field '$.error.errors[0].line')" "422 1"
t_ok test ! -e "$QUIRE_LIBRARY/scripts/phases/writing.lua"

t_case "what breaks a pipeline elsewhere is found too"
echo 'error("I am broken")' >"$tmp/breaks.lua"
send POST /api/scripts/check "$(source_of "$tmp/breaks.lua" | sed 's/{/{"name":"lib\/book",/')"
t_is "$code $(field '$.ok')" "200 0"
t_has "$body" "I am broken"

t_case "saving needs the tag of the text that was edited"
get /api/scripts/phases/writing
field '$.source' >"$tmp/writing.lua"
echo "-- mine" >>"$tmp/writing.lua"
send PUT /api/scripts/phases/writing "$(source_of "$tmp/writing.lua")"
t_is "$code" 428
send PUT /api/scripts/phases/writing "$(source_of "$tmp/writing.lua")" -H "If-Match: $tag"
t_is "$code $(field '$.origin') $(field '$.shadowed')" "200 library 1"
t_ok cmp "$tmp/writing.lua" "$QUIRE_LIBRARY/scripts/phases/writing.lua"
t_has "$(field '$.original')" "-- phases/writing.lua"
echo "-- another" >>"$tmp/writing.lua"
send PUT /api/scripts/phases/writing "$(source_of "$tmp/writing.lua")" -H "If-Match: $tag"
t_is "$code $(field '$.error.current.origin')" "412 library"
get /api/scripts
t_is "$(count shadowed 1)" 1

t_case "of four who save at once over the same text one is heard, and the others hear of it"
get /api/scripts/phases/writing
now=$(header ETag) savers=()
for i in 1 2 3 4; do
  { cat "$tmp/writing.lua"; echo "-- saver $i"; } >"$tmp/saver$i.lua"
  source_of "$tmp/saver$i.lua" >"$tmp/saver$i.json"
  curl -s -m 20 -o "$tmp/saved$i.json" -w '%{http_code}' -X PUT "$base/api/scripts/phases/writing" -H "Authorization: Bearer $token" \
    -H "If-Match: $now" -H 'Content-Type: application/json' --data-binary @"$tmp/saver$i.json" >"$tmp/saver$i.code" &
  savers+=("$!")
done
wait "${savers[@]}"
for i in 1 2 3 4; do cat "$tmp/saver$i.code"; echo; done | sort >"$tmp/codes"
t_is "$(xargs <"$tmp/codes")" "200 412 412 412"

t_case "taking it back brings the shipped one into force"
send DELETE /api/scripts/phases/writing
t_is "$code" 428
send DELETE /api/scripts/phases/writing '' -H 'If-Match: "another"'
t_is "$code $(field '$.error.current.name')" "412 phases/writing"
t_ok test -e "$QUIRE_LIBRARY/scripts/phases/writing.lua"
send DELETE /api/scripts/phases/writing '' -H "If-Match: \"$(field '$.error.current.sha')\""
t_is "$code $(field '$.shadowed') $(header ETag)" "200 0 $tag"
t_ok test ! -e "$QUIRE_LIBRARY/scripts/phases/writing.lua"
send DELETE /api/scripts/phases/writing
t_is "$code" 404

t_case "a new pipeline is saved, tried on the rehearsal model, and run"
cat >"$tmp/tale.lua" <<'LUA'
return { title = "Tale", input = { { name = "topic", type = "string", required = true } }, run = function(input)
  return { text = llm.ask { role = "writer", prompt = "About " .. input.topic, max_words = 30 }.text }
end }
LUA
send PUT /api/scripts/pipelines/tale "$(source_of "$tmp/tale.lua")"
t_is "$code" 200
send POST /api/scripts/dry-run '{"pipeline":"tale","input":{"topic":"whales"}}' -m 100
t_is "$code $(field '$.ok') $(field '$.checks[1].ok')" "200 1 1"
get /api/runs
t_is "$(field '$.items[0].run')" ""
send POST /api/scripts/dry-run '{"pipeline":"tael"}' -m 100
t_is "$code" 400
t_has "$body" "tael"

t_case "names lead nowhere but into the library"
for name in ../evil phases/..%2f..%2fevil %2e%2e/evil '..\evil' 'a%20b' 'a.b' phases/ '%00' "$(printf 'x%.0s' {1..200})" phases//evil; do
  send PUT "/api/scripts/$name" '{"source":"return {}"}' --path-as-is
  [[ $code == 40[04] ]] || t_fail "$name was answered with $code: $body"
done
t_is "$(find "$QUIRE_LIBRARY/.." -name 'evil*' | wc -l)" 0

t_case "what only the host reads is no script to save: nothing is written that would be in the way of the next start"
for name in models api providers/openai providers/mine a/b/c/d/e/deep; do
  send PUT "/api/scripts/$name" '{"source":"return 7"}'
  t_is "$code $(field '$.error.code')" "400 invalid"
  t_has "$body" "not one of the scripts that runs use"
done
t_ok test ! -e "$QUIRE_LIBRARY/scripts/models.lua" -a ! -e "$QUIRE_LIBRARY/scripts/api.lua" -a ! -e "$QUIRE_LIBRARY/scripts/providers" -a ! -e "$QUIRE_LIBRARY/scripts/a"
for body in '{}' '{"source":7}' '[]' 'x' '{"source":"a\u0000b"}'; do
  send PUT /api/scripts/phases/new "$body"
  t_is "$code" 400
done
send PUT /api/scripts/phases/new "$(head -c 2000000 /dev/zero | tr '\0' ' ' | sed 's/^/{"source":"/; s/$/"}/' >"$tmp/big"; echo '@'"$tmp/big")"
[[ $code == 413 || $code == 400 ]] || t_fail "a script of 2 MB was answered with $code"

t_case "of the editor's files only the listed ones are served"
for name in ../../../../etc/passwd lib/..%2f..%2f..%2fetc%2fpasswd package.json mode/javascript/javascript.js; do
  get "/vendor/codemirror/$name" --path-as-is
  [[ $code == 40[04] ]] || t_fail "$name was answered with $code"
done
get /vendor/codemirror
t_is "$code $(field '$.installed')" "200 $([[ -e /usr/share/javascript/codemirror/lib/codemirror.js ]] && echo 1 || echo 0)"
if [[ -e /usr/share/javascript/codemirror/lib/codemirror.js ]]; then
  get /vendor/codemirror/lib/codemirror.js
  t_is "$code $(header Content-Type)" "200 text/javascript; charset=utf-8"
fi

t_case "the check of a script that never ends is answered all the same, and a host in the middle of such checks stops when it is asked"
spins=('while true do end'
  'xpcall(function() error("x") end, function() while true do end end)'
  'return (("a"):rep(40)):find(("a*"):rep(30) .. "b")'
  'local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() while true do end end)'
  'return text.similarity(("ab "):rep(2 ^ 21), ("ba "):rep(2 ^ 21))'
  'return markdown.xhtml(("[["):rep(2 ^ 19))')
for i in "${!spins[@]}"; do
  echo "${spins[i]}" >"$tmp/spin.lua"
  source_of "$tmp/spin.lua" | sed "s/{/{\"name\":\"pipelines\/spin\",/" >"$tmp/spin.$i"
  send POST /api/scripts/check "@$tmp/spin.$i"
  t_is "$code $(field '$.ok')" "200 0"
  t_has "$body" '"limit: the script'
done
for i in "${!spins[@]}" "${!spins[@]}"; do
  curl -sS -o /dev/null -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "@$tmp/spin.$i" "$base/api/scripts/check" 2>/dev/null &
done
before=$SECONDS
web_stop
((SECONDS - before < 15)) && t_ok || t_fail "the stop took $((SECONDS - before)) s"
t_done
