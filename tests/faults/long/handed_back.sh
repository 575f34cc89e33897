#!/usr/bin/env bash
# faults/handed_back.sh and batches.sh with 100 deaths of each dialect (KILLS).
export KILLS=${KILLS:-100}
"$(dirname "$0")/../handed_back.sh" && exec "$(dirname "$0")/../batches.sh"
