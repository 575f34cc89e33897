#!/usr/bin/env bash
# run.sh - runs every test and counts: `N passed, N failed`.
#
#   tests/run.sh [--check | --unit | --faults] [PART-OF-NAME]...       (make builds what it runs)
#
# Tests are the cmocka programs in build/FLAVOUR/tests/unit, the shell tests in tests/{lua,cli,web,faults}, and the browser tests in
# tests/browser (*.test.js, for node); all speak TAP.
# One more runs at once than there are processors, for most wait for much of their time; each has TEST_SECONDS (300, under a sanitizer 1800), and only its own process group is ended.
# --check runs tests/check.sh first, which counts as one case; --unit leaves the shell tests out. A test that dies
# before it ran all cases of its plan counts as failed; so does a suite in which nothing ran.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} QUIRE_FLAVOUR=${QUIRE_FLAVOUR:-release}
slower=1; [[ $QUIRE_FLAVOUR == release ]] || slower=6
export TEST_SECONDS=${TEST_SECONDS:-$((300 * slower))}
results=$BUILD/$QUIRE_FLAVOUR/results

# Runs one test; leaves its output in NAME.out and "passed failed" in NAME.count.
run_one() {
  local test=$1 name status passed failed plan
  name=$(tr / - <<<"${test#"$BUILD/$QUIRE_FLAVOUR/"}")
  local out=$results/$name.out
  SECONDS=0
  { timeout -k 10 "$TEST_SECONDS" "$test" >"$out" 2>&1 </dev/null; } 2>/dev/null
  status=$?
  passed=$(grep -c '^ok ' "$out")
  failed=$(grep -c '^not ok ' "$out")
  plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$out" | awk '{ n += $1 } END { print n + 0 }')
  if ((SECONDS >= TEST_SECONDS && status >= 124)); then echo "# ended: it took longer than $TEST_SECONDS s" >>"$out"; fi
  if ((failed == 0 && (status != 0 || plan == 0 || passed != plan))); then
    echo "# it ended with status $status after $passed of ${plan:-0} cases" >>"$out"
    failed=1
  fi
  echo "$passed $failed" >"$results/$name.count"
  local took=''
  ((SECONDS < 5)) || took=", $SECONDS s"
  if ((failed)); then
    printf '%s\n' "FAIL $test" "$(sed 's/^/  /' "$out")"
  else
    echo "pass $test ($passed${took})"
  fi
}

if [[ ${1-} == --one ]]; then
  run_one "$2"
  exit 0
fi

kinds=(browser lua web faults cli) check='' units=1 jobs=$(($(nproc) + 1))
if [[ ${1-} == --check ]]; then check=1; shift; fi
if [[ ${1-} == --unit ]]; then kinds=(); shift; fi
if [[ ${1-} == --faults ]]; then kinds=(faults/long faults) units='' TEST_SECONDS=7200; shift; fi # the longest first
rm -rf "$results"
mkdir -p "$results"

QUIRE=$(readlink -f "$BUILD")/quire
[[ $QUIRE_FLAVOUR == release ]] || QUIRE=$(readlink -f "$BUILD/$QUIRE_FLAVOUR")/quire
export QUIRE CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99:${ASAN_OPTIONS-}
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS-}
export TSAN_OPTIONS=halt_on_error=1:exitcode=99:suppressions=$PWD/tests/tsan.supp:${TSAN_OPTIONS-}

if [[ $check ]]; then
  if tests/check.sh; then count="1 0"; else count="0 1"; fi
  echo "$count" >"$results/check.count"
fi

# The folders with the longest tests come first: no long one is left to run alone at the end.
list_tests() {
  local source kind
  for kind in "${kinds[@]}"; do find "tests/$kind" -maxdepth 1 \( -name '*.sh' -o -name '*.test.js' \) 2>/dev/null | LC_ALL=C sort; done
  for source in tests/unit/test_*.c; do
    [[ $units && -e $source ]] && echo "$BUILD/$QUIRE_FLAVOUR/${source%.c}"
  done
  return 0
}

wanted() {
  local part
  (($# == 1)) && return 0
  for part in "${@:2}"; do [[ $1 == *"$part"* ]] && return 0; done
  return 1
}

while read -r test; do
  wanted "$test" "$@" && printf '%s\0' "$test"
done < <(list_tests) | xargs -0 -r -n 1 -P "$jobs" "$0" --one

grep -h '^ok .*# SKIP' "$results"/*.out 2>/dev/null | sed 's/^ok [0-9]* - /skipped: /'
cat "$results"/*.count 2>/dev/null | awk '
  { passed += $1; failed += $2 }
  END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }'
