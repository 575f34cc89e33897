#!/usr/bin/env bash
# faults/handed_back.sh with 100 deaths of each dialect (KILLS).
KILLS=${KILLS:-100} exec "$(dirname "$0")/../handed_back.sh"
