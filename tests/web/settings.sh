#!/usr/bin/env bash
# settings.sh - settings with their origins and health over the API; keys go in and never come out; a provider is tried; a backup is made.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

t_start "$tmp/provider" "$QUIRE" rehearse --listen 127.0.0.1:0
t_at_exit kill "$pid"
t_wait 10 grep -q http:// "$tmp/provider"
url=$(grep -o 'http://[0-9.:]*' "$tmp/provider" | head -1)
mkdir -p "$QUIRE_LIBRARY"
cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = {
    house = { adapter = "openai", base_url = "$url/v1", key_env = "HOUSE_KEY" },
    gone = { adapter = "openai", base_url = "http://127.0.0.1:1/v1", retries = -1 },
    behind = { adapter = "openai", base_url = "http://me:hidden@127.0.0.1:1/v1?hidden=1" },
    filed = { adapter = "openai", base_url = "$url/v1", key_file = "$tmp/elsewhere" },
  },
  roles = { judge = "house/novelist" },
  limits = { run_usd = 7 },
  notify = { url = "http://me:hidden@127.0.0.1:1/hidden?hidden=1", attempts = 1 },
}
LUA
unset HOUSE_KEY
web_start
secret=sk-very-secret-0123456789
provider() { sqlite3 :memory: "SELECT json_extract(value, '$.$2') FROM json_each(readfile('$tmp/body'), '$.providers') WHERE json_extract(value, '$.name') = '$1'"; }
setting() { sqlite3 :memory: "SELECT json_extract(value, '$.value') || ' ' || json_extract(value, '$.origin') FROM json_each(readfile('$tmp/body'), '$.settings') WHERE json_extract(value, '$.name') = '$1'"; }

t_case "settings are told with where each comes from"
get /api/settings
t_is "$code" 200
t_is "$(setting limits.run_usd)" "7.0 quire.lua"
t_is "$(setting limits.run_calls)" "2000.0 default"
t_has "$(setting listen)" " flag"
t_is "$(field '$.library')" "$QUIRE_LIBRARY"
t_is "$(field '$.ready') $(field '$.store.healthy') $(field '$.watcher.late')" "1 1 0"
t_is "$(provider house key) $(provider rehearsal key) $(provider house models)" 'missing none ["house/novelist"]'

t_is "$(setting notify.url)" "http://127.0.0.1:1/... quire.lua"
t_is "$(provider behind base_url)" "http://127.0.0.1:1/v1..."
[[ $body == *hidden* ]] && t_fail "a password in an address is told"
[[ $("$QUIRE" doctor 2>&1) == *hidden* ]] && t_fail "doctor tells a password in an address"

t_case "a key goes in and is never told"
send PUT /api/keys/house "{\"key\":\"$secret\"}"
t_is "$code $(field '$.key') $(field '$.key_from')" "200 set file"
t_is "$(stat -c %a "$QUIRE_LIBRARY/keys/house") $(stat -c %a "$QUIRE_LIBRARY/keys")" "600 700"
t_is "$(cat "$QUIRE_LIBRARY/keys/house")" "$secret"
for path in /api/settings /api/keys/house /files/keys/house /api/scripts; do
  get "$path"
  [[ $body == *"$secret"* ]] && t_fail "$path tells the key"
done
grep -rq "$secret" "$tmp/serve.log" && t_fail "the log tells the key"

t_case "the next call uses it"
send POST /api/providers/house/test '{}' -m 60
t_is "$code $(field '$.ok') $(field '$.model')" "200 1 house/novelist"
[[ $body == *"$secret"* ]] && t_fail "the answer tells the key"

t_case "keys that are none, of nobody, or kept elsewhere are refused"
for key in '"a b"' '"a\nb"' '""' 7 '{}' '"é"' "\"$(printf 'x%.0s' {1..5000})\""; do
  send PUT /api/keys/house "{\"key\":$key}"
  t_is "$code" 400
done
send PUT /api/keys/house '{}'
t_is "$code" 400
send PUT /api/keys/nobody '{"key":"x"}'
t_is "$code" 404
send PUT /api/keys/rehearsal '{"key":"x"}'
t_is "$code" 409
send PUT /api/keys/filed '{"key":"x"}'
t_is "$code" 409
t_has "$body" "$tmp/elsewhere"
send PUT /api/keys/..%2f..%2fx '{"key":"x"}' --path-as-is
[[ $code == 40[04] ]] || t_fail "$code"
t_is "$(cat "$QUIRE_LIBRARY/keys/house")" "$secret"

t_case "a key is forgotten when asked"
send PUT /api/keys/house '{"key":null}'
t_is "$code $(field '$.key')" "200 missing"
t_ok test ! -e "$QUIRE_LIBRARY/keys/house"

t_case "a provider that is not there says so in words"
send POST /api/providers/gone/test '{"model":"any"}' -m 60
t_is "$code $(field '$.ok')" "200 0"
t_has "$(field '$.message')" "cannot be reached"
send POST /api/providers/gone/test '{}' -m 60
t_is "$code" 400
send POST /api/providers/nobody/test '{}'
t_is "$code" 404
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" 'SELECT count(*) FROM projects')" 0

t_case "a backup is one checked file beside the library"
send POST /api/backup '{}' -m 60
t_is "$code" 201
t_ok test -s "$(field '$.path')"
t_is "$(stat -c %s "$(field '$.path')") $(stat -c %a "$(field '$.path')")" "$(field '$.bytes') 600"
t_is "$(sqlite3 "$(field '$.path')" 'PRAGMA integrity_check')" ok

t_case "what failed last is told"
echo 'return { input = {}, run = function() error("a broken pipe") end }' >"$tmp/fails.lua"
"$QUIRE" run "$tmp/fails.lua" >"$tmp/failed" 2>&1
get /api/settings
t_is "$(field '$.errors[0].status')" failed
t_has "$(field '$.errors[0].error.message')" "a broken pipe"

web_stop

t_case "on the command line a provider is tried in the same way"
t_run "$QUIRE" provider test rehearsal
t_has "$out" "ok rehearsal/novelist"
t_run 1 "$QUIRE" provider test gone/any
t_has "$out" "cannot be reached"
t_run 7 "$QUIRE" provider test gone # it is asked which models it has
t_has "$out" "provider 'gone' does not answer"
t_run 4 "$QUIRE" provider test openai # a known one needs no model's name
t_has "$out" "set OPENAI_API_KEY"

t_done
