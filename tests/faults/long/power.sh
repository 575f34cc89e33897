#!/usr/bin/env bash
# 2,000 crash images: see ../power.sh.
IMAGES=${IMAGES:-700}
. "$(dirname "$0")/../power.sh"
