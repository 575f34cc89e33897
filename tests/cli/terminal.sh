#!/usr/bin/env bash
# terminal.sh - what a model wrote reaches a terminal as words: no title, finding, log line or chapter moves its cursor, names its window, or
# passes for a line of ours. Bytes go through as they are only where no terminal reads them.
. "$(dirname "$0")/../lib.sh"

# \27 ]0; names the window, \27[2J clears it, \194\155 is the same introducer in one character.
cat >"$tmp/sly.lua" <<'LUA'
local sly = "The Lamp\27]0;own\7\27[2J\194\155" .. "31m\127"
return {
  title = "Sly",
  run = function()
    run.phase("Writing" .. sly)
    run.summary(sly)
    log.info("%s", sly .. "\nquire: run 1 failed: all is lost")
    log.warn("%s", "\rquire: forged")
    artifact.put("chapters/01.md", "# One\n\n" .. sly .. "\n")
    artifact.put("chapters/01.md", "# Two\n\n" .. sly .. " again\n")
    local answer = gate.ask { title = sly, show = sly, choices = { "approve", "reject" } }
    if answer.choice == "reject" then error(sly .. "\nquire: forged") end
    return { title = sly, findings = { { problem = sly, where = "chapter 1" } }, books = { { title = sly, files = { { path = sly } } } },
      notes = "first\nIssues: 0" }
  end,
}
LUA
command -v script >/dev/null || { t_case "a terminal"; t_skip "no script(1)"; t_done; }

# What a terminal gets, in $out: nothing in it that obeys others, and each line begins as one of ours.
on_terminal() {
  out=$(TERM=xterm script -qec "$(printf '%q ' "$QUIRE" "$@")" /dev/null 2>&1 </dev/null)
  local bad
  for bad in $'\e]' $'\e[2J' $'\a' $'\302\233' $'\177'; do
    [[ $out == *"$bad"* ]] && t_fail "quire $* let $(printf %q "$bad") through: $(printf %q "$out")"
  done
  grep -q $'^\(.*\r\)\?quire: \(forged\|run 1 failed: all\)' <<<"$out" && t_fail "quire $* forged a line: $(printf %q "$out")"
  t_ok
}

t_case "a run's phases, log lines and question are told in words"
on_terminal run "$tmp/sly.lua"
t_has "$out" "The Lamp?]0;own??[2J?31m?"
t_has "$out" "    quire: run 1 failed: all is lost"

t_case "so are its state, its history, its documents, their differences and its gate"
project=$("$QUIRE" sql "SELECT slug FROM projects" --json | sed -n 's/^ *"slug": "\(.*\)"$/\1/p')
for command in "runs" "show 1" "logs 1" "trace 1" "gate list" "gate show 1" "project list" "project show $project" \
  "artifact show $project chapters/01.md" "diff $project chapters/01.md" "show 1 --json" "logs 1 --json" "gate show 1 --json"; do
  # shellcheck disable=SC2086
  on_terminal $command
done

t_case "so are a result and a failure"
t_run "$QUIRE" gate approve 1
on_terminal resume 1
t_has "$out" "Title: The Lamp?]0;own"
on_terminal show 1
t_run 5 "$QUIRE" run "$tmp/sly.lua" --key second
t_run "$QUIRE" gate reject 2
on_terminal resume 2
t_has "$out" "The Lamp?]0;own"
on_terminal show 2

t_case "a line of a result that a model broke does not look like a field of ours"
t_has "$("$QUIRE" retry 1 2>/dev/null)" $'Notes: first\n    Issues: 0'

t_case "colours are ours: on a terminal they come out as colours"
on_terminal diff "$project" chapters/01.md
t_has "$out" $'\e[31;9m'
on_terminal help run
t_has "$out" $'\e[1m'

t_case "a file gets a document byte for byte"
"$QUIRE" artifact show "$project" chapters/01.md >"$tmp/out"
t_ok cmp "$tmp/out" <(printf '# Two\n\nThe Lamp\e]0;own\a\e[2J\302\23331m\177 again\n')

t_done
