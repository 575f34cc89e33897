#!/usr/bin/env bash
# What was found in a book stays found until its text changes or its author says that it is meant so; both can be seen, and taken back, at each door.
. "$(dirname "$0")/../lib.sh"

t_run "$QUIRE" run generate_book --model rehearsal/novelist --set brief="A ferry." --set chapters=2 --set words_per_chapter=400 --set candidates=1 --set title=Ebb --quiet
chapter=$("$QUIRE" artifact show ebb chapters/02.md)
printf '%s\n\nHe saw the the boat.\n' "$chapter" >"$tmp/edited.md"
"$QUIRE" artifact edit ebb chapters/02.md --from "$tmp/edited.md" --quiet

# FIELDS [OPTION]: of the finding of check doubled_words; nothing when there is none.
doubled() {
  "$QUIRE" finding list ebb --json ${2:+"$2"} >"$tmp/list"
  sqlite3 -separator ',' :memory: "SELECT $1 FROM (SELECT value AS f FROM json_each(CAST(readfile('$tmp/list') AS TEXT)))
    WHERE f->>'check' = 'doubled_words'"
}

t_case "a book is checked again without a model, and what is found has a key and its words"
t_run "$QUIRE" run check_book --project ebb --quiet
t_is "$(doubled "f->>'chapter', f->>'quote', f->>'stale', f->>'dismissed'")" '2,the the,0,'
key=$(doubled "f->>'key'")
t_run "$QUIRE" finding list ebb 2
t_has "$out" "$key"
t_run "$QUIRE" finding list ebb 1
[[ $out != *"$key"* ]] && t_ok || t_fail "a finding of chapter 2 is told of chapter 1"

t_case "a finding is stale when its chapter has another text, and only then"
printf 'Other.\n' >"$tmp/other.md"
"$QUIRE" artifact edit ebb chapters/01.md --from "$tmp/other.md" --quiet
t_is "$(doubled "f->>'stale'")" 0
"$QUIRE" artifact edit ebb chapters/02.md --from "$tmp/other.md" --quiet
t_is "$(doubled "f->>'stale'")" 1
"$QUIRE" artifact edit ebb chapters/02.md --from "$tmp/edited.md" --quiet
t_is "$(doubled "f->>'stale'")" 0

t_case "what is meant as it is goes from the list with its reason, later checks do not find it, and it can be taken back"
t_run "$QUIRE" finding dismiss ebb "$key" --reason "He stammers."
t_is "$(doubled 1)" ""
t_is "$(doubled "f->>'dismissed'" --all)" "He stammers."
t_run "$QUIRE" run check_book --project ebb --quiet
t_is "$(doubled 1)" ""
t_is "$(doubled "f->>'dismissed'" --all)" "He stammers."
t_run "$QUIRE" finding restore ebb "$key"
t_run "$QUIRE" run check_book --project ebb --quiet
t_is "$(doubled "f->>'key'")" "$key"

t_case "a key that is none, and a restore of what nobody dismissed, say so"
t_run 10 "$QUIRE" finding dismiss ebb nothing.1
t_has "$out" "there is no finding 'nothing.1'"
t_run 10 "$QUIRE" finding restore ebb "$key"
t_has "$out" "is not dismissed"
t_done
