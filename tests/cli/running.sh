#!/usr/bin/env bash
# running.sh - one run from the terminal: it ends, stops, goes on, and is followed; who owns the library and who hands over.
. "$(dirname "$0")/../lib.sh"

# Takes n naps with a call after each; asks a person at the end when told to.
cat >"$tmp/naps.lua" <<'LUA'
return {
  title = "Naps",
  input = { { name = "n", type = "integer", default = 20 }, { name = "issues", type = "integer", default = 0 } },
  run = function(input)
    run.phase("Napping")
    for i = 1, input.n do
      run.progress(i - 1, input.n, "nap " .. i)
      run.sleep(0.1)
      llm.ask { role = "writer", prompt = "Nap " .. i, max_words = 20 }
      log.info("nap %d is over", i)
      run.checkpoint("nap:" .. i)
    end
    return { naps = input.n, issues = input.issues }
  end,
}
LUA
calls() { "$QUIRE" sql "SELECT count(*) AS n FROM calls WHERE run_id = $1" --json | sed -n 's/^ *"n": //p'; }
state() { "$QUIRE" show "$1" --json | sed -n 's/^  "state": "\(.*\)",$/\1/p'; }
events() { "$QUIRE" logs "$1" | grep -c "is over"; }

t_case "the result is on stdout, all else on stderr"
t_is "$("$QUIRE" run "$tmp/naps.lua" --set n=1 2>"$tmp/err")" "Issues: 0
Naps: 1"
t_has "$(cat "$tmp/err")" "--- Phase: Napping ---"
t_has "$(cat "$tmp/err")" "nap 1 is over"
[[ $(cat "$tmp/err") == *$'\033'* ]] && t_fail "escape codes in a pipe"
t_is "$("$QUIRE" run "$tmp/naps.lua" --set n=1 --quiet 2>&1)" "Issues: 0
Naps: 1"

t_case "issues in the result end with 3"
t_run 3 "$QUIRE" run "$tmp/naps.lua" --set n=1 --set issues=2

t_case "a run is one JSON document with --json"
out=$("$QUIRE" run "$tmp/naps.lua" --set n=1 --json 2>/dev/null)
t_is $? 0
t_has "$out" '"status": "completed"'
t_has "$out" '"naps": 1'

t_case "a terminal gets one progress line, redrawn in place"
if command -v script >/dev/null; then
  out=$(TERM=xterm script -qec "'$QUIRE' run '$tmp/naps.lua' --set n=3" /dev/null 2>&1 </dev/null)
  t_has "$out" $'\r'
  t_has "$out" "nap 2  1/3"
  t_has "$out" $'\033[K'
  t_has "$out" "Naps: 3"
else
  t_skip "no script(1)"
fi

t_case "--until stops, says how to go on, and the rest costs only the rest"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=4 --until nap:2 --key until
run=$("$QUIRE" sql "SELECT max(id) AS n FROM runs" --json | sed -n 's/^ *"n": //p')
t_has "$out" "quire resume $run"
t_is "$(state "$run")" "stopped"
t_is "$(calls "$run")" "2"
t_run "$QUIRE" resume "$run"
t_has "$out" "nap 4 is over"
[[ $out == *"nap 2 is over"* ]] && t_fail "what was told is told again"
t_is "$(calls "$run")" "4"

t_case "a key given again is the same run: no call is made again"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=2 --key same
first=$("$QUIRE" runs --limit 1 --json)
t_run "$QUIRE" run "$tmp/naps.lua" --set n=2 --key same
t_has "$out" "Naps: 2"
t_is "$("$QUIRE" runs --limit 1 --json | grep -v -e ago)" "$(grep -v -e ago <<<"$first")"

t_case "the first signal drains and says how to go on; resume goes on"
t_start "$tmp/out" "$QUIRE" run "$tmp/naps.lua" --set n=8 --key drained
t_wait 10 grep -q "nap 2 is over" "$tmp/out"
kill -TERM $pid
wait $pid
t_is $? 143
run=$("$QUIRE" runs --limit 1 --json | sed -n 's/^ *"run": \([0-9]*\),$/\1/p')
t_has "$(cat "$tmp/out")" "quire resume $run"
t_is "$(state "$run")" "interrupted"
t_has "$("$QUIRE" show "$run")" "Interrupted; \`quire serve\` continues it, or \`quire resume $run\`"
t_run "$QUIRE" resume "$run"
t_has "$out" "Naps: 8"
t_is "$(calls "$run")" "8"
t_is "$(events "$run")" "8"

t_case "the second signal ends at once"
t_start "$tmp/out" "$QUIRE" run "$tmp/naps.lua" --set n=50
t_wait 10 grep -q "nap 1 is over" "$tmp/out"
kill -TERM $pid
kill -TERM $pid
wait $pid
t_is $? 143

t_case "an owner names other unfinished runs and leaves them alone"
run=$("$QUIRE" runs --limit 1 --json | sed -n 's/^ *"run": \([0-9]*\),$/\1/p')
before=$(calls "$run")
t_run "$QUIRE" run "$tmp/naps.lua" --set n=2
t_has "$out" "quire resume $run"
t_is "$(calls "$run")" "$before"
t_is "$(state "$run")" "interrupted"

t_case "cancel ends it for good; retry keeps its answers"
t_run "$QUIRE" cancel "$run"
t_is "$(state "$run")" "cancelled"
t_run 1 "$QUIRE" resume "$run"
t_has "$out" "quire retry $run"
t_run 1 "$QUIRE" watch "$run"

t_case "a killed run is resumed, and no call is paid twice"
t_start "$tmp/out" "$QUIRE" run "$tmp/naps.lua" --set n=6
t_wait 10 grep -q "nap 2 is over" "$tmp/out"
kill -KILL $pid
wait $pid 2>/dev/null
run=$("$QUIRE" runs --limit 1 --json | sed -n 's/^ *"run": \([0-9]*\),$/\1/p')
t_is "$(state "$run")" "interrupted"
t_run "$QUIRE" resume "$run"
t_has "$out" "Naps: 6"
n=$(calls "$run")
t_ok test "$n" -ge 6 -a "$n" -le 7

t_case "whoever follows takes the run up when its owner is killed"
t_start "$tmp/owner" "$QUIRE" run "$tmp/naps.lua" --set n=30
owner=$pid
t_wait 10 grep -q "nap 1 is over" "$tmp/owner"
t_start "$tmp/out" "$QUIRE" run "$tmp/naps.lua" --set n=12 --key followed
t_wait 10 grep -q "nap 2 is over" "$tmp/out"
t_has "$(cat "$tmp/out")" "handed to the library's owner"
kill -KILL $owner
wait $owner 2>/dev/null
wait $pid
t_is $? 0
t_has "$(cat "$tmp/out")" "Naps: 12"
t_has "$("$QUIRE" runs --status unfinished)" "interrupted"
for id in $("$QUIRE" runs --status unfinished --json | sed -n 's/^ *"run": \([0-9]*\),$/\1/p'); do t_run "$QUIRE" cancel "$id"; done

t_case "an owner stays until what was handed to it has ended"
t_start "$tmp/owner" "$QUIRE" run "$tmp/naps.lua" --set n=20
owner=$pid
t_wait 10 grep -q "nap 1 is over" "$tmp/owner"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=45 --detach
id=$(grep -x '[0-9]*' <<<"$out")
wait $owner
t_is $? 0
t_has "$(cat "$tmp/owner")" "Staying until 1 run"
t_is "$(state "$id")" "completed"

t_case "watch follows with the run's exit code; --json gives a line an event, the run last"
t_start "$tmp/owner" "$QUIRE" run "$tmp/naps.lua" --set n=25 --set issues=1
owner=$pid
t_wait 10 grep -q "nap 1 is over" "$tmp/owner"
id=$("$QUIRE" runs --limit 1 --json | sed -n 's/^ *"run": \([0-9]*\),$/\1/p')
"$QUIRE" watch "$id" --json >"$tmp/watched"
t_is $? 3
wait $owner
t_has "$(tail -1 "$tmp/watched")" '"type":"run"'
t_is "$(grep -vc '^{.*}$' "$tmp/watched")" "0"

t_case "a library owned by a stopped host says so; --take-over ends it"
t_start "$tmp/owner" "$QUIRE" run "$tmp/naps.lua" --set n=50
owner=$pid
t_wait 10 grep -q "nap 1 is over" "$tmp/owner"
kill -STOP "$(grep -o '"pid": *[0-9]*' "$QUIRE_LIBRARY/owner.json" | grep -o '[0-9]*')" # the host itself, not its guardian
t_run 11 timeout 20 "$QUIRE" run "$tmp/naps.lua" --set n=1
t_has "$out" "is stopped"
t_run "$QUIRE" run "$tmp/naps.lua" --set n=1 --take-over
t_has "$out" "Naps: 1"
wait $owner 2>/dev/null

t_done
