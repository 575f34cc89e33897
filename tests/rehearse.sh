# shellcheck shell=bash
# rehearse.sh - a provider to test against, and a library that uses it. Source it after lib.sh.
#
#   rehearse_start [OPTION]...      starts `quire rehearse` on a free port; $rehearse is its address
#   rehearse_library                makes $QUIRE_LIBRARY with quire.lua: provider "stub", default role stub/novelist, no retries' waits
#   rehearse_control JSON           changes latency and faults
#   ledger_total                    number of requests; ledger_number FIELD: another number of its head
#   ledger_repeats                  "N MOST": how many request keys were asked more than once, and how often the most frequent one
#   ledger_keys                     the request keys, each once, sorted
#   quire_crash PLACE@PASS COMMAND...   runs it and kills it with SIGKILL at the PASS-th pass of a failpoint; out and status as t_run
#   sql QUERY                       the answer's rows without the header, columns joined by "|"
#   calls_by_role [RUN]             "extractor 4 judge 2 ..." of a run's answered calls
#   fresh NAME                      an empty library $tmp/NAME that uses the provider, made the current one; the ledger is cleared

rehearse=''
rehearse_start() {
  local i pid
  t_start "$tmp/rehearse.out" "$QUIRE" rehearse --listen 127.0.0.1:0 "$@"
  t_at_exit kill "$pid"
  for ((i = 0; i < 300; i++)); do
    rehearse=$(grep -o '127\.0\.0\.1:[0-9]*' "$tmp/rehearse.out" | head -n 1); [[ $rehearse ]] && return 0
    t_sleep 0.02
  done
  cat "$tmp/rehearse.out"
  return 1
}

rehearse_library() {
  mkdir -p "$QUIRE_LIBRARY"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "openai", base_url = "http://$rehearse/v1", retries = ${1:-4}, first_byte_s = 5, idle_s = 5,
    options = { headers = { ["X-Quire-Call"] = "{{call}}" } } } },
  roles = { default = "stub/novelist" },
}
LUA
}

rehearse_control() { t_http "$rehearse" POST /control "$1" && [[ $t_code == 200 ]]; }
ledger() { curl -sf "http://$rehearse/ledger"; }
ledger_clear() { t_http "$rehearse" DELETE /ledger; }
# A number of the ledger's head: requests, keys, most_per_key, open, answered. (No entries: reading is slow.)
ledger_number() { t_http "$rehearse" GET "/ledger?since=999999999" && [[ $t_reply =~ \"$1\":\ *([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }
ledger_total() { ledger_number requests; }
# The count of the key that was asked most, and how many keys were asked more than once. The head tells when there is none.
ledger_repeats() {
  t_http "$rehearse" GET '/ledger?since=999999999'
  if [[ $t_reply =~ \"keys\":\ *([0-9]+),.*\"requests\":\ *([0-9]+) && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]]; then echo "0 0"; return; fi
  ledger | grep -o '"key": *"[0-9a-f]*"' | sort | uniq -c | awk '$1 > 1 { n++; if ($1 > most) most = $1 } END { print n + 0, most + 0 }'
}
ledger_keys() { ledger | grep -o '"key": *"[0-9a-f]*"' | sort -u; }

# All kill tests come through here.
quire_crash() {
  local place=$1
  shift
  t_run 137 env QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="${place%@*}:kill@${place#*@}" "$@"
}

sql() { t_sql "$QUIRE_LIBRARY/quire.db" "$1"; }
calls_by_role() { sql "SELECT role, count(*) FROM v_calls WHERE state = 'answered' ${1:+AND run = $1} GROUP BY role ORDER BY role" | tr '|\n' '  '; }
fresh() {
  export QUIRE_LIBRARY=$tmp/$1
  rm -rf "$QUIRE_LIBRARY"
  rehearse_library
  ledger_clear
}
