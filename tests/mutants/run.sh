#!/usr/bin/env bash
# run.sh - small breaks of Quire, each of which a test must notice.
#
#   make mutants               all of tests/mutants/list.lua; half an hour or more
#   make mutants T="spool llm" those whose names hold a word of T
#
# Each mutant is applied to a copy of the tree (one copy a processor), built, and run against the tests nearest to it. Prints a line
# each: killed (a test failed), SURVIVED (none did: a promise that nothing holds), STALE (its text is not in the tree any more, or
# twice), BROKEN (it does not compile), UNTESTED (its tests are not there). Ends with 1 unless all were killed.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=$PWD/tests/mutants/apply.lua

# A copy with its own build: what is not mutated is compiled once.
copy_tree() {
  mkdir "$work/$1"
  git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$work/$1"
  [[ ! -e tests/browser/node_modules ]] || ln -s "$PWD/tests/browser/node_modules" "$work/$1/tests/browser/node_modules"
  (cd "$work/$1" && make -s FLAVOUR=release WARNINGS=-w binary tests >build.log 2>&1) || { tail -n 20 "$work/$1/build.log"; return 1; }
}

put_back() {
  local kept
  while IFS= read -r -d '' kept; do mv "$kept" "${kept%.unmutated}" && touch "${kept%.unmutated}"; done < <(find host scripts pipelines -name '*.unmutated' -print0)
}

# NAME TESTS: one mutant in the copy that we stand in
try_one() {
  local name=$1 tests=$2 verdict
  if ! lua5.4 "$tool" apply "$name" . 2>why; then
    verdict="STALE: $(cat why)"
  elif ! make -s FLAVOUR=release WARNINGS=-w T="$tests" binary tests >build.log 2>&1; then
    verdict="BROKEN: $(grep -m 1 error build.log)"
  elif # shellcheck disable=SC2086
    TEST_SECONDS=${TEST_SECONDS:-120} tests/run.sh $tests >test.log 2>&1; then
    verdict="SURVIVED: $(lua5.4 "$tool" why "$name")"
  elif grep -q '^0 passed, 0 failed' test.log; then
    verdict="UNTESTED: no test is called $tests"
  else
    verdict="killed by $({ grep '^  not ok' test.log; grep '^FAIL' test.log; } | sed '1!d; s/^  not ok [0-9]* - //')"
  fi
  put_back
  printf '%-34s %s\n' "$name" "$verdict"
}

if [[ ${1-} == --one ]]; then
  cd "$work/$slot" && try_one "${2%%$'\t'*}" "${2#*$'\t'}"
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/quire-mutants.XXXXXX")
export work
trap 'rm -rf "$work"' EXIT
copies=$(nproc)
for ((i = 0; i < copies; i++)); do copy_tree "$i" || exit 1; done
lua5.4 "$tool" list "$@" >"$work/queue"
xargs -a "$work/queue" -d '\n' -r -n 1 -P "$copies" --process-slot-var=slot "$PWD/tests/mutants/run.sh" --one | tee "$work/table"
total=$(wc -l <"$work/queue") killed=$(grep -c ' killed by ' "$work/table")
echo "$killed of $total mutants killed"
((killed == total && total > 0))
