#!/usr/bin/env bash
# kill -9 at random moments over 50 runs: of the host, of its guardian, of both. Every run completes by itself, no answer is paid twice, and the
# outputs are those of an undisturbed host. KILLS (30) of the host, a fifth as many of the others; SEED repeats a storm.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

: "${KILLS:=10}" "${SEED:=$RANDOM}"
RANDOM=$SEED
runs=50
echo "# SEED=$SEED KILLS=$KILLS"
rehearse_start --latency 15 --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }

t_case "50 undisturbed runs"
reference $runs

# storm NAME KILLS COMMAND: kills until so many were made, with work at every moment; then lets all runs end.
storm() {
  local name=$1 most=$2 strike=$3 kills=0 batch=1 pause
  QUIRE_LIBRARY=$tmp/$name
  steps_library
  ledger_clear
  serve_start
  submit 1 $runs "b$batch"
  while ((kills < most)); do
    pause=$((RANDOM % 300 + 60))
    sleep "0.$(printf '%03d' $pause)"
    if all_ended; then
      batch=$((batch + 1))
      t_wait 15 serve_ready
      submit 1 $runs "b$batch"
    fi
    "$strike" && kills=$((kills + 1))
  done
  wait_ended 60
  sql "SELECT 'run ' || id || ', epoch ' || epoch || ', deaths ' || deaths || ': ' || error FROM runs JOIN run_texts ON run_id = id WHERE status = 'failed'" | head -n 3 | cut -c 1-600 | sed 's/^/# /'
  t_is "$(sql "SELECT count(*), min(status), max(status) FROM runs")" "$((batch * runs))|completed|completed"
  echo "# $kills kills, $batch times $runs runs, up to $(sql "SELECT max(epoch) FROM runs") lives of a run, $(ledger_total) requests for $((batch * runs * 20)) answers"
  sound $runs
  t_is "$(sql "SELECT count(*) FROM calls WHERE state = 'answered'")" $((batch * runs * 20))
  serve_stop
  t_is "$status" 0
}

kill_host() { host_kill; }
kill_guardian() {
  local old
  old=$(host_pid)
  kill -9 "$guardian" 2>/dev/null
  wait "$guardian" 2>/dev/null
  t_wait 5 gone "$old"
  serve_start
}
kill_both() {
  local old
  old=$(host_pid)
  kill -9 "$guardian" "$old" 2>/dev/null
  wait "$guardian" 2>/dev/null
  serve_start
}
gone() { ! kill -0 "$1" 2>/dev/null; }

t_case "the host is killed $KILLS times"
storm host "$KILLS" kill_host
t_case "the guardian is killed $((KILLS / 5)) times, and the host dies with it"
storm guardian $((KILLS / 5)) kill_guardian
t_case "both are killed $((KILLS / 5)) times"
storm both $((KILLS / 5)) kill_both
t_done
