#!/usr/bin/env bash
# run.sh - small breaks of Quire, each of which a test must notice.
#
#   make mutants               all of tests/mutants/list.lua; half an hour or more
#   make mutants T="spool llm" those whose names hold a word of T
#
# Each mutant is applied to a copy of the built tree (one copy a processor), built, and run against the tests nearest to it, one after
# the other until one fails. Prints a line each: killed (a test failed), SURVIVED (none did: a promise that nothing holds), STALE (its
# text is not in the tree any more, or twice), BROKEN (it does not compile), UNTESTED (its tests are not there); then a table by room
# and what did not go well once more. Ends with 1 unless all were killed, with 2 when one says nothing because it is stale.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=$PWD/tests/mutants/apply.lua
export BUILD=build

# A copy with its own build: what is not mutated is not compiled again.
copy_tree() {
  mkdir "$work/$1"
  git ls-files -co --exclude-standard -z | xargs -0 cp -p --parents -t "$work/$1"
  [[ ! -e tests/browser/node_modules ]] || ln -s "$PWD/tests/browser/node_modules" "$work/$1/tests/browser/node_modules"
  mkdir "$work/$1/build" && cp -a build/quire build/release "$work/$1/build/"
}

put_back() {
  local kept
  while IFS= read -r -d '' kept; do mv "$kept" "${kept%.unmutated}" && touch "${kept%.unmutated}"; done < <(find host scripts pipelines -name '*.unmutated' -print0)
}

# TESTS: the words of test names, in turn; what the first failure said is in `killer`
find_killer() {
  local word
  killer='' found=''
  for word in $1; do
    TEST_SECONDS=${TEST_SECONDS:-120} tests/run.sh "$word" >test.log 2>&1 && found=1 && continue
    grep -q '^0 passed, 0 failed' test.log && continue
    killer=$({ grep '^  not ok' test.log; grep '^FAIL' test.log; } | sed '1!d; s/^  not ok [0-9]* - //')
    return 0
  done
  return 1
}

# NAME ROOM TESTS: one mutant in the copy that we stand in
try_one() {
  local name=$1 room=$2 tests=$3 verdict killer found
  SECONDS=0
  if ! lua5.4 "$tool" apply "$name" . 2>why; then
    verdict="STALE: $(cat why)"
  elif ! make -s FLAVOUR=release WARNINGS=-w T="$tests" binary tests >build.log 2>&1; then
    verdict="BROKEN: $(grep -m 1 error build.log)"
  elif find_killer "$tests"; then
    verdict="killed by $killer"
  elif [[ ! $found ]]; then
    verdict="UNTESTED: no test is called $tests"
  else
    verdict="SURVIVED: $(lua5.4 "$tool" why "$name")"
  fi
  put_back
  echo "$room $name $SECONDS $verdict" >>"$work/table"
  printf '%-28s %4d s  %s\n' "$name" "$SECONDS" "$verdict"
}

if [[ ${1-} == --one ]]; then
  IFS=$'\t' read -r name room tests <<<"$2"
  cd "$work/$slot" && try_one "$name" "$room" "$tests"
  exit 0
fi

make -s -j"$(nproc)" FLAVOUR=release binary tests || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/quire-mutants.XXXXXX")
export work
trap 'rm -rf "$work"' EXIT
copies=$(nproc)
for ((i = 0; i < copies; i++)); do copy_tree "$i" || exit 1; done
lua5.4 "$tool" list "$@" >"$work/queue"
: >"$work/table"
xargs -a "$work/queue" -d '\n' -r -n 1 -P "$copies" --process-slot-var=slot "$PWD/tests/mutants/run.sh" --one

# By room, in the order of the list; then whatever was not killed.
awk -v wanted="$(wc -l <"$work/queue")" '
  { if (!($1 in n)) rooms[++r] = $1; n[$1]++; took[$1] += $3; all++; seconds += $3 }
  $4 == "killed" { dead[$1]++; killed++; next }
  { alive[$1] = alive[$1] " " $2; bad = bad "\n" $2 ": "; for (i = 4; i <= NF; i++) bad = bad " " $i }
  $4 == "STALE:" { stale++ }
  END {
    print "\n| room | mutants | killed | not killed | minutes |\n|---|---|---|---|---|"
    for (i = 1; i <= r; i++) printf "| %s | %d | %d |%s | %.1f |\n", rooms[i], n[rooms[i]], dead[rooms[i]], alive[rooms[i]], took[rooms[i]] / 60
    printf "| all | %d | %d | %d | %.1f |\n%s\n", all, killed, all - killed, seconds / 60, bad
    if (stale) printf "\n%d STALE: the code moved away from under them. Give each its new text; until then nobody knows whether they would be noticed.\n", stale
    exit stale ? 2 : killed < wanted || !wanted
  }' "$work/table"
