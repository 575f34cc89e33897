#!/usr/bin/env bash
# documents.sh - projects, artifacts, versions and diffs, exports, sql; scripts: list, check, new, test; configuration.
. "$(dirname "$0")/../lib.sh"

"$QUIRE" run generate_book --set brief="A lighthouse keeper" --set chapters=1 --set words_per_chapter=400 --project tower >"$tmp/book" 2>&1

t_case "a project and its documents are listed, as text and as JSON"
t_run "$QUIRE" project list
t_has "$out" "tower"
t_run "$QUIRE" project show tower
t_has "$out" "chapters/01.md"
t_run "$QUIRE" artifact list tower chapters/ --json
t_has "$out" '"name": "chapters/01.md"'
t_run 10 "$QUIRE" project show towr
t_has "$out" "did you mean 'tower'?"
t_run 10 "$QUIRE" artifact show tower chapter/01.md
t_has "$out" "did you mean 'chapters/01.md'?"

t_case "a person's edit is a new version, word for word"
"$QUIRE" artifact show tower chapters/01.md >"$tmp/01.md"
echo "One more line, by a person." >>"$tmp/01.md"
t_run "$QUIRE" artifact edit tower chapters/01.md --from "$tmp/01.md"
t_has "$out" "version 2"
t_ok cmp <("$QUIRE" artifact show tower chapters/01.md) "$tmp/01.md"
t_run "$QUIRE" artifact history tower chapters/01.md
t_has "$out" "a person"
t_run "$QUIRE" artifact show tower chapters/01.md --version 1
[[ $out == *"by a person"* ]] && t_fail "the first version changed"
t_run 1 "$QUIRE" artifact edit tower chapters/01.md --from "$tmp/01.md" --expected 1
t_run 2 "$QUIRE" artifact edit tower chapters/01.md
t_run 10 "$QUIRE" artifact show tower chapters/01.md --version 9
echo '{"no' | t_run 2 "$QUIRE" artifact edit tower blueprint.json --from -

t_case "a diff shows what went and came"
t_run "$QUIRE" diff tower chapters/01.md
t_has "$out" "{+One more line, by a person."
t_has "$out" "words changed"
t_run "$QUIRE" diff tower chapters/01.md 1 2 --json
t_has "$out" '"op": "insert"'
t_run 2 "$QUIRE" diff tower blueprint.json

t_case "export makes the files again, with the edit and without a call"
t_run "$QUIRE" export tower --format epub,md --out "$tmp/exported"
t_has "$out" "0 model calls"
t_has "$(cat "$tmp/exported/book.md")" "One more line, by a person."
t_run 8 "$QUIRE" export tower --format docx2
t_run 10 "$QUIRE" export towr


t_case "another kind of file is one script of the library's: it is exported with the others, and chosen by its name"
mkdir -p "$QUIRE_LIBRARY/scripts/exports"
cat >"$QUIRE_LIBRARY/scripts/exports/titles.lua" <<'LUA'
return { id = "txt", title = "Titles", name = "book.txt", make = function(book)
  local titles = {}
  for i, chapter in ipairs(book.chapters) do titles[i] = chapter.title end
  return book.title .. ": " .. table.concat(titles, "; ") .. "\n"
end }
LUA
t_run "$QUIRE" export tower --format txt --out "$tmp/titles"
t_is "$(ls "$tmp/titles")" "book.txt"
t_has "$(cat "$tmp/titles/book.txt")" "$("$QUIRE" artifact show tower book.json | sed -n 's/.*"title": *"\([^"]*\)".*/\1/p' | head -1): "
t_run "$QUIRE" export tower --out "$tmp/all"
t_is "$(ls "$tmp/all" | tr '\n' ' ')" "book.epub book.md book.txt "
t_run 8 "$QUIRE" export tower --format docx2
t_has "$out$err" "there is no format 'docx2'; there are epub, md, txt"
rm "$QUIRE_LIBRARY/scripts/exports/titles.lua"
t_case "sql reads and does not write"
t_run "$QUIRE" sql "SELECT pipeline, status FROM v_runs WHERE id = 1"
t_has "$out" "generate_book  completed"
t_run 2 "$QUIRE" sql "DELETE FROM runs"
t_run 2 "$QUIRE" sql "SELECT"
t_run 2 "$QUIRE" sql ""
t_run "$QUIRE" sql "SELECT 1 AS a, NULL AS b, 1.5 AS c, 'x' AS d" --json
t_has "$out" '"b": null'

t_case "trace and logs"
t_run "$QUIRE" trace 1
t_has "$out" "rehearsal/novelist"
t_run "$QUIRE" trace 1 --json
t_has "$out" '"cached_read"'
t_run "$QUIRE" logs 1
t_has "$out" "--- Phase: Blueprint ---"
t_run "$QUIRE" logs 1 --json
t_has "$out" '"type":"phase"'
t_run "$QUIRE" logs 1 -f

t_case "a phase copied into the library replaces the shipped one, and that can be seen"
t_run "$QUIRE" script new writing --phase
t_ok test -e "$QUIRE_LIBRARY/scripts/phases/writing.lua"
t_run 1 "$QUIRE" script new writing --phase
t_run 10 "$QUIRE" script new wrting --phase
t_has "$out" "did you mean 'writing'?"
echo "-- mine" >>"$QUIRE_LIBRARY/scripts/phases/writing.lua"
t_run "$QUIRE" script list
t_has "$out" "replaces"
t_has "$out" "hidden"
echo "x = = 1" >"$QUIRE_LIBRARY/scripts/phases/writing.lua"
t_run 8 "$QUIRE" script check
t_has "$out" "phases/writing.lua:1"
rm "$QUIRE_LIBRARY/scripts/phases/writing.lua"
t_run "$QUIRE" script check
t_has "$out" "generate_book"

t_case "a check of one's own is used beside the shipped ones, one of their name instead, and one that is wrong says why"
t_run "$QUIRE" script new somehow --check
t_ok test -e "$QUIRE_LIBRARY/scripts/checks/somehow.lua"
t_run "$QUIRE" script new adverbs --check
t_has "$(cat "$QUIRE_LIBRARY/scripts/checks/adverbs.lua")" 'title = "Adverbs"'
t_run "$QUIRE" script check
t_run 2 "$QUIRE" script new adverbs --check --phase
sed -i 's/scope = /scop = /' "$QUIRE_LIBRARY/scripts/checks/somehow.lua"
t_run 8 "$QUIRE" script check
t_has "$out" "scripts/checks/somehow.lua: unknown field 'scop'; did you mean 'scope'?"
rm -r "$QUIRE_LIBRARY/scripts/checks"

t_case "a new pipeline can be checked, tested and run as it is written"
t_run "$QUIRE" script new my_article
t_run "$QUIRE" script check my_article
t_has "$out" "(required)"
t_run "$QUIRE" script test my_article
t_has "$out" "ok said again, it asks nothing new"
t_run "$QUIRE" run my_article --set topic=whales
t_run 2 "$QUIRE" script new ../evil

t_case "script test finds a script that is not the same each time"
cat >"$tmp/drifts.lua" <<'LUA'
return { input = {}, run = function()
  local before = artifact.history("count.txt")
  artifact.put("count.txt", tostring(#before))
  llm.ask { role = "writer", prompt = "Count", max_words = 10 }
  return { n = #artifact.list("") }
end }
LUA
t_run "$QUIRE" script test "$tmp/drifts.lua"
t_ok test ! -e "$QUIRE_LIBRARY/exports/drifts"

t_case "every shipped pipeline that needs no project says the same twice"
for pipeline in glossary translate_article; do
  t_run "$QUIRE" script test "$pipeline" --quiet
  t_has "$out" "ok its result is the same again"
done

t_case "settings say where they come from"
t_run "$QUIRE" config show --origin
t_has "$out" "environment"
t_run env QUIRE_MODEL=rehearsal/other "$QUIRE" config show --origin
t_has "$out" "rehearsal/other"
t_run "$QUIRE" config show --json
t_has "$out" '"origin"'
t_run "$QUIRE" config show
t_ok grep -qE '^limits.run_calls +2000$' <<<"$out"

t_done
