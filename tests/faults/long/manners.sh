#!/usr/bin/env bash
# 60 books by a seed that it prints: see ../manners.sh.
BOOKS=${BOOKS:-60}
SEED=${SEED:-$((RANDOM + 1))}
. "$(dirname "$0")/../manners.sh"
