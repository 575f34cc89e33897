#!/usr/bin/env bash
# A failing disk at many more passes of each call: see ../disk.sh.
PASSES="$(seq -s ' ' 1 40) $(seq -s ' ' 45 9 300)"
. "$(dirname "$0")/../disk.sh"
