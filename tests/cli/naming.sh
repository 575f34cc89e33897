#!/usr/bin/env bash
# naming.sh - what a project and its files are called: after the title, in any script, also when the title comes later.
. "$(dirname "$0")/../lib.sh"

small=(--set chapters=1 --set words_per_chapter=200 --set candidates=1)

t_case "a book without a title is called after the one that it finds, and so are its files"
t_run "$QUIRE" run generate_book --set brief="A keeper finds a log." "${small[@]}" --json --quiet
project=$("$QUIRE" sql "SELECT project FROM v_runs WHERE id = 1" --json | grep -o '"project": "[^"]*"' | cut -d'"' -f4)
title=$("$QUIRE" project list --json | grep -o '"title": "[^"]*"' | head -n 1 | cut -d'"' -f4)
t_ok test "$project" != a-book
t_is "$project" "$(tr ' ' - <<<"${title,,}" | tr -d "'")"
t_ok test -s "$QUIRE_LIBRARY/exports/$project/book.epub"
t_ok test ! -e "$QUIRE_LIBRARY/exports/a-book"

t_case "the name that it began with still finds it"
t_run "$QUIRE" artifact show a-book blueprint.json
t_has "$out" '"cast"'
t_run "$QUIRE" project show a-book
t_has "$out" "$title"

t_case "the next book without a title is another project"
t_run "$QUIRE" run generate_book --set brief="A ferry is late." "${small[@]}" --quiet
t_is "$("$QUIRE" sql "SELECT count(DISTINCT project) AS n FROM v_runs" --json | tr -dc 0-9)" 2

t_case "a resumed run keeps the name, and writes to it"
t_run "$QUIRE" run generate_book --set brief="A well is deep." "${small[@]}" --quiet --until blueprint
third=$("$QUIRE" sql "SELECT project FROM v_runs WHERE id = 3" --json | grep -o '"project": "[^"]*"' | cut -d'"' -f4)
calls=$("$QUIRE" sql "SELECT count(*) AS n FROM calls" --json | tr -dc 0-9)
for command in "resume 3" "retry 1"; do # a stop that never comes would be paid for
  # shellcheck disable=SC2086
  t_run 2 "$QUIRE" $command --until writting --quiet
  t_has "$out" "did you mean 'Writing'?"
done
t_is "$("$QUIRE" sql "SELECT count(*) AS n FROM calls" --json | tr -dc 0-9)" "$calls"
t_run "$QUIRE" resume 3 --quiet
t_has "$out" "exports/$third/book.epub"

t_case "a project that was named by the user keeps that name"
t_run "$QUIRE" run generate_book --set brief="A bell." --project my-bell "${small[@]}" --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/my-bell/book.md"

t_case "a title in another script is its own name"
t_run "$QUIRE" run generate_book --set brief="灯台守の佐藤美咲は日誌に気づく。" --set title="灯台の日記" --set language=Japanese "${small[@]}" --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/灯台の日記/book.epub"
t_run "$QUIRE" artifact show 灯台の日記 blueprint.json
t_has "$out" "佐藤美咲"
t_run "$QUIRE" run generate_book --set brief="Смотрительница Ирина Волкова." --set title="Маяк и Ёлка" --set language=Russian "${small[@]}" --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/маяк-и-ёлка/book.epub"

t_case "translations are named after their languages, whatever these are written in"
t_run "$QUIRE" run translate_article --set text="A keel is a beam." --set 'languages=["German","日本語"]' --project words --quiet
t_run "$QUIRE" artifact list words translations/
t_has "$out" "translations/german.md"
t_has "$out" "translations/日本語.md"

t_done
