#!/usr/bin/env bash
# A failing disk at each pass of each call: see ../disk.sh.
EVERY=1
. "$(dirname "$0")/../disk.sh"
