#!/usr/bin/env bash
# 1,000 kills: see ../storm.sh.
KILLS=${KILLS:-1000}
. "$(dirname "$0")/../storm.sh"
