# shellcheck shell=bash
# faults.sh - what the tests in faults/ share. Source it after lib.sh and rehearse.sh.
#
#   helper NAME                     the path of a C program of tests/faults
#   audit                           every breach that the auditor finds in $QUIRE_LIBRARY, and "" when it is sound
#   steps_library [CALLS [LUA]]     an empty library with the provider and a pipeline "steps" of CALLS (20) calls; LUA: more fields of quire.lua
#   serve_start [VAR=VALUE]...      `quire serve` in the background; its log is $tmp/serve.log; waits until it is ready
#   serve_stop                      asks it to stop and waits; its exit code is in $status
#   host_pid; host_kill [SIGNAL]    the process that owns the library now; sends it a signal (9)
#   asks METHOD PATH [JSON [HEADER]...]   a request to the owner; the answer is in $t_reply, its status in $t_code
#   api METHOD PATH [JSON]          the same; prints the answer
#   submit FIRST LAST [BATCH]       starts runs of "steps" with the inputs FIRST..LAST and the keys BATCH-N
#   count STATUS                    how many runs have it
#   all_ended                       true when no run is unfinished
#   wait_ended SECONDS              waits for that
#   outputs                         "N hash of what the run made", one line for each input, sorted
#   reference LAST                  writes $tmp/reference.out with the outputs of an undisturbed host
#   ledger_judged                   "" when P2 holds for every key of the library, by the provider's own list, else what is wrong
#   ledger_booked                   "" when what the provider bills is in the library's calls, at its prices, else what is not
#   published PROJECT               "" when the book, exported now to $tmp/published/book.md, has nothing of what models said beside the story, by the
#                                   provider's own list, else what it has
#   metric NAME                     a number of /metrics

helper() { echo "${FAULT_HELPERS:-${BUILD:-$root/build}/${QUIRE_FLAVOUR:-release}/tests/faults}/$1"; }

audit() { "$(helper audit_library)" "${1:-$QUIRE_LIBRARY}" 2>&1; }

steps_library() {
  ledger_clear
  rm -rf "$QUIRE_LIBRARY"
  mkdir -p "$QUIRE_LIBRARY/pipelines"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "openai", base_url = "http://$rehearse/v1", retries = 4, first_byte_s = 5, idle_s = 5,
    options = { headers = { ["X-Quire-Call"] = "{{call}}" } } } },
  roles = { default = "stub/novelist" },
  ${2:-}
}
LUA
  cat >"$QUIRE_LIBRARY/pipelines/steps.lua" <<LUA
return {
  title = "Calls, one after the other",
  input = { { name = "n", type = "integer", required = true, help = "tells runs apart" } },
  run = function(input)
    run.phase("Steps")
    local parts = {}
    for i = 1, ${1:-20} do
      parts[i] = llm.ask { role = "writer", prompt = string.format("Run %d, step %d: one sentence about the sea.", input.n, i),
        max_words = 20 }.text
      run.progress(i, ${1:-20})
    end
    artifact.put("all.md", table.concat(parts, "\n"))
    return { n = input.n, parts = #parts }
  end,
}
LUA
}

serve_pids=()
serve_start() {
  rm -f "$QUIRE_LIBRARY/owner.json"
  env "$@" "$QUIRE" serve >>"$tmp/serve.log" 2>&1 &
  guardian=$!
  serve_pids+=("$guardian")
  [[ ${serve_caught-} ]] || t_at_exit serve_end
  serve_caught=1
  t_wait "${serve_patience:-15}" serve_ready || { tail -n 5 "$tmp/serve.log" | sed 's/^/# /'; return 1; }
}
serve_end() { kill -9 "${serve_pids[@]}" "$(host_pid)"; }
serve_stop() {
  kill -TERM "$guardian"
  wait "$guardian"
  status=$?
}
owner_read() { # -> $owner_text: what owner.json says
  owner_text=''
  [[ -r $QUIRE_LIBRARY/owner.json ]] && IFS= read -r -d '' owner_text <"$QUIRE_LIBRARY/owner.json"
  [[ $owner_text ]]
}
owner_get() { [[ $owner_text =~ \"$1\"\ *:\ *\"?([^\",}]*) ]] && REPLY=${BASH_REMATCH[1]}; } # -> $REPLY
owner_field() { owner_read 2>/dev/null && owner_get "$1" && echo "$REPLY"; }
host_pid() { owner_field pid; }
host_kill() { kill "-${1:-9}" "$(host_pid)" 2>/dev/null; }
# METHOD PATH [JSON [HEADER]...] -> $t_reply, $t_code
asks() {
  local address
  owner_read 2>/dev/null
  owner_get address && address=$REPLY && owner_get token && t_http "$address" "$1" "$2" "${3-}" "Authorization: Bearer $REPLY" "${@:4}"
}
api() { asks "$@"; printf '%s' "$t_reply"; }
serve_ready() { asks GET /healthz && [[ $t_code == 200 ]]; }

# One curl for all of them: a hundred processes would be most of what a test costs.
submit() {
  local n batch=${3:-b} token address
  token=$(owner_field token) address=$(owner_field address)
  for ((n = $1; n <= $2; n++)); do
    ((n == $1)) || echo next
    printf '%s\n' "url = \"http://$address/api/runs\"" 'request = POST' "header = \"Authorization: Bearer $token\"" \
      'header = "Content-Type: application/json"' "output = \"$tmp/submitted\"" 'silent' 'fail' 'retry-connrefused' 'retry = 5' 'retry-delay = 1' \
      "data = \"{\\\"pipeline\\\": \\\"${pipeline:-steps}\\\", \\\"key\\\": \\\"$batch-$n\\\", \\\"project\\\": \\\"$batch-$n\\\", \\\"input\\\": {\\\"n\\\": $n}}\""
  done >"$tmp/curl.conf"
  curl -K "$tmp/curl.conf" || t_fail "submitting failed: $(head -c 300 "$tmp/submitted")"
}

count() { sql "SELECT count(*) FROM runs WHERE status = '$1'"; }
all_ended() { [[ $(sql "SELECT count(*) FROM runs WHERE status IN ('queued','running','waiting')") == 0 ]]; }
wait_ended() { t_wait "$1" all_ended || sql "SELECT id, status, epoch, deaths, wait_for FROM runs WHERE status IN ('queued','running','waiting') LIMIT 5" | sed 's/^/# /'; }

outputs() {
  sql "SELECT DISTINCT json_extract(t.input, '\$.n'), b.sha FROM runs r JOIN run_texts t ON t.run_id = r.id JOIN artifacts a ON a.project_id = r.project_id
    JOIN artifact_versions v ON v.id = a.head JOIN blobs b ON b.id = v.blob_id WHERE a.name = 'all.md' ORDER BY 1"
}

reference() {
  local library=$QUIRE_LIBRARY
  QUIRE_LIBRARY=$tmp/reference
  steps_library "${2:-20}"
  serve_start
  submit 1 "$1"
  wait_ended 60
  serve_stop
  outputs >"$tmp/reference.out"
  [[ $(wc -l <"$tmp/reference.out") == "$1" ]] && t_ok || t_fail "the undisturbed host made $(wc -l <"$tmp/reference.out") of $1 outputs"
  QUIRE_LIBRARY=$library
  ledger_clear
}

# The provider's own list of requests against the library, key by key (P2): each request has its intent, and was sent once; no key has two answers;
# a key was asked no more often than 1 + the lives of its run that ended while it was in flight + the attempts that the provider failed.
ledger_judged() {
  ledger >"$tmp/ledger.json"
  sql "CREATE TEMP TABLE asked AS SELECT CAST(json_extract(value, '\$.call') AS INTEGER) AS call
      FROM json_each(CAST(readfile('$tmp/ledger.json') AS TEXT), '\$.entries');
    CREATE TEMP TABLE keys AS SELECT c.run_id, group_concat(c.id) AS calls, count(a.call) AS asked, sum(c.state = 'answered') AS answered,
      sum(c.state IN ('failed', 'truncated', 'cancelled')) AS failed,
      count(DISTINCT CASE WHEN c.state = 'sent' AND c.epoch < r.epoch THEN c.epoch END) AS lost
      FROM calls c JOIN runs r ON r.id = c.run_id LEFT JOIN asked a ON a.call = c.id GROUP BY c.run_id, c.scope, c.hash, c.n;
    SELECT 'the provider was asked ' || count(*) || ' times for call ' || call FROM asked GROUP BY call HAVING count(*) > 1 LIMIT 3;
    SELECT 'a request names call ' || call || ', which has no intent' FROM asked WHERE call NOT IN (SELECT id FROM calls) LIMIT 3;
    SELECT 'run ' || run_id || ': one key has ' || answered || ' answers (calls ' || calls || ')' FROM keys WHERE answered > 1 LIMIT 3;
    SELECT 'run ' || run_id || ': one key was asked ' || asked || ' times, ' || lost || ' in flight at a death, ' || failed || ' failed (calls '
      || calls || ')' FROM keys WHERE asked > 1 + lost + failed LIMIT 3;"
}

# The provider's bill against the library's calls. An answer that came whole and whose tokens were told right costs what the provider says, to the
# nano-dollar; where they were not told, or not all came, it is estimated: not less than nine tenths of what was told or could be known, and
# never nothing. The prices are those of the provider "stub": 1 and 2 USD a million.
ledger_booked() {
  ledger >"$tmp/ledger.json"
  sql "CREATE TEMP TABLE billed AS SELECT CAST(json_extract(value, '\$.call') AS INTEGER) AS call, json_extract(value, '\$.status') AS status,
      coalesce(json_extract(value, '\$.manners'), '') AS manners, json_extract(value, '\$.fault') IS NOT NULL AS fault,
      1000 * json_extract(value, '\$.input_tokens') + 2000 * json_extract(value, '\$.output_tokens') AS nano
      FROM json_each(CAST(readfile('$tmp/ledger.json') AS TEXT), '\$.entries');
    SELECT 'call ' || call || ' (' || c.state || ', ' || manners || '): the provider bills ' || nano || ', booked are ' || c.cost_nano FROM billed
      JOIN calls c ON c.id = call WHERE status = 'answered' AND c.state = 'answered' AND manners NOT LIKE '%usage-%' AND NOT fault
      AND c.cost_nano <> nano LIMIT 3;
    SELECT 'call ' || call || ' (' || c.state || ', ' || manners || '): the provider bills ' || nano || ', estimated are ' || c.cost_nano FROM billed
      JOIN calls c ON c.id = call WHERE status = 'answered' AND c.state = 'answered' AND manners LIKE '%usage-%' AND manners NOT LIKE '%usage-uncached%'
      AND c.cost_nano < nano * 9 / 10 LIMIT 3;
    SELECT 'call ' || call || ' (' || c.state || ', ' || status || ' there): the provider bills ' || nano || ', nothing is booked' FROM billed
      JOIN calls c ON c.id = call WHERE nano > 0 AND c.cost_nano = 0 LIMIT 3;"
}

published() {
  rm -rf "$tmp/published"
  "$QUIRE" export "$1" --format md --out "$tmp/published" >"$tmp/export.out" 2>&1 || { echo "$1 is not exported: $(tail -n 1 "$tmp/export.out")"; return; }
  ledger >"$tmp/ledger.json"
  sql "CREATE TEMP TABLE book AS SELECT replace(CAST(readfile('$tmp/published/book.md') AS TEXT), char(8217), char(39)) AS words;
    CREATE TEMP TABLE said AS SELECT DISTINCT p.value AS words FROM json_each(CAST(readfile('$tmp/ledger.json') AS TEXT), '\$.entries') e,
      json_each(e.value, '\$.not_prose') p UNION VALUES ('think>'), ('<|'), ('\`\`\`'), ('{\"'), ('\":');
    SELECT 'the book says: ' || said.words FROM said, book WHERE instr(book.words, said.words) LIMIT 5;
    SELECT 'the book says in another language, and its issues do not: ' || p.value FROM book, json_each(CAST(readfile('$tmp/ledger.json') AS TEXT), '\$.entries') e,
      json_each(e.value, '\$.other_language') p WHERE instr(book.words, p.value) AND NOT EXISTS (SELECT 1 FROM v_artifacts WHERE project = '$1' AND is_head
        AND name GLOB 'issues/*' AND CAST(content AS TEXT) LIKE '%is written in%') LIMIT 3;
    SELECT 'the book has ' || length(words) || ' characters' FROM book WHERE length(words) < 500;"
}

metric() { asks GET /metrics && sed -n "s/^$1 //p" <<<"$t_reply"; }

# What each fault test ends with.
sound() { # INPUTS
  t_is "$(audit)" ""
  t_is "$(ledger_judged)" ""
  if [[ ${1-} ]]; then
    outputs >"$tmp/outputs"
    cmp -s "$tmp/outputs" "$tmp/reference.out" && t_ok || t_fail "outputs differ from the undisturbed run's: $(diff "$tmp/outputs" "$tmp/reference.out" | head -n 3)"
  fi
}
