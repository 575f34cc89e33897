#!/usr/bin/env bash
# The wall clock jumps an hour either way under a host that works, and the machine sleeps for an hour: no run is stale, no timer is lost, and nobody
# is asked twice.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

[[ ${QUIRE_FLAVOUR:-release} == release ]] || { t_case "a clock that jumps"; t_skip "the preloaded library and the sanitizer's do not go together"; t_done; }
rehearse_start --latency 50 --chunks 1 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
clock=$tmp/clock
jump() { echo "$1" >"$clock.new" && mv "$clock.new" "$clock"; }
asked() { [[ $(ledger_total) -ge $1 ]]; }
serve_here() { serve_start LD_PRELOAD="$(helper preload_clock.so)" CLOCK_FILE="$clock"; }

t_case "ten undisturbed runs"
reference 10

for seconds in 3600 -3600; do
  t_case "the clock jumps by $seconds s under ten runs: nothing is stale, nothing is paid twice, all complete"
  jump 0
  steps_library 20 'watcher = { every_s = 0.3, stale_s = 900, never_s = 1800 }'
  serve_here
  submit 1 10
  t_wait 10 asked 40
  jump "$seconds"
  api POST /api/sweep '{}' >"$tmp/said"
  wait_ended 30
  t_is "$(sql "SELECT count(*), max(epoch), max(deaths) FROM runs WHERE status = 'completed'")" "10|1|0"
  t_is "$(ledger_repeats)" "0 0"
  t_is "$(sql "SELECT count(*) FROM calls WHERE total_ms > 60000 OR total_ms < 0")" 0
  sound 10
  serve_stop
done

t_case "the machine sleeps for an hour: what was stopped meanwhile goes on as if nothing had been"
jump 0
steps_library 20 'watcher = { every_s = 0.3, stale_s = 900, never_s = 1800 }'
serve_here
submit 1 10
t_wait 10 asked 40
host=$(host_pid)
kill -STOP "$guardian" "$host"
jump 3600
kill -CONT "$host" "$guardian"
wait_ended 30
t_is "$(sql "SELECT count(*), max(epoch), max(deaths) FROM runs WHERE status = 'completed'")" "10|1|0"
t_is "$(ledger_repeats)" "0 0"
sound 10

cat >"$QUIRE_LIBRARY/pipelines/ask_late.lua" <<'LUA'
return { title = "Asks", run = function()
  return gate.ask { title = "Go on?", show = "", choices = { "yes", "no" }, timeout = 1800, on_timeout = "no" }.choice
end }
LUA
t_case "a question that expired while the machine slept is answered when it wakes"
api POST /api/runs '{"pipeline": "ask_late", "key": "late", "input": {}}' >"$tmp/said"
is_open() { [[ $(sql "SELECT count(*) FROM gates WHERE status = 'open'") == 1 ]]; }
t_wait 10 is_open
jump 7200
wait_ended 60 # at the host's next look
t_is "$(sql "SELECT status, decision, decided_by FROM gates")" "expired|no|timeout"
t_is "$(audit)" ""
serve_stop
t_done
