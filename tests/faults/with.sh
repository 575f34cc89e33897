#!/usr/bin/env bash
# A phase, a plan or a model is changed while a book waits; going on with it asks again only what the change concerns, and what a person
# wrote stays.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

book=(generate_book --key book --quiet --set title="The Tide Clock" --set brief="A clockmaker in a drowned town mends the clock that keeps the tide."
  --set chapters=4 --set words_per_chapter=500)
project=the-tide-clock

# The questions so far; then the ledger starts anew.
mark() {
  ledger_keys >"$tmp/before"
  ledger_clear
  calls_mark=0
  [[ ! -e $QUIRE_LIBRARY/quire.db ]] || calls_mark=$(sql "SELECT coalesce(max(id), 0) FROM calls")
}
# How many of the questions since were asked before already.
asked_again() { ledger_keys | comm -12 "$tmp/before" - | wc -l; }
# Roles of the answered calls since.
roles_since() { sql "SELECT role FROM calls WHERE id > $calls_mark AND state = 'answered' GROUP BY role ORDER BY role" | tr '\n' ' '; }
# Do the prompts of the calls since hold the text?
prompts_since() { sql "SELECT count(*) FROM call_blocks b JOIN blobs t ON t.id = b.blob_id WHERE b.call_id > $calls_mark AND instr(CAST(t.data AS TEXT), '$1')"; }
content() { "$QUIRE" artifact show "$project" "$1"; }
# edit NAME SED-EXPRESSION: as a person would
edit() {
  content "$1" | sed "$2" >"$tmp/edit"
  t_run 0 "$QUIRE" artifact edit "$project" "$1" --from "$tmp/edit" --quiet
}
change_phase() {
  [[ -e $QUIRE_LIBRARY/scripts/phases/$1.lua ]] || t_run 0 "$QUIRE" script new "$1" --phase
  sed -i "$2" "$QUIRE_LIBRARY/scripts/phases/$1.lua"
}
stopped_after() {
  fresh "$1"
  t_run 0 "$QUIRE" run "${book[@]}" --until "$2"
  t_is "$(sql "SELECT status || ' ' || wait_kind FROM runs")" "waiting until"
}

t_case "an undisturbed book, to compare with"
fresh reference
t_run 0 "$QUIRE" run "${book[@]}"
undisturbed=$(ledger_total)
ledger_keys >"$tmp/keys.reference"

t_case "a book stopped after its plans and after a chapter pays for nothing twice"
stopped_after plain planning
t_is "$(sql "SELECT count(*) FROM v_artifacts WHERE name LIKE 'chapters/%'")" 0
t_run 0 "$QUIRE" resume 1 --until chapter:2 --quiet
t_is "$(sql "SELECT group_concat(name) FROM (SELECT name FROM v_artifacts WHERE name LIKE 'chapters/%' ORDER BY name)")" "chapters/01.md,chapters/02.md"
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(ledger_total) $(ledger_repeats)" "$undisturbed 0 0"
t_ok cmp -s "$tmp/reference/exports/$project/book.epub" "$tmp/plain/exports/$project/book.epub"

t_case "a phase that is copied into the library and edited changes the next run, with no compiler"
fresh edited
change_phase writing 's/Begin inside the scene;/Begin with the weather;/'
mark
t_run 0 "$QUIRE" run "${book[@]}"
t_ok test "$(prompts_since "Begin with the weather")" -gt 3
t_is "$(prompts_since "Begin inside the scene")" 0
t_is "$(sql "SELECT count(*) FROM calls WHERE role = 'planner'")" "$(QUIRE_LIBRARY=$tmp/reference sql "SELECT count(*) FROM calls WHERE role = 'planner'")"

t_case "a phase edited while the book waits is not used by a plain resume: a run keeps its scripts"
stopped_after pinned planning
change_phase writing 's/Begin inside the scene;/Begin with the weather;/'
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(prompts_since "Begin with the weather") $(asked_again)" "0 0"
t_is "$({ cat "$tmp/before"; ledger_keys; } | sort -u)" "$(cat "$tmp/keys.reference")"

t_case "resume --with scripts after an edit of the writing asks again the writing, not the planning"
stopped_after scripts chapter:2
change_phase writing 's/Begin inside the scene;/Begin with the weather;/'
mark
t_run 0 "$QUIRE" resume 1 --with scripts --until chapter:2 --quiet
t_is "$(asked_again)" 0
t_is "$(roles_since)" "extractor judge writer "
t_is "$(prompts_since "Begin inside the scene")" 0
t_ok test "$(prompts_since "Begin with the weather")" -gt 1
t_is "$(sql "SELECT max(version) FROM v_artifacts WHERE name = 'chapters/01.md'")" 2
t_is "$(sql "SELECT max(version) FROM v_artifacts WHERE name LIKE 'plans/%'")" 1

t_case "and the plain resume after it goes on from there"
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(asked_again)" 0
t_is "$(sql "SELECT max(version) FROM v_artifacts WHERE name LIKE 'chapters/%'")" 2

t_case "resume --with scripts after an edit of a later phase asks nothing of the earlier ones again"
stopped_after later chapter:2
change_phase postprocessing '1i -- a remark'
change_phase writing '1i -- a remark that changes no question'
mark
t_run 0 "$QUIRE" resume 1 --with scripts --quiet
t_is "$(asked_again)" 0
t_is "$({ cat "$tmp/before"; ledger_keys; } | sort -u)" "$(cat "$tmp/keys.reference")"

t_case "a broken phase is refused by resume --with scripts, and the run still goes on without it"
stopped_after broken planning
change_phase writing '1i local = 3'
t_run 8 "$QUIRE" resume 1 --with scripts --quiet
t_has "$out" "phases/writing.lua:1"
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(ledger_total) $(ledger_repeats)" "$undisturbed 0 0"

t_case "resume --with artifacts after a plan was edited asks again only from that chapter on"
stopped_after plan chapter:3
edit plans/03.json 's/"purpose" *: *"[^"]*"/"purpose":"The clock is sold to a stranger with no shoes."/'
t_has "$(content plans/03.json)" "no shoes"
mark
t_run 0 "$QUIRE" resume 1 --with artifacts --quiet
t_is "$(asked_again)" 0
t_ok test "$(prompts_since "no shoes")" -gt 0
t_is "$(roles_since)" "$(QUIRE_LIBRARY=$tmp/reference calls_mark=$(QUIRE_LIBRARY=$tmp/plain sql "SELECT max(id) FROM calls WHERE role = 'planner' AND scope = '/'") roles_since)"
t_is "$(sql "SELECT group_concat(name || ' ' || version) FROM (SELECT name, version FROM v_artifacts WHERE name LIKE 'chapters/%' AND is_head ORDER BY name)")" \
  "chapters/01.md 1,chapters/02.md 1,chapters/03.md 2,chapters/04.md 1"
t_is "$(sql "SELECT author FROM v_artifacts WHERE name = 'plans/03.json' AND is_head")" person

t_case "a plain resume uses the plan as the run saw it"
stopped_after seen chapter:3
edit plans/03.json 's/"purpose" *: *"[^"]*"/"purpose":"The clock is sold to a stranger with no shoes."/'
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(prompts_since "no shoes") $(asked_again)" "0 0"

t_case "a plan that is edited before its chapter is written is used without any option"
stopped_after early chapter:2
edit plans/03.json 's/"purpose" *: *"[^"]*"/"purpose":"The clock is sold to a stranger with no shoes."/'
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_ok test "$(prompts_since "no shoes")" -gt 0
t_is "$(asked_again)" 0

t_case "retry --with artifacts of a finished book with one plan edited asks nothing of the chapters before it"
fresh retried
t_run 0 "$QUIRE" run "${book[@]}"
mark
t_run 0 "$QUIRE" retry 1 --with artifacts --quiet
t_is "$(ledger_total)" 0
edit plans/03.json 's/"purpose" *: *"[^"]*"/"purpose":"The clock is sold to a stranger with no shoes."/'
t_run 0 "$QUIRE" retry 1 --with artifacts --quiet
t_is "$(asked_again)" 0
t_ok test "$(prompts_since "no shoes")" -gt 0
t_is "$(sql "SELECT group_concat(name) FROM (SELECT DISTINCT name FROM v_artifacts WHERE name LIKE 'chapters/%' AND run = 3 ORDER BY name)")" "chapters/03.md,chapters/04.md"

t_case "resume --with models=writer asks again the writer and what its new answers change"
stopped_after models chapter:2
mark
t_run 0 "$QUIRE" resume 1 --with models=writer --model writer=stub/poet --until chapter:2 --quiet
t_is "$(asked_again)" 0
t_is "$(sql "SELECT DISTINCT role FROM calls WHERE id > $calls_mark AND model = 'poet'")" writer
t_is "$(sql "SELECT count(*) FROM calls WHERE id > $calls_mark AND role = 'planner'")" 0
t_is "$(sql "SELECT count(*) FROM calls WHERE id > $calls_mark AND role = 'writer' AND model <> 'poet'")" 0
t_ok test "$(sql "SELECT count(*) FROM calls WHERE id > $calls_mark AND role = 'writer'")" -ge 2

t_case "resume --with models where no role has another model asks nothing again"
mark
t_run 0 "$QUIRE" resume 1 --with models --until chapter:2 --quiet
t_is "$(ledger_total)" 0

t_case "--model without --with keeps the answers and uses the other model from here on"
stopped_after newmodel chapter:2
mark
t_run 0 "$QUIRE" resume 1 --model stub/poet --quiet
t_is "$(asked_again)" 0
t_is "$(sql "SELECT DISTINCT model FROM calls WHERE id > $calls_mark")" poet
t_is "$(sql "SELECT max(version) FROM v_artifacts WHERE name = 'chapters/01.md'")" 1

t_case "what a person changed in a chapter stays, and the book is exported with it"
stopped_after person chapter:2
edit chapters/02.md '$a The gull was never seen again.'
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_has "$(content chapters/02.md)" "The gull was never seen again."
t_ok grep -q "The gull was never seen again." "$QUIRE_LIBRARY/exports/$project/book.md"
t_is "$(asked_again)" 0

t_case "a run that writes an edited chapter anew leaves a proposal beside it"
stopped_after proposal chapter:2
edit chapters/02.md '$a The gull was never seen again.'
change_phase writing 's/Begin inside the scene;/Begin with the weather;/'
t_run 0 "$QUIRE" resume 1 --with scripts --quiet
t_is "$(sql "SELECT author || ' ' || version FROM v_artifacts WHERE name = 'chapters/02.md' AND is_head")" "person 2"
t_is "$(sql "SELECT group_concat(version || ' ' || author || ' ' || state) FROM v_artifacts WHERE name = 'chapters/02.md'")" "1 run version,2 person version,3 run proposal"
t_ok grep -q "The gull was never seen again." "$QUIRE_LIBRARY/exports/$project/book.md"

t_case "a chapter that a person wrote before its turn is the book's chapter"
stopped_after ahead chapter:2
printf '# Three\n\nNobody came. The water rose to the second step and stood there.\n' >"$tmp/three.md"
t_run 0 "$QUIRE" artifact edit "$project" chapters/03.md --from "$tmp/three.md" --quiet
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(sql "SELECT author FROM v_artifacts WHERE name = 'chapters/03.md' AND is_head")" person
t_ok grep -q "rose to the second step" "$QUIRE_LIBRARY/exports/$project/book.md"

t_case "a resume --with that is killed goes on the same way"
stopped_after killed chapter:2
change_phase writing 's/Begin inside the scene;/Begin with the weather;/'
mark
quire_crash answer_received@4 "$QUIRE" resume 1 --with scripts --quiet
read -r repeated _ <<<"$(ledger_repeats)"
t_run 0 "$QUIRE" run "${book[@]}"
t_is "$(asked_again)" 0
read -r repeated most <<<"$(ledger_repeats)"
t_ok test "$repeated" -le 8 -a "$most" -le 2
t_is "$(prompts_since "Begin inside the scene")" 0

t_case "retry --with models=writer asks the writer again"
mark
t_run 0 "$QUIRE" retry 1 --with models=writer --model writer=stub/poet --quiet
t_is "$(sql "SELECT DISTINCT model FROM calls WHERE id > $calls_mark AND role = 'writer'")" poet
t_is "$(sql "SELECT count(*) FROM calls WHERE id > $calls_mark AND role = 'planner' AND scope <> '/'")" 0

t_case "an outline that a person adds while the book waits is read with --with artifacts"
stopped_after given planning
printf '# Chapter 3\n\nThe stranger has no shoes.\n' >"$tmp/plan.md"
t_run 0 "$QUIRE" artifact edit "$project" given/plan --from "$tmp/plan.md" --quiet
mark
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(prompts_since "no shoes")" 0
t_run 0 "$QUIRE" retry 1 --with artifacts --quiet
t_ok test "$(prompts_since "no shoes")" -gt 0

t_case "what --with does not know is refused with the nearest name"
stopped_after unknown blueprint
t_run 2 "$QUIRE" resume 1 --with skripts
t_has "$out" "scripts"
t_done
