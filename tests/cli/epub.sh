#!/usr/bin/env bash
# epub.sh - what only the built binary can show of an EPUB: the cover as a picture, dates, identifiers, direction.
. "$(dirname "$0")/../lib.sh"

mkdir -p "$tmp/with" "$tmp/without" "$tmp/broken"
pixel='iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
printf '#!/bin/sh\ncat >"%s/drawn.svg"\nenv >"%s/seen"\necho %s | base64 -d\n' "$tmp" "$tmp" "$pixel" >"$tmp/with/rsvg-convert"
printf '#!/bin/sh\nexit 1\n' >"$tmp/broken/rsvg-convert"
chmod +x "$tmp/with/rsvg-convert" "$tmp/broken/rsvg-convert"
for tool in sh cat env base64; do ln -s "$(command -v $tool)" "$tmp/with/$tool"; ln -s "$(command -v $tool)" "$tmp/broken/$tool"; done

book() { # NAME PATH [FIELD=VALUE]...: a small book under that PATH
  local name=$1 path=$2 fields=(--set brief="A keeper finds a log." --set title="The Lamp") field
  shift 2
  for field in "$@"; do fields+=(--set "$field"); done
  t_run env PATH="$path" OPENAI_API_KEY=sk-never-told "$QUIRE" run generate_book --project "$name" --set chapters=1 --set words_per_chapter=200 \
    --set candidates=1 --quiet "${fields[@]}"
  epub=$QUIRE_LIBRARY/exports/$name/book.epub
}
inside() { unzip -p "$1" "$2"; }
names() { unzip -Z1 "$1"; }

t_case "with rsvg-convert the cover is a PNG, and the program sees no key"
book drawn "$tmp/with"
t_has "$(names "$epub")" "EPUB/cover.png"
t_has "$(inside "$epub" EPUB/package.opf)" 'href="cover.png" media-type="image/png" properties="cover-image"'
t_has "$(inside "$epub" EPUB/cover.xhtml)" 'src="cover.png"'
t_has "$(cat "$tmp/drawn.svg")" "The Lamp"
t_is "$(grep -c never-told "$tmp/seen")" 0

t_case "a cover that is really drawn stands in a book with all its pages"
mkdir "$tmp/epubs"
book full "${PATH#"$root"/tests/stubs:}" author="A & B <C>" title="Salt \"and\" <Iron> & the 'Rest'" dedication=$'For nobody.\n\nAnd all.' \
  epigraph=$'A line\nbroken' rights="© somebody" date=2026-05-31 genre="Crime & mystery" chapters=2 language=Icelandic
t_has "$(names "$epub")" "EPUB/cover.png"
cp "$epub" "$tmp/epubs/full.epub"

t_case "without it, or when it fails, the cover is an SVG and the book is whole"
for path in "$tmp/without" "$tmp/broken"; do
  book "drawn-${path##*/}" "$path"
  t_has "$(names "$epub")" "EPUB/cover.svg"
  t_has "$(inside "$epub" EPUB/package.opf)" 'href="cover.svg" media-type="image/svg+xml" properties="cover-image"'
done

t_case "a cover of one's own stands in the book, as it is; the newest counts, whatever kind it is"
base64 -d <<<"$pixel" >"$tmp/own.png"
base64 -d <<<"/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z" >"$tmp/own.jpg"
book own "$tmp/with"
t_run "$QUIRE" project cover own "$tmp/own.jpg"
t_run "$QUIRE" export own --quiet
t_ok cmp -s <(inside "$epub" EPUB/cover.jpg) "$tmp/own.jpg"
t_has "$(inside "$epub" EPUB/package.opf)" 'href="cover.jpg" media-type="image/jpeg" properties="cover-image"'
t_run "$QUIRE" project cover own "$tmp/own.png"
t_run "$QUIRE" export own --quiet
t_ok cmp -s <(inside "$epub" EPUB/cover.png) "$tmp/own.png"
t_has "$(inside "$epub" EPUB/cover.xhtml)" 'src="cover.png"'
echo "no picture" >"$tmp/own.txt"
t_run 2 "$QUIRE" project cover own "$tmp/own.txt"
t_has "$out" "a cover is a PNG or JPEG picture; this is neither"
printf '\xff\xd8\xff\xe0not much of a picture' >"$tmp/half.jpg"
head -c 60 "$tmp/own.png" >"$tmp/half.png"
sed 's/IHDR/IHDS/' "$tmp/own.png" >"$tmp/odd.png"
for half in half.jpg half.png odd.png; do
  t_run 2 "$QUIRE" project cover own "$tmp/$half"
  t_has "$out" "picture and is none"
done
t_run 10 "$QUIRE" project cover nobody "$tmp/own.png"
t_run 2 "$QUIRE" project cover own "$tmp/not-there.png"

t_case "documents for an export are a list of names and versions; anything else is refused in words"
refused() { # FILES WORDS
  echo "return { title = 'T', run = function() export.run { format = 'markdown', name = 'b.md', book = { title = 'T' }, files = $1 } end }" >"$tmp/files.lua"
  t_run 8 "$QUIRE" run "$tmp/files.lua" --quiet
  t_has "$out" "$2"
}
refused '{ name = "pic", version = 1 }' "'files' must be a list of {name=, version=}"
refused '"pic"' "'files' must be a list of {name=, version=}"
refused '{ "pic" }' "files[1] must be {name=, version=}"
refused '{ { name = "pic\0x", version = 1 } }' "files[1].name must be the name of a document"
refused '{ { name = "pic", version = 0 } }' "files[1].version must be a number from 1"
refused '{ { name = "pic", version = 1, verzion = 2 } }' "verzion"
echo "return { title = 'T', run = function() export.run { format = 'markdown', name = 'b.md', book = { title = 'T' }, files = { { name = 'pic', version = 1 } } } end }" >"$tmp/files.lua"
t_run 1 "$QUIRE" run "$tmp/files.lua" --quiet
t_has "$out" "pic has no version 1"

t_case "files that cannot be written when a run goes on: it waits and says why, and goes on when they can"
cat >"$tmp/asks.lua" <<'LUA'
return { title = "A file and a question", run = function()
  artifact.put("note.md", "x")
  local made = export.run { format = "markdown", name = "book.md", book = { title = "T", language = "English", chapters = json.array {} } }
  gate.ask { title = "Good?", show = made.name, choices = { "approve" } }
end }
LUA
t_run 5 "$QUIRE" run "$tmp/asks.lua" --project asks --quiet
mv "$QUIRE_LIBRARY/exports" "$tmp/put-aside"
echo x >"$QUIRE_LIBRARY/exports"
gate=$("$QUIRE" sql "SELECT max(id) AS n FROM gates" --json | tr -dc 0-9)
run=$("$QUIRE" sql "SELECT max(id) AS n FROM runs" --json | tr -dc 0-9)
t_run "$QUIRE" gate approve "$gate"
t_run 9 "$QUIRE" resume "$run" --quiet --max-wait 0s
t_has "$out" "cannot make the folder $QUIRE_LIBRARY/exports/asks"
rm "$QUIRE_LIBRARY/exports"
mv "$tmp/put-aside" "$QUIRE_LIBRARY/exports"
rm -rf "$QUIRE_LIBRARY/exports/asks"
t_run "$QUIRE" resume "$run" --quiet
t_ok test -s "$QUIRE_LIBRARY/exports/asks/book.md"

t_case "the same book has the same bytes"
cp "$epub" "$tmp/first.epub"
t_run env PATH="$tmp/without" "$QUIRE" export drawn-broken --quiet
t_ok cmp -s "$epub" "$tmp/first.epub"

t_case "the date of an EPUB is the book's own, or SOURCE_DATE_EPOCH; never a clock"
t_has "$(inside "$epub" EPUB/package.opf)" '"dcterms:modified">2000-01-01T00:00:00Z<'
book dated "$tmp/without" date=2026-05-31
t_has "$(inside "$epub" EPUB/package.opf)" '"dcterms:modified">2026-05-31T00:00:00Z<'
SOURCE_DATE_EPOCH=1700000000 t_run "$QUIRE" export dated --quiet
t_has "$(inside "$epub" EPUB/package.opf)" '"dcterms:modified">2023-11-14T22:13:20Z<'
SOURCE_DATE_EPOCH=yesterday t_run 8 "$QUIRE" export dated --quiet
t_has "$out" "SOURCE_DATE_EPOCH must be seconds since 1970, not 'yesterday'"

t_case "an edited chapter changes the file, not the book's identifier"
before=$(inside "$tmp/first.epub" EPUB/package.opf | grep -o 'urn:uuid:[0-9a-f-]*')
printf '# A chapter\n\nBy a person.\n' | "$QUIRE" artifact edit drawn-broken chapters/01.md --from - >/dev/null 2>&1
t_run "$QUIRE" export drawn-broken --quiet
epub=$QUIRE_LIBRARY/exports/drawn-broken/book.epub
t_has "$(inside "$epub" EPUB/chapter-001.xhtml)" "By a person."
t_is "$(inside "$epub" EPUB/package.opf | grep -o 'urn:uuid:[0-9a-f-]*')" "$before"

t_case "a book in a language that runs from right to left says so on every page"
book rtl "$tmp/without" language=Arabic
t_has "$(inside "$epub" EPUB/package.opf)" 'page-progression-direction="rtl"'
t_has "$(inside "$epub" EPUB/chapter-001.xhtml)" 'lang="ar" xml:lang="ar" dir="rtl"'
t_has "$(inside "$epub" EPUB/nav.xhtml)" 'dir="rtl"'

t_case "epubcheck finds nothing in a book with all its pages and a drawn cover, in another script with a cover of its own, and in a book of a series"
book japanese "$tmp/without" language=Japanese
t_run "$QUIRE" project cover japanese "$tmp/own.png"
t_run "$QUIRE" export japanese --quiet
cp "$epub" "$tmp/epubs/japanese.epub"
t_run "$QUIRE" run generate_series --project series --set brief="A ferry." --set books=1 --set chapters=1 --set words_per_chapter=400 --quiet
cp "$QUIRE_LIBRARY/exports/series/series-book-1/book.epub" "$tmp/epubs/series.epub"
for epub in "$tmp"/epubs/*.epub; do t_epub "$epub"; done

t_done
