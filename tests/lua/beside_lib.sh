#!/usr/bin/env bash
# The tests that lie beside the scripts of scripts/lib and scripts/exports (NAME_test.lua), in the real host.
. "$(dirname "$0")/../lib.sh"
"$QUIRE" script test --tap lib exports
