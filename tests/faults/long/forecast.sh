#!/usr/bin/env bash
# 20 books, of six chapters: see ../forecast.sh.
BOOKS=${BOOKS:-20}
CHAPTERS=${CHAPTERS:-6}
. "$(dirname "$0")/../forecast.sh"
