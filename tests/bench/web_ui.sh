#!/usr/bin/env bash
# web_ui.sh - what the web UI's first screen costs: bytes and time until something is on the screen.
cd "$(dirname "$0")/../.." || exit 1
if [[ ! -d tests/browser/node_modules ]]; then
  echo "web UI: not measured; make install-test fetches what drives the browser"
  exit 0
fi
node tests/browser/first_load.js | sed -n 's/^# //p'
