#!/usr/bin/env bash
# The kernel ends the host because memory ran out: its guardian starts another, all runs go on, and none of them is blamed for one such death.
. "$(dirname "$0")/../../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

# A control group of our own with little memory, under version 1 or 2; none: nothing can be tested.
group=''
for base in /sys/fs/cgroup/memory /sys/fs/cgroup; do
  [[ -e $base/memory.limit_in_bytes || -e $base/cgroup.controllers ]] || continue
  group=$base/quire-test-$$
  mkdir "$group" 2>/dev/null && [[ -w $group/memory.limit_in_bytes || -w $group/memory.max ]] && break
  rmdir "$group" 2>/dev/null
  group=''
done
limit=memory.max
[[ -e $group/memory.limit_in_bytes ]] && limit=memory.limit_in_bytes
[[ $group && $(uname -s) == Linux && ${QUIRE_FLAVOUR:-release} == release ]] ||
  { t_case "out of memory"; t_skip "no control group can be made here"; t_done; }
t_at_exit rmdir "$group"
rehearse_start --latency 30 --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "20 undisturbed runs"
reference 20

t_case "out of memory: the host is ended by the kernel, the next one goes on with all runs"
steps_library
serve_start
old=$(host_pid)
echo 3M >"$group/$limit"
[[ -e $group/memory.swap.max ]] && echo 0 >"$group/memory.swap.max"
echo "$old" >"$group/cgroup.procs"
(submit 1 20) >"$tmp/said" 2>&1 # the host may die in the middle
replaced() { [[ $(host_pid) != "$old" ]] && serve_ready; }
t_wait 30 replaced
submit 1 20
wait_ended 60
t_is "$(sql "SELECT count(*), min(status), max(status), max(deaths) <= 1 FROM runs")" "20|completed|completed|1"
t_has "$(cat "$tmp/serve.log")" "signal 9"
sound 20
serve_stop
t_done
