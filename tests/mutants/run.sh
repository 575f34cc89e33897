#!/usr/bin/env bash
# run.sh - small breaks of Quire, each of which a test must notice.
#
#   make mutants               all of tests/mutants/list.lua; two hours or more
#   make mutants ROOM=llm      those of one room
#   make mutants T="spool llm" those whose names hold a word of T
#
# First the tests that the list names must pass as the tree is: a test that fails anyway notices nothing. Then each mutant is applied to
# a copy of the built tree, built, and run against the tests nearest to it, one after the other until one fails, twice: what fails once and
# passes then was crowded, and is no kill. Prints a line each: killed (a test failed), "timed out" (a test never ended; this counts as killed),
# SURVIVED (none did: a promise that nothing holds), STALE (its text is not in the tree any more, or twice), BROKEN (it does not compile),
# UNTESTED (its tests are not there); then a table by room and what did not go well once more. Ends with 1 unless all were killed, with
# 2 when one says nothing because it is stale.
#
# The lines are kept in build/mutants.tsv as they come. A run that was interrupted goes on there: what was killed is not tried again.
# FRESH=1 forgets them.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=$PWD/tests/mutants/apply.lua
kept=$PWD/build/mutants.tsv # verdict, room, name, seconds, what was seen
export BUILD=build TEST_SECONDS=${TEST_SECONDS:-150}

die() { echo "mutants: $*" >&2; exit 1; }

# A copy with its own build: what is not mutated is not compiled again.
copy_tree() {
  git ls-files -co --exclude-standard -z | xargs -0 cp -p --parents -t "$1"
  local modules
  for modules in tests/{browser,clients}/node_modules; do [[ ! -e $modules ]] || ln -s "$PWD/$modules" "$1/$modules"; done
  mkdir "$1/build" && cp -a build/{quire,release} "$1/build/"
}

put_back() {
  local file
  while IFS= read -r -d '' file; do mv "$file" "${file%.unmutated}" && touch "${file%.unmutated}"; done < <(find host scripts pipelines -name '*.unmutated' -print0)
}

# WORD: the tests called so fail, and fail again with twice the time; what the first failure said is in `killer`
fails() {
  tests/run.sh "$1" >test.log 2>&1 && return 1
  grep -q '^0 passed, 0 failed' test.log && killer='' && return 1
  TEST_SECONDS=$((2 * TEST_SECONDS)) tests/run.sh "$1" >test.log 2>&1 && crowded+=" $1" && return 1
  killer=$({ grep '^  not ok' test.log; grep '^FAIL' test.log; } | sed '1!d; s/^  not ok [0-9]* - //')
}

# TESTS: the words of test names, in turn, until one kills
find_killer() {
  local word
  for word in $1; do
    killer='no test'
    fails "$word" && return 0
    [[ ! $killer ]] || found=1
  done
  return 1
}

# NAME ROOM TESTS: one mutant, in the copy
try_one() {
  local name=$1 room=$2 tests=$3 verdict seen killer='' found='' crowded=''
  SECONDS=0
  if ! seen=$(lua5.4 "$tool" apply "$name" . 2>&1); then
    verdict=STALE
  elif ! make -s BUILD=build FLAVOUR=release WARNINGS=-w T="$tests" binary tests >build.log 2>&1; then
    verdict=BROKEN seen=$(grep -m 1 error build.log)
  elif find_killer "$tests"; then
    verdict=killed seen="by $killer"
    if ! grep -q '^  not ok' test.log && grep -q '# ended: it took longer' test.log; then seen="timed out: $killer"; fi
  elif [[ ! $found ]]; then
    verdict=UNTESTED seen="no test is called $tests"
  else
    verdict=SURVIVED seen=$(lua5.4 "$tool" why "$name")
  fi
  put_back
  printf '%s\t%s\t%s\t%d\t%s\n' "$verdict" "$room" "$name" $SECONDS "$seen${crowded:+ (crowded:$crowded)}" >>"$kept"
  printf '%-28s %4d s  %s %s\n' "$name" $SECONDS "$verdict" "$seen${crowded:+ (crowded:$crowded)}"
}

# The tests of all mutants in the queue, on what is not mutated.
must_pass() {
  local word killer='' crowded=''
  read -r -d '' -a words < <(cut -f3 "$work/queue" | tr ' ' '\n' | sort -u)
  ((${#words[@]})) || return 0
  echo "Their ${#words[@]} tests on the tree as it is"
  TEST_SECONDS=300 tests/run.sh "${words[@]}" >test.log 2>&1 && return 0
  for word in $(sed -n 's/^FAIL //p' test.log); do
    ! fails "$word" || die "$word fails without any mutant: mend it first, it would kill whatever it is asked about"$'\n'"$(cat test.log)"
  done
}

# By room, in the order of the list; then whatever was not killed. The last word about a mutant counts.
tell() {
  awk -F'\t' '
    NR == FNR { order[++all] = $1; room_of[$1] = $2; next }
    { verdict[$3] = $1; took[$3] = $4; seen[$3] = $5 }
    END {
      for (i = 1; i <= all; i++) {
        name = order[i]; room = room_of[name]
        if (!(room in n)) rooms[++r] = room
        n[room]++; minutes[room] += took[name] / 60; total += took[name] / 60
        if (verdict[name] == "killed") { dead[room]++; killed++; continue }
        alive[room] = alive[room] " " name; bad = bad "\n" name ": " verdict[name] " " seen[name]
        if (verdict[name] == "STALE") stale++
      }
      print "\n| room | mutants | killed | not killed | minutes |\n|---|---|---|---|---|"
      for (i = 1; i <= r; i++) printf "| %s | %d | %d |%s | %.1f |\n", rooms[i], n[rooms[i]], dead[rooms[i]], alive[rooms[i]], minutes[rooms[i]]
      printf "| all | %d | %d | %d | %.1f |\n%s\n", all, killed, all - killed, total, bad
      if (stale) printf "\n%d STALE: the code moved away from under them. Give each its new text; until then nobody knows whether they would be noticed.\n", stale
      exit stale ? 2 : killed < all
    }' "$work/wanted" "$kept"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/quire-mutants.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
[[ ! ${FRESH-} ]] || rm -f "$kept"
mkdir -p build && touch "$kept"
make -s -j"$(nproc)" BUILD=build FLAVOUR=release T= binary tests || exit 1
copy_tree "$work" || die "cannot copy the tree to $work"
lua5.4 "$tool" list "${ROOM:-}" "$@" >"$work/wanted"
[[ -s $work/wanted ]] || die "the list has no such mutant"
awk -F'\t' 'FILENAME == ARGV[1] { if ($1 == "killed") dead[$3]; next } !($1 in dead)' "$kept" "$work/wanted" >"$work/queue"
cd "$work" || exit 1
must_pass
while IFS=$'\t' read -r name room tests <&3; do try_one "$name" "$room" "$tests"; done 3<queue
tell
