#!/usr/bin/env bash
# compare.sh - two builds in turns: for each row the median of both, their ratio, and what it is to be.
#
#   make compare OTHER=/path/to/older/quire                all rows, about an hour
#   OTHER=... tests/bench/compare.sh start call            only these
#   ROUNDS=9 ...                                           more turns than five
#
# The model is the newer build's `quire rehearse` for both. The builds take turns, O N O N, so that what else the machine does hits both alike;
# what is counted (instructions, system calls, fsyncs) needs one turn. A row whose tool is missing is left out with a sentence.
. "$(dirname "$0")/lib.sh"
: "${ROUNDS:=5}" "${FINISHED:=200000}" "${AUDITED:=3000}" "${CHAPTERS:=20}"
[[ ${OTHER-} && -x $OTHER ]] || { echo "make compare OTHER=/path/to/older/quire: there is no program '${OTHER-}'"; exit 2; }
NEWER=$QUIRE MODEL=$QUIRE
on_disk=$QUIRE_LIBRARY misses=0

# name | what | target (newer over older; >= where more is better) | turns (0: ROUNDS) | tools
rows='gap       | last byte of an answer to the next request, ms                  | <= 0.50 | 0 |
gap_memory | the same, library in memory, ms                                | <= 0.65 | 0 |
fsyncs    | fsyncs a call of a lone run                                     | <= 0.58 | 1 | strace
many      | CPU of 4,000 streamed calls of 20 chunks, s                     | <= 0.50 | 0 |
event     | instructions of the loop thread, one event                      | <= 0.43 | 1 | valgrind
call      | instructions of the loop thread, a call of 22 events            | <= 0.43 | 1 | valgrind
start     | CPU of starting a run, ms                                       | <= 0.12 | 0 |
memory    | memory of a further run in flight, KB                           | <= 0.45 | 0 |
rest      | memory of the host at rest, KB                                  | <= 0.70 | 0 |
steps     | durable steps a second, 100 runs                                | >= 1.25 | 0 |
resume    | CPU of resuming a run of 40,000 entries, s                      | <= 0.50 | 3 |
resume_kb | memory of the host after that, KB                               | <= 0.36 | 3 |
kill      | kill -9 to all of 1,000 runs sending, ms                        | <= 0.70 | 0 |
cold      | cold start to the first request, ms                             | <= 0.60 | 0 |
overview  | CPU of an overview, many finished runs, ms                      | <= 0.10 | 1 |
metrics   | CPU of a scrape of the metrics, the same, ms                    | <= 0.10 | 1 |
audit     | memory of doctor --audit, KB                                    | <= 0.70 | 1 |
book      | CPU of a call of a rehearsed book, ms                           | <= 0.60 | 3 |'

# ---- what is measured here only

calls_pipeline() { # CALLS: each streams
  echo "return { title = 'Calls', run = function() for i = 1, $1 do llm.ask { role = 'writer', prompt = ('A line of the story. '):rep(100) .. i, max_words = 60, key = 'n' .. i } end end }"
}

measure_gap() {
  setup --latency 20 --chunks 2 < <(calls_pipeline 100)
  serve
  runs 1
  wait_all 60
  measured=$(curl -sf "http://$address/ledger?since=0" | grep -oE '"(at_)?ms": *[0-9]+' | awk '
    /at_ms/ { sub(".*: *", ""); at[++n] = $0; next } { sub(".*: *", ""); ms[n] = $0 }
    END { for (i = 1; i < n; i++) sum += at[i + 1] - at[i] - ms[i]; printf "%.2f", sum / (n - 1) }')
}

measure_gap_memory() {
  QUIRE_LIBRARY=$(mktemp -d /dev/shm/quire-compare.XXXXXX)
  measure_gap
  stop "$host"
  host=''
  rm -rf "$QUIRE_LIBRARY"
  QUIRE_LIBRARY=$on_disk
}

measure_fsyncs() {
  setup --latency 20 --chunks 2 < <(calls_pipeline 50)
  serve
  strace -f -c -e trace=fsync,fdatasync -o "$work/strace" -p "$host_pid" 2>/dev/null &
  local tracer=$!
  sleep 1
  runs 1
  wait_all 120
  kill -INT "$tracer"
  wait "$tracer" 2>/dev/null
  measured=$(awk '$NF ~ /^f(data)?sync$/ { n += $4 } END { printf "%.2f", n / 50 }' "$work/strace")
}

# Instructions of the loop thread for 5 runs of so many calls, each of so many events that come one by one.
loop_instructions() { # CALLS CHUNKS
  setup --latency 3000 --chunks "$2" < <(calls_pipeline "$1")
  valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$work/callgrind.%p" "$QUIRE" serve >"$work/host.log" 2>&1 &
  host=$!
  wait_for 60 owned
  owner=$(owner_field address) token=$(owner_field token) host_pid=$(owner_field pid)
  runs 5
  wait_all 300
  stop "$host"
  host=''
  wait_for 60 ended
  awk '/^totals:/ { n = $2 } END { print n }' "$(grep -l 'attempt_bytes' "$work"/callgrind.*-* | head -n 1)"
  rm -f "$work"/callgrind.*
}
ended() { [[ ! -e $QUIRE_LIBRARY/owner.json ]]; }
measure_event() {
  local few many
  loop_instructions 2 20 >"$work/few" && loop_instructions 2 40 >"$work/many"
  few=$(<"$work/few") many=$(<"$work/many")
  measured=$(calc "($many - $few) / 10 / 20" %.0f)
}
measure_call() {
  loop_instructions 2 20 >"$work/few" && loop_instructions 6 20 >"$work/many"
  measured=$(calc "($(<"$work/many") - $(<"$work/few")) / 5 / 4" %.0f)
}

measure_start() {
  setup --fault hang < <(calls_pipeline 1)
  serve
  runs 20
  wait_for 20 asked 20
  local before
  before=$(cpu_s "$host_pid")
  runs 500
  wait_for 60 asked 520
  measured=$(calc "($(cpu_s "$host_pid") - $before) * 1000 / 500" %.2f)
}

measure_rest() {
  setup < <(calls_pipeline 1)
  serve
  sleep 2
  measured=$(memory_kb "$host_pid" RssAnon)
}

resume_it() {
  setup --fault hang <<'LUA'
local page = string.rep("x", 1022)
return { title = "Long", limits = { memory_mb = 256 }, run = function()
  local parts = {}
  for i = 1, 50 do parts[i] = i end
  task.map(parts, function(part)
    for i = 1, 800 do step("page", { part, i }, function() return page end) end
    return part
  end, { limit = 50 })
  llm.ask { role = "judge", prompt = "Is it good?", max_words = 20 }
end }
LUA
  sed -i 's/^return {/return { limits = { written_mb = 1000000 },/' "$QUIRE_LIBRARY/quire.lua"
  serve
  runs 1
  wait_for 200 asked 1
  kill -9 "$host" "$host_pid" 2>/dev/null
  wait "$host" 2>/dev/null
  rm -f "$QUIRE_LIBRARY/owner.json"
  serve
  wait_for 60 asked 2
}
measure_resume() {
  resume_it
  measured=$(cpu_s "$host_pid")
}
measure_resume_kb() {
  resume_it
  sleep 1
  measured=$(memory_kb "$host_pid" RssAnon)
}

# One finished run, and as many rows like it as FINISHED says.
many_finished() {
  setup < <(calls_pipeline 1)
  serve
  runs 1
  wait_all 20
  stop "$host"
  sqlite3 "$QUIRE_LIBRARY/quire.db" "CREATE TEMP TABLE one AS SELECT * FROM runs WHERE id = 1; UPDATE one SET key = NULL;
    CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $FINISHED) SELECT i FROM n;" \
    "BEGIN" "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT 'INSERT INTO runs SELECT ' || group_concat(CASE name WHEN 'id' THEN 'i' ELSE name END, ', ') || ' FROM one, n' FROM pragma_table_info('runs')")" "COMMIT" ||
    die "the rows could not be copied"
  serve
}
cpu_of_reads() { # PATH: CPU milliseconds of one of 40
  local before
  seq 40 | sed "s|.*|url = \"http://$owner$1\"\noutput = /dev/null|" >"$work/urls"
  curl -sSf -H "Authorization: Bearer $token" -K "$work/urls" || die "$1 was refused"
  before=$(cpu_s "$host_pid")
  curl -sSf -H "Authorization: Bearer $token" -K "$work/urls"
  measured=$(calc "($(cpu_s "$host_pid") - $before) * 1000 / 40" %.2f)
}
measure_overview() {
  many_finished
  cpu_of_reads /api/overview
}
measure_metrics() {
  many_finished
  cpu_of_reads /metrics
}

measure_audit() {
  setup < <(calls_pipeline 4)
  serve
  runs "$AUDITED"
  wait_all 600
  stop "$host"
  host=''
  "$QUIRE" doctor --audit >/dev/null 2>&1 &
  local auditor=$! now
  measured=0
  while now=$(memory_kb "$auditor" VmHWM 2>/dev/null) && [[ $now ]]; do measured=$now; sleep 0.05; done
  wait "$auditor"
}

measure_book() {
  setup </dev/null
  rm -f "$QUIRE_LIBRARY/quire.lua" # the embedded model
  local user system
  TIMEFORMAT='%U %S'
  { time "$QUIRE" run generate_book --quiet --set title="The Tide Clock" --set brief="A clockmaker mends the clock that keeps the tide." \
    --set chapters="$CHAPTERS" >/dev/null 2>"$work/host.log"; } 2>"$work/time"
  read -r user system <"$work/time"
  measured=$(calc "($user + $system) * 1000 / $(sql "SELECT count(*) FROM calls")" %.2f)
}

# ---- in turns

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

compare() { # NAME WHAT TARGET TURNS TOOL
  local turns=$4 i older newer ratio verdict=ok
  if [[ $5 ]] && ! command -v "$5" >/dev/null; then
    echo "| $2 | $3 | left out: it needs $5 (apt-get install $5) | | | |"
    return
  fi
  ((turns)) || turns=$ROUNDS
  : >"$work/older"
  : >"$work/newer"
  for ((i = 0; i < turns; i++)); do
    QUIRE=$OTHER
    "measure_$1" && echo "$measured" >>"$work/older"
    QUIRE=$NEWER
    "measure_$1" && echo "$measured" >>"$work/newer"
  done
  older=$(median <"$work/older") newer=$(median <"$work/newer")
  ratio=$(calc "$newer / ($older > 0 ? $older : 0.001)" %.2f)
  [[ $(awk "BEGIN { print ($ratio $3) ? 1 : 0 }") == 1 ]] || { verdict=MISS; misses=$((misses + 1)); }
  echo "| $2 | $3 | $older | $newer | $ratio | $verdict |"
}

for tool in sqlite3 curl; do command -v $tool >/dev/null || { echo "make compare needs $tool (apt-get install $tool)"; exit 1; }; done
echo "$(nproc) cores, load before: $(cut -d' ' -f1-3 /proc/loadavg); older: $OTHER"
echo "| what | ratio to reach | older | newer | ratio | |"
echo "|---|---|---|---|---|---|"
while IFS='|' read -r name what target turns tool; do
  name=${name// /} what=${what%"${what##*[! ]}"} target=${target# } target=${target% }
  [[ $# == 0 || " $* " == *" $name "* ]] && compare "$name" "${what# }" "$target" "${turns// /}" "${tool// /}" </dev/null
done <<<"$rows"
echo "$misses missed; load after: $(cut -d' ' -f1-3 /proc/loadavg)"
