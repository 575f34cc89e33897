#!/usr/bin/env bash
# A restore that dies at any step leaves the old library with all that it acknowledged (in its WAL and its spool, too), or the new one.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/faults.sh"

[[ ${QUIRE_FLAVOUR:-release} == release ]] || { t_case "a restore that dies"; t_skip "the preloaded library and the sanitizer's do not go together"; t_done; }
preload=$(helper preload_fs.so)
sql() { "$QUIRE" sql "$1" 2>/dev/null | tail -n 1; }

t_case "a library with changes in its WAL and in its spool, and a backup of another"
echo 'return { run = function() artifact.put("other.md", "of the backup") end }' >"$tmp/other.lua"
t_run "$QUIRE" run "$tmp/other.lua" --library "$tmp/other" --quiet
t_run "$QUIRE" backup "$tmp/backup" --library "$tmp/other"
cat >"$tmp/put.lua" <<'LUA'
return { run = function()
  for i = 1, 5 do artifact.put("a.md", "text " .. i) end
  log.info("it waits")
  for i = 6, 1000 do
    run.sleep(0.05)
    artifact.put("a.md", "text " .. i)
  end
end }
LUA
mkfifo "$tmp/holder"
t_start "$tmp/put.out" env QUIRE_LOCK_ATTEMPTS=1 QUIRE_LOCK_STEP_MS=100 "$QUIRE" run "$tmp/put.lua"
t_wait 20 grep -q "it waits" "$tmp/put.out"
sqlite3 -cmd '.timeout 20000' "$QUIRE_LIBRARY/quire.db" <"$tmp/holder" &
holder=$!
exec 7>"$tmp/holder"
echo "BEGIN IMMEDIATE; UPDATE settings SET value = value;" >&7
t_wait 20 grep -q '"waiting"' "$QUIRE_LIBRARY/spool"
guardian=$pid
kill -STOP "$guardian" # it would start another
kill -9 "$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$QUIRE_LIBRARY/owner.json")"
kill -9 "$guardian"
wait "$guardian" 2>/dev/null
kill -9 "$holder" # the last one to close would bring the WAL in
wait "$holder" 2>/dev/null
exec 7>&-
versions=$(sql "SELECT count(*) FROM artifact_versions")
t_ok test "$versions" -ge 5
t_ok test -s "$QUIRE_LIBRARY/quire.db-wal"
mv "$QUIRE_LIBRARY" "$tmp/old"

# The library goes on, and is one of the two.
judge() { # WHERE
  t_run "$QUIRE" run "$tmp/other.lua" --project after --quiet
  local backup old state
  backup=$(sql "SELECT count(*) FROM artifacts a JOIN projects p ON p.id = a.project_id WHERE a.name = 'other.md' AND p.slug <> 'after'")
  old=$(sql "SELECT count(*) FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id WHERE a.name = 'a.md'")
  state=$(sql "SELECT status FROM runs WHERE id = 1")
  [[ $backup:$old == 1:0 || $backup:$old:$state == "0:$versions:waiting" ]] ||
    t_fail "killed at $1: $backup documents of the backup, $old of $versions versions of the old library, its run is $state"
  t_run "$QUIRE" doctor --audit
}

for call in rename unlink; do
  t_case "a restore that is killed at each $call loses neither library"
  for ((k = 1; k < 40; k++)); do
    rm -rf "$QUIRE_LIBRARY"
    cp -a "$tmp/old" "$QUIRE_LIBRARY"
    { env LD_PRELOAD="$preload" FS_DIR="$QUIRE_LIBRARY" FS_FAIL="$call:$k:once" FS_ERRNO=0 "$QUIRE" restore "$tmp/backup" --replace --quiet >"$tmp/out" 2>&1; } 2>/dev/null
    ended=$?
    judge "$call $k"
    [[ $ended == 137 ]] || break
  done
  t_is "$ended" 0
  t_ok test "$k" -gt 1
done

t_case "what was replaced holds all of it in one file, and can be restored like a backup"
aside=$(echo "$QUIRE_LIBRARY"/quire.db.aside-*)
t_run "$QUIRE" restore "$aside" --library "$tmp/again" --quiet
QUIRE_LIBRARY=$tmp/again
t_is "$(sql "SELECT count(*) FROM artifact_versions")" "$versions"
t_is "$(sql "SELECT status FROM runs WHERE id = 1")" waiting
t_done
