#!/usr/bin/env bash
# Long and short books: 1, 60 and 100 chapters; the prompts of a chapter hardly grow with the book; names in any script stay.
. "$(dirname "$0")/../lib.sh"

sql() { sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "$1"; }
book() { "$QUIRE" run generate_book --quiet --set words_per_chapter=300 --set candidates=1 "$@"; }

t_case "a book of 60 chapters is finished, and chapter 60 takes little more prompt than chapter 20"
t_run 0 timeout 100 "$QUIRE" run generate_book --quiet --set title="Sixty" --set brief="A clockmaker in a drowned town mends the clock." --set chapters=60 --set words_per_chapter=400
t_is "$(sql "SELECT count(*) FROM v_artifacts WHERE name LIKE 'chapters/%' AND is_head")" 60
# Calls for each scene differ in number from chapter to chapter, so the mean of a call is compared.
mean() { sql "SELECT CAST(avg(c.input_tokens) AS INTEGER) FROM calls c WHERE c.role = 'writer' AND c.state = 'answered' AND c.id IN (SELECT call_id FROM reads WHERE item IN ($1))"; }
around_20=$(mean "'[\"plans/19.json\"]', '[\"plans/20.json\"]', '[\"plans/21.json\"]'")
around_60=$(mean "'[\"plans/58.json\"]', '[\"plans/59.json\"]', '[\"plans/60.json\"]'")
t_ok test "$around_20" -gt 0
[[ $around_60 -le $((around_20 * 115 / 100)) ]] && t_ok || t_fail "prompt tokens of a writer's call: $around_20 around chapter 20, $around_60 around chapter 60"

t_case "a book of 100 chapters is finished, in order"
t_run 0 timeout 100 "$QUIRE" run generate_book --quiet --set title="Hundred" --set brief="A clockmaker in a drowned town mends the clock." --set chapters=100 --set words_per_chapter=300 --set candidates=1
t_is "$(sql "SELECT count(*) FROM v_artifacts WHERE project = 'hundred' AND name LIKE 'chapters/%' AND is_head")" 100
t_is "$(grep -c '^# \|^## ' "$QUIRE_LIBRARY/exports/hundred/book.md" | awk '{ print ($1 >= 100) }')" 1

t_case "a book of one chapter is finished"
t_run 0 book --set title="One" --set brief="A clockmaker mends a clock." --set chapters=1
t_ok test -s "$QUIRE_LIBRARY/exports/one/book.epub"

t_case "a Japanese book keeps the names that its author gave"
printf '{"title":"灯台の時計","cast":[{"name":"佐藤花子","role":"灯台守"},{"name":"田中一郎","role":"時計職人"}]}\n' >"$tmp/cast.json"
t_run 0 book --set title="灯台の時計" --set brief="海に沈んだ町で潮の時計を直す。" --give blueprint="$tmp/cast.json" --set language=Japanese --set chapters=2 --project tokei
t_ok grep -q "灯台の時計" "$QUIRE_LIBRARY/exports/tokei/book.md"
t_ok test "$(sql "SELECT count(*) FROM v_artifacts WHERE project = 'tokei' AND name LIKE 'chapters/%' AND (instr(CAST(content AS TEXT), '花子') OR instr(CAST(content AS TEXT), '一郎'))")" -gt 0

t_case "its EPUB is valid"
t_epub "$QUIRE_LIBRARY/exports/tokei/book.epub"
t_done
