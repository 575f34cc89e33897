#!/usr/bin/env bash
# Short runs without end and a kill now and then: memory, descriptors and the WAL stay flat. SOAK_MINUTES (3).
. "$(dirname "$0")/../../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"

: "${SOAK_MINUTES:=3}"
rehearse_start --latency 5 --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
steps_library 5
serve_start
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(host_pid)/status"; }
fds() { find "/proc/$(host_pid)/fd" -mindepth 1 | wc -l; }

t_case "$SOAK_MINUTES minutes of short runs with kills"
end=$((SECONDS + SOAK_MINUTES * 60)) batch=0 kills=0 most_rss=0 most_fds=0 most_wal=0 first=''
while ((SECONDS < end)); do
  batch=$((batch + 1))
  t_wait 60 serve_ready # after a kill
  submit 1 50 "s$batch"
  if ((batch % 20 == 10)); then host_kill && kills=$((kills + 1)); fi
  wait_ended 60
  ledger_clear
  ((batch % 20 == 9)) || continue # the same age of a host each time
  now=$(rss) open=$(fds) wal=$(stat -c %s "$QUIRE_LIBRARY/quire.db-wal")
  : "${first:=$now}"
  ((now > most_rss)) && most_rss=$now
  ((open > most_fds)) && most_fds=$open
  ((wal > most_wal)) && most_wal=$wal
done
echo "# $((batch * 50)) runs, $kills kills; memory $first to $most_rss KB, descriptors up to $most_fds, WAL up to $most_wal bytes"
t_is "$(sql "SELECT count(*), min(status), max(status) FROM runs")" "$((batch * 50))|completed|completed"
t_ok test "$most_rss" -le $((first + first / 2 + 8192))
t_ok test "$most_fds" -le 200
t_ok test "$most_wal" -le 80000000
t_is "$(audit)" ""
serve_stop
t_is "$status" 0
t_done
