#!/bin/sh
# pipelines.sh - the pipelines' logic against the fake host: no build, no network. One line a promise; exit 1 when one is broken.
cd "$(dirname "$0")/../.." || exit 1
lua=${LUA:-lua5.4}
command -v "$lua" >/dev/null || { echo "not ok - $lua is needed (Debian: lua5.4)"; exit 1; }
failed=0
for test in tests/lua/test_*.lua; do
  LUA_PATH="tests/lua/?.lua" "$lua" "$test" || failed=1
done
exit $failed
