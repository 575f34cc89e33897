#!/usr/bin/env bash
# pipelines.sh - the pipelines' logic against the fake host: no build, no network. One line a promise.
cd "$(dirname "$0")/../.." || exit 1
out=$(for test in tests/lua/test_*.lua; do LUA_PATH="tests/lua/?.lua" lua5.4 "$test" 2>&1 || echo "not ok - $test ended with an error"; done)
echo "$out"
echo "1..$(grep -cE '^(not )?ok ' <<<"$out")"
! grep -q '^not ok' <<<"$out"
