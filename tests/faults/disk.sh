#!/usr/bin/env bash
# EIO, ENOSPC and EROFS at each system call of the store, once and for good: never a false success, a clear error, and a library that goes on when the
# disk is well again. PASSES: at which passes of a call it fails.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/faults.sh"

[[ ${QUIRE_FLAVOUR:-release} == release ]] || { t_case "a failing disk"; t_skip "the preloaded library and the sanitizer's do not go together"; t_done; }
: "${PASSES:=2 60}"
preload=$(helper preload_fs.so) program=$(helper crash_images)
disk=$tmp/disk

# fails ERRNO CALL HOW: false when a library lied, broke or said nothing
fails() {
  local pass ok=1
  for pass in $PASSES; do
    rm -rf "$disk"
    mkdir "$disk"
    : >"$tmp/acks"
    out=$(timeout 60 env LD_PRELOAD="$preload" FS_DIR="$disk" FS_FAIL="$2:$pass$3" FS_ERRNO="$1" "$program" write "$disk" 200 9>>"$tmp/acks" 2>&1)
    status=$?
    [[ $status == 0 ]] || { t_fail "$2:$pass$3 ended with $status: $out"; ok=; continue; }
    if [[ $3 == '' && $out == *" failed" && $out != "0 failed" && $out != *": "*": "* ]]; then t_fail "$2:$pass$3 has no reason: $out"; ok=; fi
    checked=$("$program" check "$disk" "$tmp/acks" 2>&1) || { t_fail "$2:$pass$3: after healing: $checked; before: $out"; ok=; }
  done
  [[ ! $ok ]] || t_ok
}

for error in 5:EIO 28:ENOSPC 30:EROFS; do
  for call in pwrite sync truncate open write; do
    for how in "" :once; do
      t_case "${error#*:} at $call${how:+, once}"
      fails "${error%:*}" "$call" "$how"
    done
  done
done
t_done
