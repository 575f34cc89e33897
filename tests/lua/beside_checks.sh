#!/usr/bin/env bash
# The tests that lie beside the checks of scripts/checks (NAME_test.lua), in the real host.
. "$(dirname "$0")/../lib.sh"
"$QUIRE" script test --tap checks
