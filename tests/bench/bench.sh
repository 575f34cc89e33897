#!/usr/bin/env bash
# bench.sh - the targets of "Figures" in tests/README.md, measured: one row each with target, value, and ok or MISS.
#
#   make bench                        all rows, about two minutes
#   tests/bench/bench.sh steps many   only these (BUILD and QUIRE say which build; names: the functions bench_* below)
#
# The model is `quire rehearse` on this machine; the host is `quire serve` with a library in $BUILD, which must be on a real disk for
# the fsyncs to be real ones. Ratios are between things measured in one run. On a busy machine the best of several runs is the
# figure: a neighbour can only make it worse. The load is printed for that reason.
. "$(dirname "$0")/lib.sh"
misses=0

# ---- the table

# row WHAT TARGET VALUE OK: OK is an awk expression that says whether the target is met
row() {
  local verdict=ok
  [[ $(awk "BEGIN { print ($4) ? 1 : 0 }") == 1 ]] || { verdict=MISS; misses=$((misses + 1)); }
  printf '| %-62s | %-22s | %-46s | %-4s |\n' "$1" "$2" "$3" "$verdict"
}
heading() {
  printf '| %-62s | %-22s | %-46s | %-4s |\n' what target measured ''
  printf '|%s|%s|%s|%s|\n' ---------------------------------------------------------------- ------------------------ ------------------------------------------------ ------
}

# ---- the rows

bench_single() {
  setup --latency 100 <<'LUA'
return { title = "Fifty calls", run = function()
  for i = 1, 50 do llm.ask { role = "writer", prompt = "Line " .. i, max_words = 60, key = "n" .. i } end
end }
LUA
  serve
  local mine bare commits
  commits=$(commits)
  runs 1
  wait_all 30
  mine=$(sql "SELECT (ended_at - started_at) / 5000.0 FROM runs")
  seq 50 | sed "s|.*|url = \"http://$address/v1/chat/completions\"\noutput = /dev/null|" >"$work/urls"
  bare=$(curl -sSf -H 'Content-Type: application/json' -H 'Expect:' -w '%{time_total}\n' -K "$work/urls" -d '{"model":"novelist","stream":true,"max_tokens":90,"messages":[{"role":"user","content":"A line"}]}' |
    awk '{ sum += $1 } END { printf "%.4f", sum / 5 }')
  row "time of a run over its model latencies, 50 calls of 100 ms" "<= 1.015" "$(calc "$mine") (bare curl: $(calc "$bare"))" "$mine <= 1.015"
  row "the same, beyond a bare curl client beside it" "<= 0.010" "$(calc "$mine - $bare")" "$mine - $bare <= 0.01"
  commits=$(calc "($(commits) - $commits) / 50" %.2f)
  row "commits a call of that run" "<= 1.30" "$commits" "$commits <= 1.3"
}

bench_many() {
  local ratio worst memory
  measure_many
  memory=$(memory_kb "$host_pid" VmHWM)
  read -r ratio worst < <(sql "SELECT avg(ended_at - started_at) / 10000.0, max(ended_at - started_at) / 10000.0 FROM runs" | tr '|' ' ')
  row "the same, 200 runs at once, 20 calls of 500 ms each" "<= 1.03" "$(calc "$ratio") (slowest run: $(calc "$worst"))" "$ratio <= 1.03"
  row "CPU of the host for those 4,000 streamed calls of 20 chunks" "< 2.5 s" "$measured s" "$measured < 2.5"
  row "memory of the host at its peak, in all" "< 40 MB" "$(calc "$memory / 1024" %.1f) MB" "$memory < 40960"
}

bench_steps() {
  local raw raw_lines fsync store
  raw_lines=$("$BUILD/release/tests/bench/bench_store" "$work" 100 2) || die "bench_store failed"
  raw=$(sed -n 's/.*raw batches of 100: \([0-9]*\).*/\1/p' <<<"$raw_lines" | sort -n | tail -n 1)
  fsync=$(sed -n 's/fsync of one new page: \([0-9]*\).*/\1/p' <<<"$raw_lines")
  store=$(sed -n 's/.*: \([0-9]*\) durable.*ratio.*/\1/p' <<<"$raw_lines")
  measure_steps
  row "durable steps a second, 1 KB each, 100 runs, through Lua" ">= 25,000" "$measured (fsync of one page: $fsync us)" "$measured >= 25000"
  row "the same over raw batch-100 inserts beside it" ">= 0.60" "$(calc "$measured / $raw" %.2f) ($raw raw; the store alone: $store)" "$measured / $raw >= 0.6"
}

# One run floods the writer in a way of its own, another one makes small steps: alone, beside it, and alone again.
pace() { # KEY: milliseconds for a step
  "$QUIRE" run modest --key "$1" --quiet >/dev/null 2>&1 || die "the modest run failed"
  sql "SELECT (max(at) - min(at)) / 1999.0 FROM journal WHERE run_id = (SELECT id FROM runs WHERE key = '$1')"
}
flooding() { [[ $(sql "SELECT count(*) FROM runs WHERE pipeline = '$1' AND status = 'running'") == 1 ]]; }
cancelled() { [[ $(sql "SELECT count(*) FROM runs WHERE pipeline = '$1' AND status = 'cancelled'") == 1 ]]; }
bench_flood() {
  setup </dev/null
  mkdir -p "$QUIRE_LIBRARY/pipelines"
  local name before during after memory grown asked slow ratio worst=0 worst_name='' slowest=0 largest=0
  local -A floods=(
    [lines]='while true do log.info("a line") end'
    [documents]='local s = ("x"):rep(1000000); for i = 1, 1e6 do artifact.put("a.md", s .. i) end'
    [commits]='for i = 1, 1e6 do artifact.commit(function() for k = 1, 50 do artifact.put("a" .. k, "text " .. i) end end) end'
    [tasks]='for i = 1, 1e6 do local t = {}; for k = 1, 200 do t[k] = function() step("s", i * 1000 + k, function() return k end) end end; task.all(t) end'
    [gates]='for i = 1, 1e6 do local t = {}; for k = 1, 100 do t[k] = function() gate.ask { title = "g" .. i .. "/" .. k, choices = { "a" }, timeout = 0.1 } end end; task.all(t) end'
  )
  for name in "${!floods[@]}"; do
    echo "return { title = \"$name\", run = function() ${floods[$name]} end }" >"$QUIRE_LIBRARY/pipelines/$name.lua"
  done
  echo 'return { title = "Modest", run = function() for i = 1, 2000 do step("s", i, function() return i end) end end }' >"$QUIRE_LIBRARY/pipelines/modest.lua"
  sed -i 's/^return {/return { limits = { written_mb = 1000000, log_lines = 100000000, documents = 10000000 },/' "$QUIRE_LIBRARY/quire.lua"
  serve
  for name in "${!floods[@]}"; do
    before=$(pace "$name-1") memory=$(memory_kb "$host_pid" RssAnon)
    "$QUIRE" run "$name" --detach >/dev/null 2>&1
    wait_for 5 flooding "$name"
    during=$(pace "$name-2") grown=$(($(memory_kb "$host_pid" RssAnon) - memory)) asked=$(now_ms)
    "$QUIRE" cancel "$(sql "SELECT max(id) FROM runs WHERE pipeline = '$name'")" >/dev/null 2>&1
    wait_for 10 cancelled "$name"
    slow=$(($(now_ms) - asked))
    after=$(pace "$name-3")
    ratio=$(calc "2 * $during / ($before + $after)" %.2f)
    if [[ $(calc "($ratio > $worst)" %d) == 1 ]]; then worst=$ratio worst_name=$name; fi
    ((slow > slowest)) && slowest=$slow
    ((grown > largest)) && largest=$grown
  done
  row "a step beside a run that floods, over one alone, worst of five" "<= 2" "$worst ($worst_name)" "$worst <= 2"
  row "cancel of a flooding run, until it has ended" "<= 1 s" "$(calc "$slowest / 1000" %.2f) s" "$slowest <= 1000"
  row "memory of the host beside a flooding run, above before" "<= 32 MB" "$(calc "$largest / 1024" %.1f) MB" "$largest <= 32768"
}

bench_memory() {
  measure_memory
  row "memory of a run in flight, 2,000 runs at their fifth call" "<= 40 KB" "$measured KB" "$measured <= 40"
}

bench_kill() {
  measure_kill
  row "kill -9 to first new call, 1,000 unfinished runs of 20 entries" "<= 0.3 s" "$(calc "$first / 1000" %.2f) s" "$first <= 300"
  row "the same, to all 1,000 sending" "<= 1 s" "$(calc "$measured / 1000" %.2f) s" "$measured <= 1000"
}

bench_cold() {
  measure_cold
  row "cold start to first model request" "<= 30 ms" "$measured ms (in a fresh library: $first ms)" "$measured <= 30"
}

# A chapter's prompts are those sent between the log lines that begin it and its successor. Five chapters each, because they differ in
# their number of scenes.
chapter_tokens() {
  sql "WITH begun AS (SELECT at, CAST(substr(data, instr(data, 'Chapter ') + 8) AS INTEGER) n FROM events WHERE kind = 'log' AND data LIKE '%Chapter % of 60 begun%'),
    span AS (SELECT n, at, (SELECT min(at) FROM begun later WHERE later.n = begun.n + 1) until FROM begun)
    SELECT sum(input_tokens) / 5.0 FROM calls, span WHERE span.n BETWEEN $1 AND $2 AND created_at >= at AND created_at < coalesce(until, at + 1e12) AND role IN ('writer', 'extractor', 'judge')"
}
bench_book() {
  setup </dev/null
  "$QUIRE" run generate_book --quiet --set title="The Tide Clock" --set brief="A clockmaker in a drowned town mends the clock that keeps the tide." \
    --set chapters=60 --set words_per_chapter=1500 >/dev/null 2>"$work/host.log" || die "the book failed"
  local early late share
  early=$(chapter_tokens 18 22) late=$(chapter_tokens 55 59)
  share=$(sql "SELECT sum(stable * length(data)) * 1.0 / sum(length(data)) FROM call_blocks JOIN blobs ON blobs.id = blob_id JOIN calls ON calls.id = call_id WHERE role IN ('writer', 'extractor', 'judge')")
  row "prompt tokens a chapter, around 57 over around 20 (of 60)" "<= 1.15" "$(calc "$late / $early") ($(calc "$early" %.0f), $(calc "$late" %.0f))" "$late / $early <= 1.15"
  row "share of prompt tokens in the stable prefix" ">= 0.85" "$(calc "$share" %.2f)" "$share >= 0.85"
}

# 500 runs whose answers stream for two minutes, 100 streams that each watch one of them with its text, and one reader after another
# over a kept connection: what a person waits for a page of the UI.
streaming() { [[ $(sql "SELECT count(*) FROM calls WHERE state = 'sent'") -ge 500 ]]; }
watching() { [[ $(grep -c '^event: text' "$work/watched") -ge 100 ]]; }
bench_web() {
  setup --latency 120000 --chunks 1200 <<'LUA'
return { title = "A long answer", run = function()
  llm.ask { role = "writer", prompt = "A long story of the sea.", max_words = 1200 }
end }
LUA
  serve
  local watchers p95 worst
  seq 500 | sed "s|.*|url = \"http://$owner/api/runs\"\noutput = /dev/null|" >"$work/urls"
  curl -sSf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"pipeline":"small","project":"sea"}' -K "$work/urls" ||
    die "the host refused a run"
  wait_for 60 streaming
  seq 100 | sed "s|.*|url = \"http://$owner/api/events?run=&\&text=1\"|" >"$work/urls"
  curl -sN -Z --parallel-immediate --parallel-max 100 -H "Authorization: Bearer $token" -K "$work/urls" >"$work/watched" 2>/dev/null &
  watchers=$!
  wait_for 60 watching
  for path in overview runs 'runs?status=running' runs/7 runs/9/calls runs/11/events projects; do
    seq 60 | sed "s|.*|url = \"http://$owner/api/$path\"\noutput = /dev/null|"
  done >"$work/urls"
  curl -sSf -H "Authorization: Bearer $token" -w '%{time_total}\n' -K "$work/urls" | sort -n >"$work/times" || die "a read failed"
  p95=$(awk '{ t[NR] = $1 * 1000 } END { print t[int(NR * 0.95)] }' "$work/times") worst=$(tail -n 1 "$work/times")
  kill "$watchers"
  wait "$watchers" 2>/dev/null
  row "web: 95th percentile of a read, 500 runs stream, 100 watch" "<= 20 ms" "$(calc "$p95" %.1f) ms (longest $(calc "$worst * 1000" %.0f) ms)" "$p95 <= 20"
}

bench_binary() {
  strip -o "$work/stripped" "$QUIRE"
  local size
  size=$(stat -c %s "$work/stripped")
  row "binary, stripped" "<= 1.5 MB" "$(calc "$size / 1e6" %.2f) MB" "$size <= 1.5e6"
}

for tool in sqlite3 curl; do command -v $tool >/dev/null || { echo "make bench needs $tool (apt-get install $tool)"; exit 1; }; done
echo "$(nproc) cores, load before: $(cut -d' ' -f1-3 /proc/loadavg)"
heading
for name in ${*:-single many steps flood memory kill cold book web binary}; do "bench_$name"; done
echo "$misses missed; load after: $(cut -d' ' -f1-3 /proc/loadavg)"
