#!/usr/bin/env bash
# fork.sh - a new run from the middle of another's record: what stood before is kept and not paid again, the documents are as they were then,
# what a person wrote stays, and a kill leaves no half of it.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/pipelines/docs.lua" <<'LUA'
return { title = "Docs", description = "Reads, lists, asks and saves, three times.", input = {}, run = function()
  for i = 1, 3 do
    local before = artifact.get("notes.md") or "none"
    local names = artifact.list("")
    local answer = llm.ask { role = "writer", key = "k" .. i, prompt = "Go on (" .. i .. ") after " .. before .. " of " .. #names, max_words = 30 }
    artifact.commit(function()
      artifact.put("notes.md", "round " .. i .. "\n" .. answer.text)
      artifact.put("parts/" .. i .. ".md", answer.text)
    end)
  end
  return { title = "told", notes = artifact.get("notes.md") }
end }
LUA
# Of round i: get 4i-3, list 4i-2, ask 4i-1, save 4i.
audit() { t_run "$QUIRE" doctor --audit --quiet; }
whole() { sql "SELECT r.status, r.epoch, r.cost_nano, r.calls, (SELECT group_concat(id || result) FROM journal WHERE run_id = r.id), (SELECT count(*) FROM events WHERE run_id = r.id) FROM runs r WHERE id = $1" | sha256sum; }
entries() { sql "SELECT count(*) FROM journal WHERE run_id = $1"; }
calls() { sql "SELECT count(*) FROM calls WHERE run_id = $1"; }
question() { sql "SELECT CAST(b.data AS TEXT) FROM calls c JOIN call_blocks k ON k.call_id = c.id JOIN blobs b ON b.id = k.blob_id WHERE c.run_id = $1 ORDER BY c.id LIMIT 1 OFFSET $2"; }
head_of() { "$QUIRE" artifact show docs "$1"; }

t_case "a fork keeps what stands before the place, asks the rest, and is not billed for what it keeps"
t_run "$QUIRE" run docs --quiet
first=$(whole 1)
t_run "$QUIRE" fork 1 --at 7
t_has "$out" "continues with the scripts that the run is pinned to"
t_is "$(sql "SELECT status, retry_of FROM runs WHERE id = 2") $(calls 2)" "completed|1 2"
t_is "$(sql "SELECT count(*) FROM journal a JOIN journal b ON a.seq = b.seq AND a.result = b.result AND a.at = b.at AND a.call_id IS b.call_id WHERE a.run_id = 1 AND b.run_id = 2 AND a.seq < 7")" 6
t_is "$(whole 1)" "$first"
t_has "$("$QUIRE" show 2)" "fork of    run 1, before place 7"
audit

t_case "it reads the documents as they were at that moment, and its own from then on"
t_run "$QUIRE" fork 1 --at 5 --quiet
t_has "$(question 3 0)" "after round 1"
t_has "$(question 3 0)" "of 2"
t_has "$(question 3 1)" "after round 2"
t_has "$(question 3 1)" "of 3"
t_is "$(question 3 0)" "$(question 1 1)"
t_run "$QUIRE" fork 1 --at 1 --quiet
t_is "$(question 4 0) $(calls 4)" "Go on (1) after none of 0 3"
t_run "$QUIRE" retry 4 --quiet
t_is "$(calls 5)" 0
audit

t_case "what a person wrote after that moment is not seen unasked, and stays word for word"
t_run "$QUIRE" artifact edit docs notes.md --from - --quiet <<<"Mine."
t_run "$QUIRE" fork 1 --at 5 --quiet
t_has "$(question 6 0)" "after round 1"
t_has "$(question 6 1)" "after Mine."
t_is "$(head_of notes.md)" "Mine."
t_is "$(sql "SELECT count(*), sum(a.name = 'notes.md') FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id WHERE v.run_id = 6 AND v.state = 'proposal'")" "2|2"
t_run "$QUIRE" fork 1 --at 5 --with artifacts --quiet
t_has "$(question 7 0)" "Mine."
t_is "$(head_of notes.md)" "Mine."
audit

t_case "with today's scripts only what comes after is of today, and a plan of it begins nothing"
sed -i 's/Go on (/Carry on (/' "$QUIRE_LIBRARY/pipelines/docs.lua"
n=$(sql "SELECT count(*) FROM runs")
t_run "$QUIRE" fork 1 --at 9 --plan
t_has "$out" "Asked again: 1 call"
t_has "$out" "Answers that stay: 2 calls"
t_is "$(sql "SELECT count(*) FROM runs")" "$n"
t_run "$QUIRE" fork 1 --at 9 --quiet
t_has "$(question 8 0)" "Go on (3)"
t_run "$QUIRE" fork 1 --at 9 --with scripts
t_has "$out" "continues with today's scripts"
t_has "$(question 9 0)" "Carry on (1)"
t_run 2 "$QUIRE" fork 1 --at 99
t_has "$out" "places 1 to 13"
t_run 2 "$QUIRE" fork 1
audit

t_case "killed in the middle, there is no fork or a whole one, which goes on and is not paid twice"
sed -i 's/Carry on (/Go on (/' "$QUIRE_LIBRARY/pipelines/docs.lua"
for at in store_before_commit@1 store_commit@2 store_before_commit@2 store_after_commit@1 store_after_commit@2 after_intent@1; do
  n=$(sql "SELECT max(id) FROM runs")
  t_run 137 env QUIRE_UNGUARDED=1 QUIRE_FAILPOINT="${at%@*}:kill@${at#*@}" "$QUIRE" fork 1 --at 7 --quiet
  now=$(sql "SELECT max(id) FROM runs")
  t_is "$(sql "SELECT count(*) FROM runs r WHERE id > $n AND ((SELECT count(*) FROM journal WHERE run_id = r.id AND seq < 7) <> 6 OR (SELECT count(*) FROM forks WHERE run_id = r.id) <> 1)")" 0
  if ((now > n)); then
    t_run "$QUIRE" resume "$now" --quiet
    t_is "$at $(sql "SELECT count(*) FROM calls WHERE run_id = $now AND state = 'answered'")" "$at 2"
  fi
done
t_ok test "$now" -gt 9
audit

t_done
