#!/usr/bin/env bash
# A run that moved on elsewhere: this host writes nothing for it, lets go of it, and can be stopped. And a person's words in a book of a series.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
export QUIRE_UNGUARDED=1

t_case "an answer that comes after its run moved on is kept, and the host lets go of the run"
fresh zombie
rehearse_control '{"latency": 600}'
cat >"$tmp/one_call.lua" <<'LUA'
return { title = "One call", run = function() return llm.ask { role = "writer", prompt = "Write a line." }.text end }
LUA
"$QUIRE" serve --quiet >"$tmp/serve.out" 2>&1 &
host=$!
t_at_exit kill -9 "$host"
for i in {1..200}; do [[ -s $QUIRE_LIBRARY/owner.json ]] && break; t_sleep 0.05; done
"$QUIRE" run "$tmp/one_call.lua" --detach --quiet >/dev/null 2>&1
for i in {1..200}; do (($(ledger_total))) && break; t_sleep 0.02; done
sqlite3 -cmd '.timeout 5000' "$QUIRE_LIBRARY/quire.db" "UPDATE runs SET epoch = epoch + 1"
for i in {1..100}; do [[ $(sql "SELECT state FROM calls") != sent ]] && break; t_sleep 0.05; done
[[ $(sql "SELECT state FROM calls") == @(answered|cancelled) ]] && t_ok || t_fail "the call is $(sql "SELECT state FROM calls")"
t_is "$(sql "SELECT status, epoch FROM runs")" "running|2"
t_is "$(sql "SELECT count(*) FROM journal")" 0
kill -TERM "$host"
for i in {1..100}; do kill -0 "$host" 2>/dev/null || break; t_sleep 0.1; done
kill -0 "$host" 2>/dev/null && t_fail "the host still runs 10 s after SIGTERM"
wait "$host"
t_is "$?" 0

t_case "what a person wrote in one book of a series is not measured by what the run read in another"
fresh series
cat >"$tmp/series.lua" <<'LUA'
return { title = "Series", run = function()
  project.enter("one", { title = "One" })
  for i = 1, 5 do artifact.put("a.md", "version " .. i) end
  project.leave()
  project.enter("two", { title = "Two" })
  artifact.put("a.md", "the run's first words")
  project.leave()
  gate.ask { title = "now a person edits", choices = { "go on" } }
  project.enter("two", { title = "Two" })
  artifact.put("a.md", "the run's second words")
end }
LUA
t_run 5 "$QUIRE" run "$tmp/series.lua" --project saga --quiet
echo "a person's words" >"$tmp/edit.md"
t_run 0 "$QUIRE" artifact edit saga-two a.md --from "$tmp/edit.md"
t_run 0 "$QUIRE" gate approve 1 --choice "go on"
"$QUIRE" resume 1 --quiet >/dev/null 2>&1
t_is "$(sql "SELECT status FROM runs")" completed
t_run 0 "$QUIRE" artifact show saga-two a.md
t_has "$out" "a person's words"
t_is "$(sql "SELECT number, state FROM artifact_versions WHERE state = 'proposal'")" "3|proposal"
t_done
