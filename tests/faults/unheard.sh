#!/usr/bin/env bash
# The database commits and then reports that it failed, at every kind of write: what is durable counts, whoever was told otherwise goes on from it, and
# nothing is done or paid twice. Nothing leaves the host before the answers that it is made from are durable, and a run whose answers are lost goes on
# without them. And a client that never hears the answer to its request says it again by its key.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

rehearse_start --latency 20 --chunks 1 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "ten undisturbed runs"
reference 10

t_case "16 commits whose success nobody hears of: all runs complete, each answer is paid once"
steps_library
points=''
for pass in 3 8 13 18 23 28 33 38 43 48 53 58 63 68 73 78; do points+=,store_after_commit:fail@$pass; done
serve_start QUIRE_FAILPOINT="${points#,}"
submit 1 10
wait_ended 90
t_ok test "$(grep -c "a failpoint; it did not" "$tmp/serve.log")" -gt 0
t_is "$(sql "SELECT count(*), min(status), max(status), max(deaths) FROM runs")" "10|completed|completed|0"
t_is "$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")" 200
sound 10
serve_stop
t_is "$status" 0

# While each commit takes its time, what leaves the host shows what it waits for: a file, and the next request.
t_case "no file and no request leaves the host before the answers that it is made from are on the disk"
fresh slow
rehearse_control '{"latency": 0}'
cat >"$tmp/early.lua" <<'LUA'
return { title = "Early", run = function()
  llm.ask { role = "writer", prompt = "Write about 20 words on a lamp." }
  llm.ask { role = "writer", prompt = "Write about 20 words on a rope." }
  step("made", {}, function() return "words" end)
  export.run { format = "markdown", name = "early.md", book = { title = "Early", language = "English", chapters = { { number = 1, title = "One", scenes = { "Words." } } } } }
end }
LUA
QUIRE_FAILPOINT=store_before_commit:sleep=1000 "$QUIRE" run "$tmp/early.lua" --quiet --out "$tmp/out" >"$tmp/early.out" 2>&1 &
early=$!
t_at_exit kill "$early"
second='' file=''
for i in {1..3000}; do
  [[ $second ]] || { (($(ledger_total) < 2)) || second=$(sql "SELECT count(*) FROM journal WHERE kind = 'llm'"); }
  [[ $file ]] || { [[ ! -e $tmp/out/early.md ]] || file=$(sql "SELECT count(*) FROM journal WHERE kind = 'step'"); }
  [[ $file ]] || ! kill -0 "$early" 2>/dev/null && break
  sleep 0.01
done
wait "$early"
t_is "$?" 0
t_ok test "${second:-0}" -ge 1
t_is "$file" 1

# Which commit holds the answer depends on how the ones before it met: it is the fifth, or a neighbour.
t_case "a run that ended by an answer which neither the database nor the spool took waits for them, and ends by another answer"
rehearse_control '{"latency": 300}'
cat >"$tmp/once.lua" <<'LUA'
return { run = function() return llm.ask { role = "writer", prompt = "Write about 20 words on a lamp." }.text end }
LUA
for commit in 5 6 4; do
  fresh "lost-$commit"
  QUIRE_LOG=error QUIRE_FAILPOINT=store_before_commit:fail@$commit QUIRE_LOCK_ATTEMPTS=1 "$QUIRE" run "$tmp/once.lua" --quiet >"$tmp/once.out" 2>&1 &
  once=$!
  t_at_exit kill "$once"
  asked() { (($(ledger_total) == 1)); }
  t_wait 20 asked
  mkdir "$QUIRE_LIBRARY/spool" # nothing can be written there
  gone() { grep -q "gave up writing" "$tmp/once.out" || ! kill -0 "$once" 2>/dev/null; }
  t_wait 20 gone
  rmdir "$QUIRE_LIBRARY/spool"
  wait "$once"
  t_is "$?" 0
  grep -q " 2 were refused" "$tmp/once.out" && break
done
t_ok grep -q " 2 were refused" "$tmp/once.out"
t_has "$("$QUIRE" logs 1)" "waiting for store"
t_is "$(sql "SELECT status, deaths FROM runs; SELECT count(*) FROM calls WHERE state = 'answered'" | tr '\n' ' ')$(ledger_total)" "completed|0 1 2"
t_is "$(audit)" ""
t_done
