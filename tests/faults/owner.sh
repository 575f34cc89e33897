#!/usr/bin/env bash
# Many `quire run` on one library: one owner at a time, everybody's book is written, nobody else's run is touched.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

export QUIRE_UNGUARDED=1 # a host that is killed here stays dead
rehearse_start --chunks 3 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

book=(generate_book --quiet --set brief="A clockmaker in a drowned town mends the clock that keeps the tide." --set chapters=1 --set words_per_chapter=400)
glossary=(glossary --quiet --set text="The escapement drives the balance wheel; the mainspring stores what the fusee evens out.")

pids=()
start() { # NAME COMMAND...: in the background; its output in $tmp/NAME.out
  local name=$1
  shift
  "$@" >"$tmp/$name.out" 2>&1 &
  pids+=($!)
}
all_done() {
  statuses=''
  local pid code
  for pid in "${pids[@]}"; do
    wait "$pid"
    code=$?
    [[ " $statuses " == *" $code "* ]] || statuses="$statuses $code"
  done
  statuses=${statuses# }
  pids=()
}
owner_pid() { sed -n 's/.*"pid" *: *\([0-9]*\).*/\1/p' "$QUIRE_LIBRARY/owner.json"; }
owner_port() { sed -n 's/.*"address" *: *"[^"]*:\([0-9]*\)".*/\1/p' "$QUIRE_LIBRARY/owner.json"; }
has_owner() { [[ -s $QUIRE_LIBRARY/owner.json ]] && kill -0 "$(owner_pid)"; }
in_flight() { (($(ledger_number open))); }

t_case "20 runs at once on a new library: 20 books, each written once"
fresh twenty
rehearse_control '{"latency": 20}'
for i in {1..20}; do start "book$i" "$QUIRE" run "${book[@]}" --set title="Book $i"; done
all_done
[[ $statuses == 0 ]] && t_ok || t_fail "exit codes: $statuses"$'\n'"$(grep -h quire: "$tmp"/book*.out | sort | uniq -c)"
t_is "$(sql "SELECT count(*), count(DISTINCT project), min(status), max(status), min(epoch), max(epoch) FROM v_runs")" "20|20|completed|completed|1|1"
t_is "$(find "$QUIRE_LIBRARY/exports" -name book.epub | wc -l)" 20
t_is "$(ledger_repeats)" "0 0"
for i in {1..20}; do [[ $(cat "$tmp/book$i.out") == *"Title: Book $i"$'\n'* ]] || t_fail "client $i was told of another book: $(cat "$tmp/book$i.out")"; done

t_case "runs of others that are unfinished are named and left alone"
fresh others
rehearse_control '{"latency": 0}'
t_run 0 "$QUIRE" run "${book[@]}" --set title="Waits" --until blueprint
quire_crash after_send@4 "$QUIRE" run "${book[@]}" --set title="Interrupted"
before=$(sql "SELECT id, status, epoch FROM runs WHERE id < 3")
t_run 0 "$QUIRE" run glossary --set text="The escapement drives the balance wheel."
t_has "$out" "unfinished"
t_has "$out" "quire resume"
for i in {1..5}; do start "g$i" "$QUIRE" run "${glossary[@]}"; done
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT id, status, epoch FROM runs WHERE id < 3")" "$before"
t_run 0 "$QUIRE" resume 2 --quiet

t_case "10 processes with one key are one run"
fresh key
rehearse_control '{"latency": 20}'
for i in {1..10}; do start "key$i" "$QUIRE" run "${book[@]}" --set title="One Book" --key one; done
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT count(*), min(status) FROM runs")" "1|completed"
t_is "$(ledger_repeats)" "0 0"
for i in {1..10}; do grep -q "Title: One Book" "$tmp/key$i.out" || t_fail "client $i does not know the result: $(cat "$tmp/key$i.out")"; done

t_case "more clients at once than the owner has threads: each waits for its turn, none is turned away"
fresh crowd
rehearse_control '{"latency": 3000}'
start owner "$QUIRE" run "${book[@]}" --set title="One Book" --key one
t_wait 5 has_owner
t_wait 5 in_flight
mkfifo "$tmp/holder"
sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
for i in {1..40}; do start "crowd$i" "$QUIRE" run "${glossary[@]}"; done
all_threads_wait() { # 01: established
  local port
  port=$(printf %04X "$(owner_port)")
  [[ $(grep -c ":$port [0-9A-F:]* 01 " /proc/net/tcp) -ge 17 ]]
}
t_wait 20 all_threads_wait
echo "COMMIT;" >&7
exec 7>&-
rehearse_control '{"latency": 0}'
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT count(*), min(status), max(status) FROM runs")" "41|completed|completed"

t_case "a stopped owner still owns, and says how to go on"
fresh stopped
rehearse_control '{"latency": 150}'
start stopped "$QUIRE" run "${book[@]}" --set title="Stopped"
t_wait 5 has_owner
t_wait 5 in_flight
owner=$(owner_pid)
kill -STOP "$owner"
t_run 11 timeout 20 "$QUIRE" run "${glossary[@]}"
t_has "$out" "$owner"
t_has "$out" "take-over"
t_run 11 timeout 20 "$QUIRE" run "${glossary[@]}" --json
t_has "$out" '"code"'
t_run 0 "$QUIRE" runs
kill -CONT "$owner"
rehearse_control '{"latency": 0}'
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT status, epoch FROM runs")" "completed|1"

t_case "--take-over ends a stopped owner, and its run can be resumed"
fresh taken
rehearse_control '{"latency": 150}'
start taken "$QUIRE" run "${book[@]}" --set title="Taken"
t_wait 5 has_owner
t_wait 5 in_flight
kill -STOP "$(owner_pid)"
rehearse_control '{"latency": 0}'
t_run 0 timeout 20 "$QUIRE" run "${glossary[@]}" --take-over
all_done
t_is "$statuses" 137
t_is "$(sql "SELECT id, status FROM runs ORDER BY id")" $'1|running\n2|completed'
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(sql "SELECT status, epoch FROM runs WHERE id = 1")" "completed|2"
read -r repeated most <<<"$(ledger_repeats)"
t_ok test "$repeated" -le 8 -a "$most" -le 2

t_case "a library whose lock file was removed has one host all the same"
fresh removed
rehearse_control '{"latency": 150}'
start owner "$QUIRE" run "${book[@]}" --set title="Owner"
t_wait 5 has_owner
t_wait 5 in_flight
owner=$(owner_pid)
rm "$QUIRE_LIBRARY/lock"
t_run 11 timeout 20 "$QUIRE" serve
t_has "$out" "process $owner"
t_run 0 timeout 60 "$QUIRE" run "${glossary[@]}"
t_is "$(owner_pid)" "$owner"
rehearse_control '{"latency": 0}'
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT status, epoch FROM runs")" $'completed|1\ncompleted|1'

t_case "a client whose owner is killed takes its run up"
fresh orphan
rehearse_control '{"latency": 100}'
start owner "$QUIRE" run "${book[@]}" --set title="Owner"
t_wait 5 has_owner
start client1 "$QUIRE" run generate_book "${book[@]:2}" --set title="Client 1"
start client2 "$QUIRE" run generate_book "${book[@]:2}" --set title="Client 2"
three() { [[ $(sql "SELECT count(*) FROM runs WHERE status = 'running'") == 3 ]]; }
t_wait 5 three
t_wait 5 in_flight
kill -9 "$(owner_pid)"
rehearse_control '{"latency": 5}'
all_done
t_is "$statuses" "137 0"
t_is "$(sql "SELECT p.title, r.status FROM runs r JOIN projects p ON p.id = r.project_id ORDER BY p.title")" $'Client 1|completed\nClient 2|completed\nOwner|running'
t_ok test "$(sql "SELECT max(epoch) FROM runs")" -le 3
t_run 0 "$QUIRE" resume "$(sql "SELECT r.id FROM runs r JOIN projects p ON p.id = r.project_id WHERE p.title = 'Owner'")" --quiet
read -r repeated most <<<"$(ledger_repeats)"
t_ok test "$most" -le 2

t_case "a killed run is resumed by \`quire resume\`, also with a change; a running one is not"
fresh killed
quire_crash after_send@3 "$QUIRE" run "${book[@]}" --set title="Killed"
t_run 0 "$QUIRE" runs
t_has "$out" interrupted
t_run 0 "$QUIRE" resume 1 --until blueprint --quiet
t_is "$(sql "SELECT status, wait_kind FROM runs")" "waiting|until"
rehearse_control '{"latency": 100}'
start running "$QUIRE" resume 1 --quiet
t_wait 5 has_owner
t_wait 5 in_flight
t_run 1 "$QUIRE" resume 1
t_has "$out" "is running"
rehearse_control '{"latency": 0}'
all_done
t_is "$statuses" 0

t_case "--detach needs a living owner, and then returns at once"
fresh detached
t_run 2 "$QUIRE" run "${glossary[@]}" --detach
t_ok test ! -e "$QUIRE_LIBRARY/quire.db" -o "$(sql "SELECT count(*) FROM runs" 2>/dev/null)" = 0
rehearse_control '{"latency": 200}'
start owner "$QUIRE" run "${book[@]}" --set title="Owner"
t_wait 5 has_owner
t_wait 5 in_flight
t_run 0 "$QUIRE" run "${glossary[@]}" --detach
t_is "$out" 2
rehearse_control '{"latency": 0}'
all_done
t_is "$statuses" 0
t_is "$(sql "SELECT DISTINCT status FROM runs")" completed
t_done
