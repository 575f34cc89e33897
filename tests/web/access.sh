#!/usr/bin/env bash
# access.sh - who may do what: browsers on this machine, other sites' pages, a password, sessions, tokens with scopes, other machines.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

mkdir -p "$QUIRE_LIBRARY"
web_start
browser=(-H 'X-Quire-Csrf: 1' -H 'Content-Type: application/json')
start='{"pipeline":"generate_book","input":{"brief":"A lamp.","chapters":2},"hold":true}'

t_case "without a password a browser on this machine may read and change, and is told so"
ask GET /api/session
t_is "$code $(field '$.needs_password') $(field '$.signed_in')" "200 0 1"
ask GET /api/runs
t_is "$code" 200
ask POST /api/runs "${browser[@]}" -d "$start"
t_is "$code" 201

t_case "another site's page changes nothing: no header of ours, no JSON, a foreign Origin, a foreign Host"
ask POST /api/runs -H 'Content-Type: application/json' -d "$start"
t_is "$code $(field '$.error.code')" "403 csrf"
ask POST /api/runs -H 'X-Quire-Csrf: 1' -H 'Content-Type: text/plain' -d "$start"
t_is "$code $(field '$.error.code')" "415 not_json"
ask POST /api/runs "${browser[@]}" -H 'Origin: https://evil.example' -d "$start"
t_is "$code $(field '$.error.code')" "403 foreign_origin"
ask GET /api/runs -H 'Host: evil.example'
t_is "$code $(field '$.error.code')" "403 host_not_allowed"
get /api/runs
t_is "$(field '$.items[1].run')" ""

t_case "everything that goes out says what a browser may do with it"
ask GET /api/session
t_has "$(header Content-Security-Policy)" "frame-ancestors 'none'"
t_is "$(header X-Content-Type-Options) $(header Referrer-Policy) $(header Cache-Control)" "nosniff no-referrer no-store"
t_is "$(header Cross-Origin-Resource-Policy)" same-origin

t_case "another site's page learns nothing either: what it fetches is refused, a link to a page of ours is followed"
for fetch in '-H Sec-Fetch-Mode:no-cors -H Sec-Fetch-Dest:image' '-H Sec-Fetch-Mode:cors' '-H Sec-Fetch-Mode:navigate -H Sec-Fetch-Dest:iframe' ''; do
  ask GET /api/runs -H 'Sec-Fetch-Site: cross-site' $fetch
  t_is "$code $(field '$.error.code')" "403 foreign_origin"
done
ask GET / -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Dest: document'
t_is "$code" 200
ask GET /api/runs -H 'Sec-Fetch-Site: same-origin' -H 'Sec-Fetch-Mode: cors'
t_is "$code" 200

t_case "hundreds of silent and slow connections delay nobody, health checks least of all"
silent=()
for i in {1..450}; do
  exec {fd}<>"/dev/tcp/127.0.0.1/${base##*:}" && silent+=("$fd")
  ((i % 3)) || printf 'GET /api/runs HTTP/1.1\r\nHost: lo' >&"$fd"
done 2>/dev/null
for path in /healthz /readyz /api/runs /; do
  ask GET "$path" -m 5
  t_is "$path $code" "$path 200"
done
for fd in "${silent[@]}"; do exec {fd}>&-; done

t_case "tokens open what their scopes say, until they are revoked"
for scope in read write metrics; do
  send POST /api/tokens "{\"name\":\"t-$scope\",\"scopes\":[\"$scope\"]}"
  t_is "$code" 201
  declare "t_$scope=$(field '$.token')"
done
send POST /api/tokens '{"name":"t-read","scopes":["read"]}'
t_is "$code $(field '$.error.code')" "409 exists"
with() { ask "$2" "$3" -H "Authorization: Bearer $1" "${@:4}"; }
with "$t_read" GET /api/runs
t_is "$code" 200
with "$t_read" POST /api/runs -d "$start"
t_is "$code $(field '$.error.code')" "403 forbidden"
with "$t_write" POST /api/runs -d "$start"
t_is "$code" 201
with "$t_metrics" GET /api/runs
t_is "$code" 403
with "$t_read" POST /api/scripts/check -d '{"name":"phases/writing","source":"return {}"}'
t_is "$code" 403
with "$t_metrics" GET /metrics
t_is "$code" 200
with wrong GET /api/runs
t_is "$code" 401
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM settings WHERE instr(value, '$t_read') > 0")" 0
send DELETE /api/tokens/t-read
t_is "$code" 200
with "$t_read" GET /api/runs
t_is "$code" 401
send DELETE /api/tokens/t-read
t_is "$code" 404

t_case "what a revoked token did ends with it: no token makes another, sets the password or replaces a key"
with "$t_write" POST /api/tokens -d '{"name":"heir","scopes":["write"]}'
t_is "$code $(field '$.error.code')" "403 forbidden"
t_has "$body" "only the owner"
with "$t_write" DELETE /api/tokens/t-metrics
t_is "$code" 403
with "$t_write" PUT /api/password -d '{"password":"the password of a token"}'
t_is "$code" 403
with "$t_write" PUT /api/keys/openai -d '{"key":"sk-mine"}'
t_is "$code" 403
ask GET /api/tokens
t_is "$(field '$[1].name') $(field '$[2].name')" "t-write "
ask GET /api/session
t_is "$(field '$.needs_password')" 0

t_case "no browser and no token names a path of this machine: only the command line does"
for field in '"file":"/etc/passwd"' '"scripts":"/etc"' '"out":"/tmp/x"'; do
  with "$t_write" POST /api/runs -d "{\"pipeline\":\"generate_book\",\"hold\":true,$field}"
  t_is "$code $(field '$.error.code')" "403 forbidden"
done
ask POST /api/runs/1/resume "${browser[@]}" -d '{"scripts":"/etc"}'
t_is "$code $(field '$.error.code')" "403 forbidden"

t_case "with a password nobody reads without it, and the right one opens a session"
send PUT /api/password '{"password":"short"}'
t_is "$code" 400
send PUT /api/password '{"password":"a long enough password"}'
t_is "$code" 200
ask GET /api/session
t_is "$code $(field '$.needs_password') $(field '$.signed_in') $(field '$.library')" "200 1 0 "
ask GET /api/runs
t_is "$code $(field '$.error.code')" "401 unauthorized"
ask POST /api/session "${browser[@]}" -d '{"password":"not the password"}'
t_is "$code $(header Set-Cookie)" "401 "
ask POST /api/session -H 'Content-Type: application/json' -d '{"password":"a long enough password"}'
t_is "$code" 403
ask POST /api/session "${browser[@]}" -d '{"password":"a long enough password"}'
t_is "$code" 200
cookie=$(header Set-Cookie)
t_has "$cookie" "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"
session=${cookie%%;*}
ask GET /api/runs -H "Cookie: other=1; $session"
t_is "$code" 200
ask GET /api/runs -H "Cookie: $session" -H 'Authorization: Basic eDp5' # what a proxy before us asked for
t_is "$code" 200
ask GET /api/runs -H "Cookie: quire_session=$(printf '%064d' 0)"
t_is "$code" 401
ask POST /api/runs -H "Cookie: $session" -H 'Content-Type: application/json' -d "$start"
t_is "$code $(field '$.error.code')" "403 csrf"
t_is "$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT count(*) FROM sessions WHERE id = '${session#*=}'")" 0

t_case "the session lives on when the host starts again, and ends with signing out and with a new password"
web_stop
web_start
ask GET /api/runs -H "Cookie: $session"
t_is "$code" 200
ask DELETE /api/session -H "Cookie: $session" "${browser[@]}"
t_is "$code" 200
ask GET /api/runs -H "Cookie: $session"
t_is "$code" 401
ask POST /api/session "${browser[@]}" -d '{"password":"a long enough password"}'
cookie=$(header Set-Cookie)
send PUT /api/password '{"password":"another long password"}'
ask GET /api/runs -H "Cookie: ${cookie%%;*}"
t_is "$code" 401

t_case "guessing is slowed down, for one client and before the right password is looked at"
for _ in 1 2 3 4 5 6 7; do ask POST /api/session "${browser[@]}" -d '{"password":"guess"}'; done
t_is "$code" 429
seconds=$(header Retry-After)
((seconds > 0 && seconds <= 60)) || t_fail "Retry-After: $seconds"
ask POST /api/session "${browser[@]}" -d '{"password":"another long password"}'
t_is "$code" 429
get /api/runs
t_is "$code" 200
web_stop

t_case "forty wrong passwords from everywhere lock nobody out who has not failed, and leave each that has no second guess"
echo 'return { trusted_proxies = { "127.0.0.1" } }' >"$QUIRE_LIBRARY/quire.lua"
web_start
guess() { ask POST /api/session "${browser[@]}" -H "X-Forwarded-For: $1" -d "{\"password\":\"$2\"}"; }
for i in {1..40}; do guess "198.51.100.$i" wrong; done
t_is "$code" 401
guess 198.51.100.7 'another long password'
t_is "$code" 429
guess 203.0.113.5 'another long password'
t_is "$code" 200
guess 2001:db8::1 wrong
t_is "$code" 401
guess 2001:db8::2 'another long password'
t_is "$code" 429
web_stop
rm "$QUIRE_LIBRARY/quire.lua"

t_case "where other machines could come in a password is demanded, and metrics want a token"
sqlite3 "$QUIRE_LIBRARY/quire.db" "DELETE FROM settings WHERE key = 'password'"
t_run 8 env QUIRE_UNGUARDED=1 "$QUIRE" serve --listen 0.0.0.0:0
t_has "$out" 'quire config password'
echo 'return { public_url = "https://books.example.org/quire/" }' >"$QUIRE_LIBRARY/quire.lua"
t_run 8 env QUIRE_UNGUARDED=1 "$QUIRE" serve
t_has "$out" 'it has no password'
rm "$QUIRE_LIBRARY/quire.lua"
t_run 2 "$QUIRE" config password <<<short
t_run "$QUIRE" config password <<<'another long password'
web_listen=0.0.0.0:0 web_start
ask GET /api/runs
t_is "$code" 401
ask GET /api/runs -H "Host: 192.0.2.7:${base##*:}"
t_is "$code $(field '$.error.code')" "401 unauthorized"
get /api/runs
t_is "$code" 200

t_case "the password of a library that other machines reach cannot be removed, and without one nothing is open"
send PUT /api/password '{"password":null}'
t_is "$code $(field '$.error.code')" "409 conflict"
t_has "$(field '$.error.hint')" "127.0.0.1"
t_run 1 "$QUIRE" config password --remove
ask GET /api/runs
t_is "$code" 401
kept=$(sqlite3 "$QUIRE_LIBRARY/quire.db" "SELECT value FROM settings WHERE key = 'password'")
sqlite3 "$QUIRE_LIBRARY/quire.db" "DELETE FROM settings WHERE key = 'password'"
ask GET /api/runs
t_is "$code $(field '$.error.code')" "401 unauthorized"
ask POST /api/session "${browser[@]}" -d '{"password":"another long password"}'
t_is "$code" 401
get /api/runs
t_is "$code" 200
sqlite3 "$QUIRE_LIBRARY/quire.db" "INSERT INTO settings (key, value) VALUES ('password', '$kept')"

t_case "tokens are made and revoked on the command line"
t_run "$QUIRE" token new prometheus --scopes metrics
with "$(grep -x '[0-9a-f]*' <<<"$out")" GET /metrics
t_is "$code" 200
t_run "$QUIRE" token list --json
t_is "$(sqlite3 :memory: "SELECT json_extract('$out', '\$[0].name')")" prometheus
t_run "$QUIRE" token revoke prometheus
t_run 10 "$QUIRE" token revoke prometheus
web_stop
echo 'return { public_url = "https://books.example.org/quire/" }' >"$QUIRE_LIBRARY/quire.lua"
web_start
ask GET /metrics
t_is "$code" 401
with "$t_metrics" GET /metrics
t_is "$code" 200
ask POST /quire/api/session -H 'Host: books.example.org' -H 'Origin: https://books.example.org' "${browser[@]}" -d '{"password":"another long password"}'
t_is "$code" 200
t_has "$(header Set-Cookie)" "Path=/quire/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure"

t_case "an address that is none is refused with its name"
echo 'return { public_url = "books.example.org" }' >"$QUIRE_LIBRARY/quire.lua"
web_stop
t_run 8 env QUIRE_UNGUARDED=1 "$QUIRE" serve
t_has "$out" "public_url 'books.example.org' is not an address"

t_done
