#!/usr/bin/env bash
# What people and machines get wrong: each case gets a clear error and the right exit code, and loses nothing.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 4 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

glossary=(glossary --quiet --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out.")
book=(generate_book --quiet --set title="The Tide Clock" --set brief="A clockmaker mends the clock." --set chapters=2 --set words_per_chapter=400)

# refused STATUS "what the message says" COMMAND...: and no run came of it
refused() {
  local code=$1 words=$2
  shift 2
  t_run "$code" timeout 30 "$@"
  t_has "$out" "$words"
  [[ ! -e $QUIRE_LIBRARY/quire.db ]] || t_is "$(sql "SELECT count(*) FROM runs")" 0
}
pipeline() { cat >"$tmp/$1.lua"; }
# fails STATUS WORDS: the pipeline just written ends with it
fails() {
  local code=$1 words=$2
  t_run "$code" timeout 30 "$QUIRE" run "$tmp/$3.lua" --quiet
  t_has "$out" "$words"
}

fresh refused
printf 'caf\xe9 au lait' >"$tmp/latin1.txt"
t_case "a brief that is not there, a folder, or cut off is refused by name"
refused 2 "/nonexistent" "$QUIRE" run generate_book --input /nonexistent
t_run 1 "$QUIRE" run generate_book --input "$tmp"
t_has "$out" "Is a directory"
echo '{"brief": ' >"$tmp/cut.json"
refused 2 "not valid JSON" "$QUIRE" run generate_book --input "$tmp/cut.json"
refused 2 "/nonexistent" "$QUIRE" run generate_book --set brief=@/nonexistent
t_case "a brief, a field or a given document with invalid UTF-8 is refused with the place and the cure"
refused 2 "iconv" "$QUIRE" run generate_book --set brief=@"$tmp/latin1.txt"
refused 2 "byte 4" "$QUIRE" run generate_book --set brief=x --give blueprint="$tmp/latin1.txt"
refused 2 "not valid UTF-8" "$QUIRE" run generate_book --set brief=$'caf\xe9'
refused 2 "not valid UTF-8" "$QUIRE" run generate_book --input "$tmp/latin1.txt"
t_case "unknown pipelines, fields, models and providers are refused with the nearest name"
refused 10 "generate_book" "$QUIRE" run generate_bok --set brief=x
refused 2 "did you mean 'brief'" "$QUIRE" run generate_book --set breif=x
refused 2 "the most is 100" "$QUIRE" run generate_book --set brief=x --set chapters=101
refused 2 "'brief' is missing" "$QUIRE" run generate_book
refused 8 "no provider 'nobody'" "$QUIRE" run generate_book --set brief=x --model writer=nobody/x
refused 4 "OPENAI_API_KEY" env -u OPENAI_API_KEY "$QUIRE" run generate_book --set brief=x --model openai/gpt-5
refused 2 "PROVIDER/NAME" "$QUIRE" run generate_book --set brief=x --model nonsense
t_case "an output folder that cannot be written is refused before anything is paid"
refused 2 "--out" "$QUIRE" run "${glossary[@]}" --out /proc/nope
refused 2 "--out" "$QUIRE" run "${glossary[@]}" --out "$tmp/latin1.txt/below"
t_is "$(ledger_total)" 0
t_case "a library that cannot be is refused"
t_run 10 "$QUIRE" --library /proc/nope run "${glossary[@]}"
t_has "$out" "--library"
t_run 2 "$QUIRE" --library "$tmp/latin1.txt" run "${glossary[@]}"
t_run 10 "$QUIRE" --library "$tmp/nowhere" runs
t_has "$out" "no library"
t_ok test ! -e "$tmp/nowhere"
t_case "a broken quire.lua is refused with its line"
fresh config
echo 'return { providers = ' >"$QUIRE_LIBRARY/quire.lua"
refused 8 "quire.lua" "$QUIRE" run "${glossary[@]}"
echo 'return { provders = {} }' >"$QUIRE_LIBRARY/quire.lua"
refused 8 "providers" "$QUIRE" run "${glossary[@]}"
t_case "a key_command's time that would never end, or at once, is refused"
for s in 0.0001 2200000 '"long"'; do
  echo "return { providers = { it = { base_url = 'http://127.0.0.1:1/v1', key_command = 'echo x', key_command_s = $s } } }" >"$QUIRE_LIBRARY/quire.lua"
  refused 8 "providers.it.key_command_s must be a number from 1 to 3600" "$QUIRE" run "${glossary[@]}"
done

fresh scripts
t_case "a pipeline with a syntax error is refused with file and line"
pipeline syntax <<<'return { run = function( end }'
fails 8 "syntax.lua:1" syntax
t_case "a pipeline that returns nothing, or no run function, is refused"
pipeline nothing <<<'local x = 1'
fails 8 "function 'run'" nothing
t_case "a pipeline whose phase is missing is refused with the phase's name"
pipeline phase <<<'local p = require "phases.writng" return { run = function() p.run() end }'
fails 8 "writng" phase
t_case "a pipeline that returns what is no JSON fails with its name"
pipeline result <<<'return { run = function() return function() end end }'
fails 8 "must be JSON" result
t_case "an endless loop ends with a limit"
pipeline loop <<<'return { limits = { phase_cpu_s = 1 }, run = function() while true do end end }'
fails 8 "limit" loop
t_case "a memory bomb ends with a limit"
pipeline bomb <<<'return { run = function() local t = {} for i = 1, 1e9 do t[i] = { i } end end }'
fails 8 "memory" bomb
t_case "a call to an unknown function names it, with file and line"
pipeline unknown <<<'return { run = function() return llm.aks { role = "writer", prompt = "x" } end }'
fails 8 "unknown.lua:1" unknown
t_has "$out" "aks"
t_case "a schema keyword that is not supported is refused by name"
pipeline schema <<<'return { run = function() return llm.ask_json { role = "writer", prompt = "x", schema = { type = "object", oneOf = {} } } end }'
fails 8 "oneOf" schema
t_case "the library still works after all of these"
t_run 0 "$QUIRE" run "${glossary[@]}"

t_case "a database of a newer quire is left alone"
fresh newer
t_run 0 "$QUIRE" run "${glossary[@]}" --key it
version=$(sql "PRAGMA user_version")
sqlite3 "$QUIRE_LIBRARY/quire.db" "PRAGMA user_version = 9999"
t_run 1 "$QUIRE" run "${glossary[@]}"
t_has "$out" "newer"
t_run 1 "$QUIRE" runs
sqlite3 "$QUIRE_LIBRARY/quire.db" "PRAGMA user_version = $version"
t_run 0 "$QUIRE" run "${glossary[@]}" --key it
t_case "a damaged database is said to be damaged"
fresh corrupt
t_run 0 "$QUIRE" run "${glossary[@]}"
printf 'this is no database, and it is longer than a header of sqlite, by far and away' | dd of="$QUIRE_LIBRARY/quire.db" conv=notrunc status=none
t_run 1 "$QUIRE" run "${glossary[@]}"
t_has "$out" "damaged"
t_run 1 "$QUIRE" runs
t_case "a database that another program holds for three seconds only waits"
fresh locked
t_run 0 "$QUIRE" run "${book[@]}" --key it --until blueprint
mkfifo "$tmp/hold"
sqlite3 "$QUIRE_LIBRARY/quire.db" <"$tmp/hold" >"$tmp/held" 2>&1 &
exec 9>"$tmp/hold"
printf 'BEGIN IMMEDIATE;\nSELECT 1;\n' >&9
t_wait 5 test -s "$tmp/held"
( sleep 3; exec 8>"$tmp/hold"; printf 'ROLLBACK;\n' >&8 ) 9>&- &
t_run 0 timeout 30 "$QUIRE" run "${book[@]}" --key it
exec 9>&-
wait %% 2>/dev/null
t_is "$(sql "SELECT status FROM runs") $(ledger_repeats)" "completed 0 0"

t_case "a full disk loses nothing, and the run goes on by itself when there is room"
mkdir "$tmp/small"
if mount -t tmpfs -o size=1500k tmpfs "$tmp/small" 2>/dev/null; then
  t_at_exit umount "$tmp/small"
  QUIRE_LIBRARY=$tmp/small rehearse_library
  export QUIRE_LIBRARY=$tmp/small
  t_run 1 timeout 60 "$QUIRE" run "${glossary[@]}" # refused at once: the limit for free room is far above
  t_has "$out" "free_mb"
  sed -i 's/return {/return { limits = { free_mb = 0 },/' "$QUIRE_LIBRARY/quire.lua"
  timeout 90 "$QUIRE" run "${book[@]}" --key it --set chapters=4 >"$tmp/full.out" 2>&1 &
  no_room() { [[ $(df --output=avail "$tmp/small" | tail -n 1) -le 0 ]]; }
  t_wait 20 no_room
  mount -o remount,size=50m "$tmp/small"
  wait $!
  t_is $? 0
  t_is "$(sql "SELECT status FROM runs") $(sql "PRAGMA integrity_check")" "completed ok"
  t_is "$(sql "SELECT count(*) FROM (SELECT scope, hash, n FROM calls WHERE state = 'answered' GROUP BY 1, 2, 3 HAVING count(*) > 1)")" 0
else
  t_skip "mounting a small file system is not allowed here"
fi

t_case "a host that is killed while the disk is full is back at once, and without any room as soon as there is some"
mkdir "$tmp/full"
if mount -t tmpfs -o size=8m tmpfs "$tmp/full" 2>/dev/null; then
  t_at_exit umount "$tmp/full"
  export QUIRE_LIBRARY=$tmp/full/library
  mkdir "$QUIRE_LIBRARY"
  t_start "$tmp/serve.out" env -u QUIRE_UNGUARDED "$QUIRE" serve
  guardian=$pid
  t_at_exit kill $guardian
  ready() { [[ $(grep -c "API listens" "$tmp/serve.out") -ge $1 ]]; }
  owner_pid() { sed -n 's/.*"pid" *: *\([0-9]*\).*/\1/p' "$QUIRE_LIBRARY/owner.json"; }
  fill() { dd if=/dev/zero of="$tmp/full/fill$1" bs=4k 2>/dev/null; }
  t_wait 20 ready 1
  fill 1
  kill -9 "$(owner_pid)"
  t_wait 20 ready 2
  rm "$QUIRE_LIBRARY/owner.json.new" # the room that a life keeps for the next one
  fill 2
  kill -9 "$(owner_pid)"
  t_wait 20 grep -q "cannot start.*owner.json.*No space left" "$tmp/serve.out"
  t_ok kill -0 $guardian
  rm "$tmp/full/fill1" "$tmp/full/fill2"
  t_wait 20 ready 3
  kill $guardian
  wait $guardian
else
  t_skip "mounting a small file system is not allowed here"
fi

# Ctrl-C when so many requests were made.
interrupted() {
  local when=$1 pid
  fresh interrupted
  rehearse_control '{"latency": 30}'
  t_start "$tmp/interrupted.out" env QUIRE_UNGUARDED=1 bash -c 'trap - INT; exec "$@"' - "$QUIRE" run generate_book "${book[@]:2}" --key it
  asked() { [[ $(ledger_total) -ge $when ]]; }
  t_wait 10 asked
  kill -INT $pid
  wait $pid
  status=$?
  out=$(cat "$tmp/interrupted.out")
}
t_case "Ctrl-C at several moments says how to go on, and going on pays for nothing twice"
set -m
for when in 1 3 9 15; do
  interrupted $when
  t_is "$status" 130
  t_has "$out" "quire resume 1"
  t_is "$(sql "SELECT status FROM runs")" queued
  rehearse_control '{"latency": 0}'
  t_run 0 "$QUIRE" resume 1 --quiet
  t_is "$(ledger_repeats)" "0 0"
done
t_case "Ctrl-C twice stops now, and the run goes on later"
interrupted 3
fresh twice
rehearse_control '{"latency": 3000}'
t_start "$tmp/interrupted.out" env QUIRE_UNGUARDED=1 "$QUIRE" run generate_book "${book[@]:2}" --key it
asked() { [[ $(ledger_total) -ge 1 ]]; }
t_wait 10 asked
kill -INT $pid
t_wait 5 grep -q "Stopping" "$tmp/interrupted.out" || true
kill -INT $pid
wait $pid
t_is $? 130
rehearse_control '{"latency": 0}'
t_run 0 "$QUIRE" run "${book[@]}" --key it
set +m

t_case "an answer whose letters arrive in halves is whole, and one with raw bytes is stored as text"
fresh letters
rehearse_control '{"latency": 0, "faults": ["splitutf8"]}'
t_run 0 "$QUIRE" run glossary --quiet --set text="灯台守の時計は海の底で潮を数える。灯台守は毎晩それを聞く。"
t_is "$(sql "SELECT count(*) FROM calls WHERE instr(answer, char(65533)) > 0")" 0
rehearse_control '{"faults": []}'
t_done
