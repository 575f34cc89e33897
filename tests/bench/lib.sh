# shellcheck shell=bash
# lib.sh - a model, a host and runs to measure. Source it:  . "$(dirname "$0")/lib.sh"
#
#   setup [OPTION OF REHEARSE]... <<'LUA'    a fresh library with the small pipeline, and a model for it
#   serve; runs N; wait_all SECONDS          a host in it, N runs, until all are completed
#
# $BUILD and $QUIRE say which build is measured; $MODEL (default: $QUIRE) which one plays the model.
set -u -o pipefail
: "${BUILD:=build}" "${QUIRE:=$BUILD/quire}"
work=$(mktemp -d "$BUILD/bench.XXXXXX")
work=$(cd "$work" && pwd)
export QUIRE_LIBRARY=$work/library
host='' model='' address='' owner='' token='' host_pid='' measured=0 first=0

calc() { awk "BEGIN { printf \"${2:-%.3f}\", $1 }"; }
sql() { sqlite3 -readonly "$QUIRE_LIBRARY/quire.db" ".timeout 5000" "$1"; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# ---- a model, a host, runs

stop() { # PID: ends it and waits for it
  [[ $1 ]] && kill "$1" 2>/dev/null && wait "$1" 2>/dev/null
}

clean_up() {
  stop "$host"
  stop "$model"
  rm -rf "$work"
}
trap clean_up EXIT

die() {
  echo "bench: $*" >&2
  cat "$work"/*.log >&2
  exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    ((SECONDS < end)) || die "never came true: $*"
    sleep 0.02
  done
}

listening() { address=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/model.log" | head -n 1) && [[ $address ]]; }
owner_field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" "$QUIRE_LIBRARY/owner.json"; }
owned() { [[ -s $QUIRE_LIBRARY/owner.json ]]; }

# setup [OPTION OF REHEARSE]...: a fresh library with a small pipeline from stdin, and a model for it
setup() {
  stop "$host"
  stop "$model"
  host='' model=''
  rm -rf "$QUIRE_LIBRARY"
  mkdir -p "$QUIRE_LIBRARY/pipelines"
  cat >"$QUIRE_LIBRARY/pipelines/small.lua"
  : >"$work/model.log"
  "${MODEL:-$QUIRE}" rehearse --listen 127.0.0.1:0 "$@" >"$work/model.log" 2>&1 &
  model=$!
  wait_for 5 listening
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return { providers = { stub = { adapter = "openai", base_url = "http://$address/v1" } }, roles = { default = "stub/novelist" } }
LUA
}

start_host() {
  "$QUIRE" serve >"$work/host.log" 2>&1 &
  host=$!
}
serve() {
  start_host
  wait_for 5 owned
  owner=$(owner_field address) token=$(owner_field token) host_pid=$(owner_field pid)
}

# runs N [JSON]: N runs of the small pipeline, over one connection
runs() {
  seq "$1" | sed "s|.*|url = \"http://$owner/api/runs\"\noutput = /dev/null|" >"$work/urls"
  curl -sSf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"pipeline":"small"}' -K "$work/urls" ||
    die "the host refused a run"
}

unfinished() { sql "SELECT count(*) FROM runs WHERE ended_at IS NULL"; }
all_ended() { [[ $(unfinished) == 0 ]]; }
wait_all() {
  wait_for "$1" all_ended
  [[ $(sql "SELECT count(*) FROM runs WHERE status <> 'completed'") == 0 ]] || die "a run failed: $(sql "SELECT error FROM run_texts WHERE error IS NOT NULL LIMIT 1")"
}

# Requests that the model has seen, and when those after the first SINCE came (wall clock, ms, sorted).
requests() { curl -sf "http://$address/ledger?since=999999999" | grep -o '"requests": *[0-9]*' | grep -o '[0-9]*'; }
request_times() { curl -sf "http://$address/ledger?since=$1" | grep -o '"at_ms": *[0-9]*' | grep -o '[0-9]*' | sort -n; }
asked() { [[ $(requests) -ge $1 ]]; }

commits() { curl -sf -H "Authorization: Bearer $token" "http://$owner/metrics" | awk '$1 == "quire_store_commits_total" { print $2 }'; }
cpu_s() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"; }
memory_kb() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }

# ---- what both bench.sh and compare.sh measure: each puts its figure into $measured

measure_many() { # CPU seconds of the host
  setup --latency 500 --chunks 20 <<'LUA'
return { title = "Twenty calls", run = function()
  for i = 1, 20 do llm.ask { role = "writer", prompt = "Line " .. i, max_words = 100, key = "n" .. i } end
end }
LUA
  serve
  local before
  before=$(cpu_s "$host_pid")
  runs 200
  wait_all 60
  measured=$(calc "$(cpu_s "$host_pid") - $before" %.2f)
}

# Steps a second between the first step of the last run and the end of the first run: when all of them are at it.
measure_steps() {
  setup <<'LUA'
local page = string.rep("x", 1022)
return { title = "Steps", run = function()
  run.sleep(1) -- until all are there
  for i = 1, 800 do step("page", i, function() return page end) end
end }
LUA
  serve
  runs 100
  wait_all 60
  local all="SELECT (SELECT max(first) FROM (SELECT min(at) first FROM journal WHERE kind = 'step' GROUP BY run_id)) a, min(ended_at) b FROM runs"
  measured=$(sql "SELECT cast(count(*) * 1000.0 / (b - a) AS INTEGER) FROM journal, ($all) WHERE kind = 'step' AND at >= a AND at < b")
}

measure_memory() { # KB for each further run
  setup --latency 200 --fault hang:role=judge <<'LUA'
return { title = "Five calls", run = function()
  local kept = {}
  for i = 1, 4 do kept[i] = llm.ask { role = "writer", prompt = "Part " .. i, max_words = 100, key = "n" .. i }.text end
  llm.ask { role = "judge", prompt = table.concat(kept, "\n"), max_words = 20, extra = { metadata = { quire_role = "judge" } } }
end }
LUA
  serve
  runs 1
  wait_for 10 asked 5
  local before after
  before=$(memory_kb "$host_pid" RssAnon)
  runs 2000
  wait_for 60 asked 10005
  sleep 1.5
  after=$(memory_kb "$host_pid" RssAnon)
  measured=$(calc "($after - $before) / 2000" %.1f)
}

measure_kill() { # milliseconds to all sending; $first: to the first one
  setup --fault hang:role=judge <<'LUA'
local page = string.rep("x", 600)
return { title = "Twenty entries", run = function()
  for i = 1, 17 do step("page", i, function() return page end) end
  for i = 1, 3 do llm.ask { role = "writer", prompt = "Part " .. i, max_words = 100, key = "n" .. i } end
  llm.ask { role = "judge", prompt = "Is it good?", max_words = 20, extra = { metadata = { quire_role = "judge" } } }
end }
LUA
  serve
  runs 1000
  wait_for 60 asked 4000
  sleep 0.5
  local killed
  killed=$(now_ms)
  kill -9 "$host_pid"
  [[ $host == "$host_pid" ]] && start_host # else its guardian starts it again
  wait_for 20 asked 5000
  request_times 4000 >"$work/times"
  first=$(($(head -n 1 "$work/times") - killed)) measured=$(($(sed -n 1000p "$work/times") - killed))
}

measure_cold() { # milliseconds, the best of nine; $first: in a fresh library
  setup <<'LUA'
return { title = "One call", run = function() llm.ask { role = "writer", prompt = "Hello", max_words = 20 } end }
LUA
  local i start took
  measured=100000
  for ((i = 0; i < 9; i++)); do
    start=$(now_ms)
    "$QUIRE" run small --quiet >/dev/null 2>"$work/host.log" || die "the run failed"
    took=$(($(request_times "$i" | head -n 1) - start))
    ((took < measured)) && measured=$took
    ((i == 0)) && first=$took
  done
}
