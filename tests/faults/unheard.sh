#!/usr/bin/env bash
# The database commits and then reports that it failed, at every kind of write: what is durable counts, whoever was told otherwise goes on from it, and
# nothing is done or paid twice. Also: a client that never hears the answer to its request says it again by its key.
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
t_done
