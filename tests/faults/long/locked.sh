#!/usr/bin/env bash
# The lock is held for a minute, with the steps that everybody has: see ../locked.sh.
HOLD_S=60 STEP_MS=15000 HAMMER_S=60
. "$(dirname "$0")/../locked.sh"
