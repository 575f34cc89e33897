#!/usr/bin/env bash
# EIO, ENOSPC and EROFS at each system call of the store, once and for good: never a false success, a clear error, and a library that goes on when the
# disk is well again. EVERY=N: at each N-th pass of a call (100); 1: at each one.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/faults.sh"

[[ ${QUIRE_FLAVOUR:-release} == release ]] || { t_case "a failing disk"; t_skip "the preloaded library and the sanitizer's do not go together"; t_done; }
: "${EVERY:=100}"
preload=$(helper preload_fs.so) program=$(helper crash_images)
disk=$tmp/disk ops=60 which=''
((EVERY == 1)) || which="$EVERY. "

write() { # FAIL ERRNO: a new library on a disk that fails so; what was acknowledged is in $tmp/acks
  rm -rf "$disk"
  mkdir "$disk"
  : >"$tmp/acks"
  out=$(timeout 60 env LD_PRELOAD="$preload" FS_DIR="$disk" FS_FAIL="$1" FS_ERRNO="$2" FS_COUNT="$tmp/count" "$program" write "$disk" $ops 9>>"$tmp/acks" 2>&1)
  status=$?
}

# A library that lied, broke or said nothing.
judge() { # FAIL
  [[ $status == 0 ]] || { t_fail "$1 ended with $status: $out"; return; }
  if [[ $out == *" failed" && $out != "0 failed" && $out != *": "*": "* ]]; then t_fail "$1 has no reason: $out"; fi
  checked=$("$program" check "$disk" "$tmp/acks" 2>&1) || t_fail "$1: after healing: $checked; before: $out"
}

# each HISTORY CALL ERRNO HOW: the call fails at one pass after the other. HISTORY: what fails beside it, so that the spool is used.
each() {
  local pass n
  n=$(awk -v call="$2" '$1 == call { print $2 }' "$tmp/passes")
  for ((pass = EVERY == 1 || n == 1 ? 1 : 2; pass <= n; pass += EVERY)); do
    write "$1${1:+,}$2:$pass$4" "$3"
    judge "$1${1:+,}$2:$pass$4"
  done
  [[ $t_state == fail ]] || t_ok
}

# The spool comes into play when the database fails for a while.
for history in "" "pwrite:290..296"; do
  t_case "the calls of a store ${history:+with a spool }are counted"
  write "$history" 5
  judge "$history"
  mv "$tmp/count" "$tmp/passes"
  echo "# $(tr '\n' ' ' <"$tmp/passes")"
  for call in pwrite sync truncate open mmap ${history:+write unlink}; do t_ok test "$(awk -v call="$call" '$1 == call { print $2 }' "$tmp/passes")" -gt 0; done
  calls=(sync truncate open mmap write unlink)
  [[ $history ]] || calls+=(pwrite)
  for call in "${calls[@]}"; do
    for error in 5:EIO 28:ENOSPC 30:EROFS; do
      t_case "${error#*:} at each $which$call${history:+ beside a failing database}, for good and once"
      each "$history" "$call" "${error%:*}" ""
      each "$history" "$call" "${error%:*}" :once
    done
  done
  t_case "EIO at each ${which}read${history:+ beside a failing database}, for good and once"
  each "$history" read 5 ""
  each "$history" read 5 :once
done

# One read fails while a run is opened, loaded, replayed and moved on: it may wait for the disk, it never ends for that.
cat >"$tmp/three.lua" <<'LUA'
return { run = function()
  local long = step("long", 1, function() return ("x"):rep(9000) end) -- fetched when it is asked for
  artifact.put("a.md", "one")
  run.checkpoint("half")
  return #long + #artifact.get("a.md")
end }
LUA
t_case "one failed read at any moment of a resume never ends the run"
t_run 0 "$QUIRE" run "$tmp/three.lua" --quiet --until half
mv "$QUIRE_LIBRARY" "$tmp/half"
for ((pass = 9; pass <= 70; pass += EVERY == 1 ? 1 : 3)); do
  rm -rf "$QUIRE_LIBRARY"
  cp -r "$tmp/half" "$QUIRE_LIBRARY"
  out=$(timeout 60 env LD_PRELOAD="$preload" FS_DIR="$QUIRE_LIBRARY" FS_FAIL="read:$pass:once" "$QUIRE" resume 1 --quiet --max-wait 0s 2>&1)
  state=$(t_sql "$QUIRE_LIBRARY/quire.db" "SELECT status FROM runs")
  [[ $state == completed || $state == waiting || $state == queued ]] || t_fail "read $pass: $state; $out"
  [[ $out != *damaged* ]] || t_fail "read $pass: a disk that failed once is told as damage: $out"
done
[[ $t_state == fail ]] || t_ok

t_case "a run on a disk that fills up rests before it is full and says so; nothing begins, and it goes on where it was when there is room"
rm -rf "$QUIRE_LIBRARY"
mkdir -p "$QUIRE_LIBRARY/pipelines"
cat >"$QUIRE_LIBRARY/pipelines/fill.lua" <<'LUA'
return { title = "Fill", run = function()
  for i = 1, 100 do
    step("made", i, function() return i end)
    run.sleep(0.03)
  end
end }
LUA
made() { t_sql "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM journal WHERE kind = 'step'"; }
has_made() { (($(made) >= $1)); }
is() { [[ $(t_sql "$QUIRE_LIBRARY/quire.db" "SELECT status FROM runs WHERE id = 1") == "$1" ]]; }
t_start "$tmp/serve.log" env LD_PRELOAD="$preload" FS_DIR="$QUIRE_LIBRARY" FS_ROOM="$tmp/room" "$QUIRE" serve --listen 127.0.0.1:0
host=$pid
t_at_exit kill "$host"
t_wait 10 test -s "$QUIRE_LIBRARY/owner.json"
t_run 0 "$QUIRE" run fill --detach
t_wait 10 has_made 5
echo 100000000 >"$tmp/room" # half of what limits.free_mb asks for
t_wait 10 is waiting
rested=$(made)
t_run 0 "$QUIRE" show 1
t_has "$out" "less free room than limits.free_mb"
t_run 1 "$QUIRE" run fill --detach
t_has "$out" "limits.free_mb"
t_is "$(made)" "$rested"
rm "$tmp/room"
t_run 0 "$QUIRE" resume 1
t_is "$(made)" 100
kill "$host"
wait "$host"
t_done
