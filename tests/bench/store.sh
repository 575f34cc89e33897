#!/usr/bin/env bash
# Durable journal steps a second beside raw SQLite, in build/ (a real disk).
set -eu
exec "$BUILD/release/tests/bench/bench_store" "$BUILD" 100 3
