#!/usr/bin/env bash
# Models as they are: they think first or in the text, take no schema, give nearly right JSON, have limits of their own. A book is made all
# the same, nothing of what was thought stands in it, and what a server has told once is not asked of it again.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 6 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

manner() { rehearse_control "{\"manners\": [${1:+\"$1\"}]}"; }
glossary() { timeout 60 "$QUIRE" run glossary --quiet --max-wait 0s --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out." "$@"; }
book() {
  timeout 100 "$QUIRE" run generate_book --quiet --max-wait 0s --out "$tmp/files" --set title="The Tide Clock" \
    --set brief="A clockmaker mends the clock of a harbour." --set chapters=1 --set words_per_chapter=400 --set candidates=1
}
failures() { sql "SELECT count(*) FROM calls WHERE state = 'failed' AND error LIKE '$1:%'"; }

for manner in json-numbers json-extra json-long=400 json-list json-wrapped json-comments json-comma json-string json-fence json-slip; do
  t_case "a document that is nearly right ($manner) costs no further question and no run"
  fresh nearly
  manner "$manner"
  t_run 0 glossary
  t_is "$(sql "SELECT count(*) FROM calls WHERE params LIKE '%#repair%'")" 0
done

t_case "a server that takes no schema is told the form in the prompt, and is not sent another schema"
fresh no-schema
manner json-refused
t_run 0 glossary
t_run 0 glossary
t_is "$(failures schema)" 1

while read -r manner thought; do
  t_case "what a model thinks ($manner) is kept as its reasoning and stands in no book"
  fresh thinking
  manner "$manner"
  t_run 0 book
  t_is "$(grep -cE 'think>|<\||Okay' "$tmp/files/book.md")" 0
  t_is "$(sql "SELECT count(*) > 0 FROM calls WHERE role = 'writer' AND length(reasoning) >= $thought")" 1
  t_is "$(sql "SELECT count(*) FROM calls WHERE answer LIKE '%think>%' OR answer LIKE '%<|%'")" 0
done <<'MANNERS'
think-tags=300 900
channels=300 900
think=300 900
MANNERS

t_case "a model whose thoughts use up the room of its answer gets more of it, from then on in each run"
fresh room
manner think-inside=5000
t_run 0 glossary
t_is "$(failures room)" 1
t_run 0 glossary
t_is "$(failures room)" 1
t_has "$(sql "SELECT value FROM settings WHERE key = 'learnt:stub/novelist'")" '"room":8192'

t_case "a server that ends each answer at a limit of its own gives the book in pieces, and nothing of it is half"
fresh pieces
manner limit=250
t_run 0 book
t_is "$(sql "SELECT count(*) > 0 FROM calls WHERE params LIKE '%#rest-1%'")" 1
t_is "$(sql "SELECT count(*) FROM calls WHERE params LIKE '%#repair%' OR params LIKE '%#room%'")" 0
t_is "$(sql "SELECT content FROM v_artifacts WHERE name = 'chapters/01.md' AND is_head" | grep -vE '^(#.*|\*.*|)$' | grep -cvE '[.!?…]["”’»*]*$')" 0

t_case "a limit on the length of answers is learnt from its refusal"
fresh limit
manner limit-refused=3000
t_run 0 book
t_is "$(failures parameter)" 1
t_has "$(sql "SELECT value FROM settings WHERE key = 'learnt:stub/novelist'")" '"max_output":3000'
t_done
