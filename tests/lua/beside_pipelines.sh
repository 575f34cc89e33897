#!/usr/bin/env bash
# The tests beside the pipelines (NAME_test.lua), in the real host.
. "$(dirname "$0")/../lib.sh"
"$QUIRE" script test --tap pipelines
