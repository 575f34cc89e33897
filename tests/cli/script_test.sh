#!/usr/bin/env bash
# `quire script test`: an author's tests run in the real host, beside the scripts; what is wrong is said with its case, file and line.
. "$(dirname "$0")/../lib.sh"
scripts=$QUIRE_LIBRARY/scripts
mkdir -p "$scripts/lib" "$scripts/phases" "$QUIRE_LIBRARY/pipelines"

cat >"$scripts/lib/sums.lua" <<'LUA'
return { add = function(a, b) return a + b end }
LUA
cat >"$scripts/lib/sums_test.lua" <<'LUA'
local sums = require "lib.sums"
return {
  ["second by name, first in the file"] = function(t) t.equal(sums.add(1, 2), 3) end,
  ["a sum that is wrong"] = function(t)
    t.equal(sums.add(1, 2), 4, "the sum")
  end,
  ["needs what is not here"] = function(t) t.skip("no scales") end,
}
LUA

t_case "a failed case is told with its name, file, line, what was got and what was expected; the others still run"
t_run 8 "$QUIRE" script test lib/sums
t_has "$out" "not ok lib/sums: a sum that is wrong"
t_has "$out" "scripts/lib/sums_test.lua:5: the sum: got 3, expected 4"
t_has "$out" "ok lib/sums: second by name, first in the file"
t_has "$out" "1 passed, 1 failed, 1 skipped"

t_case "programs that count tests get TAP, and one JSON document"
t_run 8 "$QUIRE" script test lib/sums --tap
t_is "$(grep -v '^#' <<<"$out")" "ok 1 - lib/sums: second by name, first in the file
not ok 2 - lib/sums: a sum that is wrong
ok 3 - lib/sums: needs what is not here # SKIP no scales
1..3"
t_run 8 "$QUIRE" script test lib/sums --json
t_is "$(tr -d ' \n' <<<"$out" | grep -o '"name":"lib/sums:asumthatiswrong","ok":[a-z]*')" '"name":"lib/sums:asumthatiswrong","ok":false'

cat >"$QUIRE_LIBRARY/pipelines/ask.lua" <<'LUA'
return { input = { { name = "topic", type = "string", required = true } }, run = function(input)
  run.phase("Asking")
  artifact.put("draft.md", "by the run")
  local said = llm.ask { role = "writer", prompt = "About " .. input.topic, max_words = 20 }
  local decision = gate.ask { title = "Good?", show = said.text, choices = { "yes", "no" } }
  artifact.put("draft.md", "by the run again")
  log.info("decided %s", decision.choice)
  return { said = said.text, choice = decision.choice, draft = artifact.get("draft.md") }
end }
LUA
cat >"$QUIRE_LIBRARY/pipelines/ask_test.lua" <<'LUA'
local function ask(t, answers, options)
  options = options or {}
  options.pipeline, options.input, options.answers = "ask", { topic = "whales" }, answers
  return t.run(options)
end
return {
  ["an answer, a decision and a person's edit reach the script"] = function(t)
    local run = ask(t, function(request)
      t.equal(request.task, "About whales")
      t.equal(request.phase, "Asking")
      t.edit("draft.md", "by hand")
      return "Whales sing."
    end, { decide = "no" })
    t.status(run, "completed")
    t.equal(run.result, { said = "Whales sing.", choice = "no", draft = "by hand" })
    t.has(run.log, "decided no")
    local versions = t.versions("draft.md")
    t.equal(versions[2].author .. " " .. versions[3].state, "person proposal")
  end,
  ["without a decision the run waits, and continues"] = function(t)
    local run = ask(t, { { role = "writer", text = "Whales sing." } })
    t.equal(t.status(run, "waiting").gate.title, "Good?")
    run = t.resume(run, { decide = { choice = "yes" } })
    t.equal(#t.status(run, "completed").requests, 0)
  end,
  ["fits nothing"] = function(t) ask(t, { { role = "judge", text = "x" } }) end,
  ["unknown field"] = function(t) t.run { pipelin = "ask" } end,
  ["waits for ever"] = function(t) t.run { source = "return { run = function() while true do run.sleep(1) end end }" } end,
  ["turns for ever"] = function() while true do end end,
  ["still here"] = function(t) t.ok(true) end,
}
LUA

t_case "runs of a test are real ones: answers, decisions, a person's edits, documents and the log are as in a library"
t_run 8 timeout 100 "$QUIRE" script test ask --seconds 2
t_has "$out" "ok pipelines/ask: an answer, a decision and a person's edit reach the script"
t_has "$out" "ok pipelines/ask: without a decision the run waits, and continues"

t_case "a request that no canned answer fits is shown"
t_has "$out" "no canned answer fits this request: role 'writer', phase 'Asking'"
t_has "$out" "About whales"

t_case "a misspelt field is told with the nearest one"
t_has "$out" "pipelines/ask_test.lua:27: t.run: unknown field 'pipelin'; did you mean 'pipeline'?"

t_case "a test that never ends is ended, and those after it run"
t_has "$out" "pipelines/ask_test.lua:28: the case took longer than 2 seconds"
t_has "$out" "pipelines/ask_test.lua:29: limit: "
t_has "$out" "ok pipelines/ask: still here"

t_case "a pipeline that is named also runs twice; with an input of its own only that"
t_has "$out" "ok its result is the same again"
t_run "$QUIRE" script test ask --set topic=rope
t_has "$out" "3 passed, 0 failed"

t_case "a pipeline that works on a book is given one"
t_run "$QUIRE" script test regenerate_artifacts --set author=Nobody
t_has "$out" "3 passed, 0 failed"

t_case "the shipped tests of a phase run against the author's replacement"
sed 's/broke off before its end/stops too early/' "$root/scripts/phases/writing.lua" >"$scripts/phases/writing.lua"
t_run 8 "$QUIRE" script test phases/writing
t_has "$out" "not ok phases/writing: a truncated scene is finished by a second call"
t_has "$out" "ok phases/writing: an extractor that fails leaves the chapter with its facts pending"
rm "$scripts/phases/writing.lua"

t_case "tests are no scripts: no run is pinned to them, no list shows them, no script can require them"
t_run "$QUIRE" script list --all
t_is "$(grep -c '_test\|test_api' <<<"$out")" 0
echo 'return { run = function() return require "lib.sums_test" end }' >"$tmp/peeks.lua"
t_run 8 "$QUIRE" run "$tmp/peeks.lua" --quiet
t_has "$out" "no module 'lib/sums_test'"
t_is "$(sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" "SELECT count(*) > 0, sum(name LIKE '%test%') FROM script_set_files")" "1|0"

t_case "what is only tried tells nobody: no hook is called"
echo "return { notify = { command = \"touch $tmp/told\" } }" >"$QUIRE_LIBRARY/quire.lua"
t_run "$QUIRE" script test ask --set topic=rope
t_ok test ! -e "$tmp/told"
t_run 5 "$QUIRE" run ask --set topic=rope --model rehearsal/novelist --quiet
t_wait 5 test -e "$tmp/told"
rm "$QUIRE_LIBRARY/quire.lua"

t_case "a file that is no table of cases, and a script without tests, are said to be that"
echo 'return 7' >"$scripts/lib/seven_test.lua"
echo 'return {}' >"$scripts/lib/seven.lua"
t_run 8 "$QUIRE" script test lib/seven
t_has "$out" "lib/seven_test.lua must return a table"
rm "$scripts/lib/seven_test.lua"
t_run 10 "$QUIRE" script test lib/seven
t_has "$out" "write scripts/lib/seven_test.lua beside it"
t_case "every shipped script has its tests beside it"
missing=''
for script in "$root"/scripts/{lib,phases,exports,checks}/*.lua "$root"/pipelines/*.lua; do
  [[ $script == *_test.lua || -e ${script%.lua}_test.lua ]] || missing+="${script#"$root/"} "
done
t_is "$missing" ""
t_done
