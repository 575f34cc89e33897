#!/usr/bin/env bash
# fuzz.sh - bad input for every address of the API: never a 5xx, never silence, and the host goes on. Under the address sanitizer too.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

book "The Lamp" 2
"$QUIRE" run generate_book --set title="Asked" --set brief="A gate." --set chapters=2 --set review=true --quiet >/dev/null 2>&1
cd "$tmp" || exit 1
web_start
send POST /api/tokens '{"name":"fuzz","scopes":["write"]}'
fuzz_token=$(field '$.token')
host=$(sqlite3 :memory: "SELECT json_extract(readfile('$QUIRE_LIBRARY/owner.json'), '\$.pid')")

t_case "whatever is sent to any address, the answer says what is wrong with it"
for seed in 1 2 3; do
  out=$(node "$root/tests/web/fuzz.js" "$base" "$fuzz_token" "$seed" 2>&1)
  t_is "$(tail -1 <<<"$out" | sed 's/.*requests, //')" "0 complaints" || head -40 <<<"$out"
done

t_case "the host is still the same process, sound, and the books are there"
t_is "$(sqlite3 :memory: "SELECT json_extract(readfile('$QUIRE_LIBRARY/owner.json'), '\$.pid')")" "$host"
get /api/projects/the-lamp
t_is "$code $(field '$.chapters_done')" "200 2"
t_run "$QUIRE" doctor --audit
web_stop
t_is "$(grep -c 'ERROR: \|runtime error' "$tmp/serve.log")" 0

t_done
