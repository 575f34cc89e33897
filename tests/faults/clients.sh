#!/usr/bin/env bash
# The services' own clients (tests/clients, from npm) against `quire rehearse`: what satisfies them is spoken as the services speak it.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

skip() { t_case "the services' own clients"; t_skip "$1"; t_done; }
[[ -d $root/tests/clients/node_modules ]] || skip "they are not installed: make install-test"
(($(node -p 'process.versions.node.split(".")[0]') >= 20)) || skip "they need Node 20"
rehearse_start --chunks 4 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
env -u http_proxy -u https_proxy node "$root/tests/clients/clients.js" "http://$rehearse"
