#!/usr/bin/env bash
# The lock is held for 100 seconds, with the steps that everybody has, and four writers hammer for 60: see ../locked.sh.
HOLD_S=100 STEP_MS=15000 HAMMER_S=60
. "$(dirname "$0")/../locked.sh"
