#!/usr/bin/env bash
# A book is written by the models it was begun with: a role that nobody answers for waits and says so, and rehearsal is never mixed in unasked.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
cat >"$tmp/halves.lua" <<'LUA'
return { title = "Halves", run = function()
  local first = llm.ask { role = "writer", prompt = "The first half.", max_words = 20 }.text
  gate.ask { title = "Go on?", choices = { "yes" } }
  artifact.put("all.md", first .. llm.ask { role = "judge", prompt = "The second half.", max_words = 20 }.text)
end }
LUA
begin() { # NAME [OPTION]...: a run that was answered once and has a second question before it
  fresh "$1"
  t_run 5 "$QUIRE" run "$tmp/halves.lua" --quiet "${@:2}"
  t_run 0 "$QUIRE" gate approve 1 --choice yes
}
waits() {
  t_run 8 "$QUIRE" resume 1 --quiet
  t_has "$out" "$1"
  t_is "$(sql "SELECT status, wait_kind FROM runs")" "waiting|model"
  t_is "$(sql "SELECT group_concat(provider) FROM calls")" stub
}

t_case "a run whose library has lost its quire.lua waits, says what is missing, and goes on when it is back"
begin lost
mv "$QUIRE_LIBRARY/quire.lua" "$tmp/quire.lua"
waits "nobody answers for the role 'judge': this run was begun with stub/novelist"
t_run 0 "$QUIRE" show 1
t_has "$out" "quire resume 1"
mv "$tmp/quire.lua" "$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(sql "SELECT group_concat(provider) FROM calls")" stub,stub

t_case "so does one that was restored from a backup without its settings, also when it named its model itself"
begin backup --model stub/novelist
t_run 0 "$QUIRE" backup "$tmp/b.quire"
QUIRE_LIBRARY=$tmp/restored
t_run 0 "$QUIRE" restore "$tmp/b.quire"
rm -f "$QUIRE_LIBRARY/quire.lua"
waits "there is no provider 'stub'"

t_case "a backup carries settings and scripts, never keys, and a restore writes them over nothing"
begin carried
mkdir -p "$QUIRE_LIBRARY/scripts/lib" "$QUIRE_LIBRARY/pipelines" "$QUIRE_LIBRARY/keys"
echo "return { mine = true }" >"$QUIRE_LIBRARY/scripts/lib/mine.lua"
cp "$tmp/halves.lua" "$QUIRE_LIBRARY/pipelines/halves.lua"
echo "sk-never-in-a-backup" >"$QUIRE_LIBRARY/keys/stub"
chmod 600 "$QUIRE_LIBRARY/keys/stub"
t_run 0 "$QUIRE" backup "$tmp/c.quire"
t_is "$(grep -c sk-never-in-a-backup "$tmp/c.quire")" 0
t_is "$(ls "$tmp"/c.quire*)" "$tmp/c.quire"
from=$QUIRE_LIBRARY QUIRE_LIBRARY=$tmp/copy
mkdir -p "$QUIRE_LIBRARY/pipelines"
echo "return { title = 'Another', run = function() end }" >"$QUIRE_LIBRARY/pipelines/halves.lua"
t_run 0 "$QUIRE" restore "$tmp/c.quire"
t_is "$(grep -c "Missing here" <<<"$out")" 0
t_has "$out" "pipelines/halves.lua stays as it is here; the backup holds another"
t_ok cmp "$from/quire.lua" "$QUIRE_LIBRARY/quire.lua"
t_ok cmp "$from/scripts/lib/mine.lua" "$QUIRE_LIBRARY/scripts/lib/mine.lua"
t_has "$(cat "$QUIRE_LIBRARY/pipelines/halves.lua")" Another
t_is "$(sql "SELECT count(*) FROM settings WHERE key LIKE 'kept:%'")" 0
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(sql "SELECT group_concat(provider) FROM calls")" stub,stub
t_run 0 "$QUIRE" doctor --audit

t_case "a restore says what the library's runs mean and this computer lacks, before anything goes on"
restored() { # FILE: into an empty directory, with what is missing in $out
  QUIRE_LIBRARY=$tmp/missing
  rm -rf "$QUIRE_LIBRARY"
  t_run 0 "$QUIRE" restore "$1"
}
begin keyed
sed -i 's|adapter = "openai"|adapter = "openai", key_env = "STUB_KEY"|' "$QUIRE_LIBRARY/quire.lua"
STUB_KEY=x t_run 0 "$QUIRE" backup "$tmp/keyed.quire"
restored "$tmp/keyed.quire"
t_has "$out" "Missing here: run 1 means stub/novelist; its key is missing: set STUB_KEY."
STUB_KEY=x restored "$tmp/keyed.quire"
t_is "$(grep -c "Missing here" <<<"$out")" 0
QUIRE_LIBRARY=$tmp/keyed
sed -i 's|adapter = "openai"|adapter = "elsewhere"|; s|, key_env = "STUB_KEY"||' "$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" backup "$tmp/adapter.quire"
restored "$tmp/adapter.quire"
t_has "$out" "Missing here: run 1 means stub/novelist, and scripts/providers/elsewhere.lua is not here."
QUIRE_LIBRARY=$tmp/keyed
rm "$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" backup "$tmp/bare.quire"
restored "$tmp/bare.quire"
t_has "$out" "Missing here: run 1 means stub/novelist, and quire.lua names no provider 'stub'."
t_has "$out" "Missing here: run 1 was begun with stub/novelist for the role 'default', and the settings name no model for it here: it waits."
t_run 0 "$QUIRE" restore "$tmp/bare.quire" --replace --json
t_is "$(grep -c '"text"' <<<"$out")" 2
fresh rehearsed
t_run 5 "$QUIRE" run "$tmp/halves.lua" --quiet --model rehearsal/novelist
t_run 0 "$QUIRE" backup "$tmp/rehearsed.quire"
restored "$tmp/rehearsed.quire"
t_is "$(grep -c "Missing here" <<<"$out")" 0

t_case "rehearsal goes on with a real book when a person asks for it"
begin asked
rm "$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" resume 1 --quiet --model rehearsal/novelist
t_is "$(sql "SELECT group_concat(provider) FROM calls")" stub,rehearsal

t_case "a new run does not rehearse in a book that real models have written, unless a person asks for it"
begin rewritten
rm "$QUIRE_LIBRARY/quire.lua"
t_run 1 "$QUIRE" run "$tmp/halves.lua" --project halves --quiet
t_has "$out" "'halves' was written by real models"
t_is "$(sql "SELECT count(*) FROM runs")" 1
t_run 5 "$QUIRE" run "$tmp/halves.lua" --project halves --model rehearsal/novelist --quiet
t_run 5 "$QUIRE" run "$tmp/halves.lua" --project another --quiet

t_case "a rehearsal stays one when a real model is configured later: no money is spent unasked"
fresh rehearsed
mv "$QUIRE_LIBRARY/quire.lua" "$tmp/quire.lua"
t_run 5 "$QUIRE" run "$tmp/halves.lua" --quiet
t_run 0 "$QUIRE" gate approve 1 --choice yes
mv "$tmp/quire.lua" "$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" resume 1 --quiet
t_is "$(ledger_total)" 0
t_run 0 "$QUIRE" retry 1 --quiet --with models
t_is "$(sql "SELECT group_concat(provider) FROM calls WHERE run_id = 2")" stub,stub
t_done
