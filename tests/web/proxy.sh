#!/usr/bin/env bash
# proxy.sh - behind a real nginx with the configuration of host/service.md: pages, changes, events and sign-in under a path of another name.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../web.sh"

# A port that nobody has now.
free_port() {
  local port
  for ((port = 18000 + RANDOM % 10000; ; port++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

front=$(free_port)
name=books.example.org
mkdir -p "$QUIRE_LIBRARY" "$tmp/nginx"
cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return { public_url = "http://$name:$front/quire/", trusted_proxies = { "127.0.0.1" } }
LUA
"$QUIRE" config password <<<'a long enough password' >/dev/null
web_start
cat >"$tmp/nginx/nginx.conf" <<CONF
daemon off; pid $tmp/nginx/pid; error_log $tmp/nginx/error.log; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path $tmp/nginx/body; proxy_temp_path $tmp/nginx/proxy; fastcgi_temp_path $tmp/nginx/f;
  uwsgi_temp_path $tmp/nginx/u; scgi_temp_path $tmp/nginx/s;
  server {
    listen 127.0.0.1:$front; listen 127.0.0.2:$front;
    $(sed -n '/^```nginx$/,/^```$/p' "$root/host/service.md" | grep -v '^```' | sed "s#http://127.0.0.1:8420#$base#")
  }
}
CONF
t_start "$tmp/nginx/out" nginx -c "$tmp/nginx/nginx.conf" -e "$tmp/nginx/error.log"
t_at_exit kill "$pid"

through() { # METHOD PATH [CURL]...
  local behind=$base
  base=http://$name:$front
  ask "$1" "/quire$2" --resolve "$name:$front:127.0.0.1" "${@:3}"
  base=$behind
}
reached() { through GET /healthz && [[ $code == 200 ]]; }
browser=(-H 'X-Quire-Csrf: 1' -H 'Content-Type: application/json' -H "Origin: http://$name:$front")

t_case "a page knows where it is"
t_wait 10 reached || cat "$tmp/nginx/out" "$tmp/nginx/error.log"
through GET /
t_is "$code" 200
t_has "$body" 'href="/quire/"'

t_case "signing in, changing and reading work under the public name, and only with its Origin"
through GET /api/runs
t_is "$code" 401
through POST /api/session "${browser[@]}" -d '{"password":"a long enough password"}'
t_is "$code" 200
t_has "$(header Set-Cookie)" 'Path=/quire/;'
session=$(header Set-Cookie) session=${session%%;*}
through POST /api/runs "${browser[@]}" -H "Cookie: $session" -d '{"pipeline":"generate_book","input":{"brief":"A lamp.","chapters":2},"hold":true}'
t_is "$code" 201
through POST /api/sweep "${browser[@]:0:4}" -H 'Origin: https://evil.example' -H "Cookie: $session" -d '{}'
t_is "$code $(field '$.error.code')" "403 foreign_origin"
through GET /api/runs -H "Cookie: $session"
t_is "$(field '$.items[0].run')" 1
through GET /read
t_is "$code $(header Location)" "303 /quire/login"

t_case "events come through as they happen"
t_start "$tmp/stream" curl -sN --resolve "$name:$front:127.0.0.1" -H "Cookie: $session" "http://$name:$front/quire/api/events?after=0"
t_at_exit kill "$pid"
t_wait 10 grep -q '"status":"queued"' "$tmp/stream"
send POST /api/runs/1/cancel '{}'
t_wait 10 grep -q '"status":"cancelled"' "$tmp/stream"
t_ok

t_case "who guesses from one address does not lock out another"
for _ in 1 2 3 4 5 6; do through POST /api/session "${browser[@]}" -d '{"password":"guess"}'; done
t_is "$code" 429
behind=$base base=http://$name:$front
ask POST /quire/api/session --resolve "$name:$front:127.0.0.2" --interface 127.0.0.2 "${browser[@]}" -d '{"password":"a long enough password"}'
base=$behind
t_is "$code" 200

t_done
