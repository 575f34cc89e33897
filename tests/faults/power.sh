#!/usr/bin/env bash
# A power cut at any moment: crash images that lose, tear and reorder what was not synced. Each opens, is sound, and holds all that was acknowledged.
# IMAGES (100) of each of three histories; SEED repeats them.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/faults.sh"

[[ ${QUIRE_FLAVOUR:-release} == release ]] || { t_case "a power cut"; t_skip "the preloaded library and the sanitizer's do not go together"; t_done; }
: "${IMAGES:=34}" "${SEED:=$RANDOM}"
preload=$(helper preload_fs.so)
image=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo "$tmp")/quire-image.XXXXXX")
t_at_exit rm -rf "$image"

exec 9>/dev/null # kept free of other files: what is written to it goes to the log
history() { # NAME OPS [VAR=VALUE]...
  t_case "$1: $IMAGES images"
  mkdir -p "$tmp/disk"
  rm -rf "$tmp/disk" "$tmp/log"
  mkdir "$tmp/disk"
  t_run 0 env LD_PRELOAD="$preload" FS_DIR="$tmp/disk" FS_LOG="$tmp/log" FS_ACK=9 "${@:3}" "$(helper crash_images)" write "$tmp/disk" "$2"
  t_run 0 "$(helper crash_images)" images "$tmp/log" "$image" "$IMAGES" "$SEED"
  echo "# seed $SEED: ${out##*$'\n'}"
}
history "a library that is made, filled and closed" 200
history "commits and checkpoints" 6000
history "a spool that is written and brought in" 400 FS_FAIL=pwrite:300 FS_HEALED="$tmp/disk/spool" QUIRE_TEST_IDLE=1
t_done
