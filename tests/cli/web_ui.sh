#!/usr/bin/env bash
# web_ui.sh - the web UI's pages and files, as a browser gets them from a host.
. "$(dirname "$0")/../lib.sh"

address() { sed -n 's/.*"address": *"\([^"]*\)".*/\1/p' "$QUIRE_LIBRARY/owner.json"; }
get() { curl -sS --path-as-is "${@:2}" "http://$(address)$1"; } # PATH [curl's options]
code() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
serve() {
  t_start "$tmp/serve" "$QUIRE" serve "$@"
  host=$pid
  t_wait 10 grep -q "listens at" "$tmp/serve"
}
stop() { kill -TERM "$host"; wait "$host"; }
t_at_exit stop
serve
shell=$(get /)
version=$(sed -n 's|.*"assets/\([0-9a-f]\{16\}\)/main.js".*|\1|p' <<<"$shell")

t_case "every screen's address answers with the shell"
for path in / /new /runs /runs/7 /gates/3 /books/a-book /books/a-book/chapters/2 /series/a-series /scripts \
  /scripts/phases/writing /settings /login; do
  t_is "$path $(get "$path" | sha256sum)" "$path $(sha256sum <<<"$shell")"
done

t_case "the shell names this version's files and leads to reading without JavaScript"
t_is "${#version}" 16
t_has "$shell" '<base href="/">'
t_has "$shell" '<a href="read">'
if [[ $shell == *"{{"* ]]; then t_fail "a placeholder was left: $shell"; fi

t_case "a page lets nothing run or load that is not ours"
heads=$(get / -o /dev/null -D -)
t_has "$heads" "Content-Security-Policy: default-src 'self';"
t_has "$heads" "frame-ancestors 'none'"
t_has "$heads" "X-Content-Type-Options: nosniff"
t_has "$heads" "Referrer-Policy: no-referrer"
if grep -qE 'unsafe-inline|unsafe-eval' <<<"$heads"; then t_fail "$heads"; fi
if grep -qiE '<script>|style=| on[a-z]+=' <<<"$shell"; then t_fail "inline code in the shell"; fi

t_case "a file of the UI is kept for good, and comes gzipped to whom takes it"
file=/assets/$version/main.js
heads=$(get "$file" -o "$tmp/plain" -D -)
t_has "$heads" "Content-Type: text/javascript"
t_has "$heads" "immutable"
t_is "$(cmp "$tmp/plain" "$root/host/ui/main.js" && echo same)" same
heads=$(get "$file" -H "Accept-Encoding: gzip" -o "$tmp/zipped" -D -)
t_has "$heads" "Content-Encoding: gzip"
t_has "$heads" "Vary: Accept-Encoding"
t_is "$(gzip -dc "$tmp/zipped" | sha256sum)" "$(sha256sum <"$tmp/plain")"
t_is "$(code "$file" -H "Accept-Encoding: gzip;q=0" -D "$tmp/heads")" 200
t_is "$(grep -ci '^content-encoding' "$tmp/heads")" 0

t_case "a file that did not change is not sent again"
etag=$(get "$file" -o /dev/null -D - | tr -d '\r' | sed -n 's/^ETag: //p')
t_is "$(code "$file" -H "If-None-Match: $etag")" 304

t_case "another version's file is no file, and says what to do"
t_is "$(code /assets/0123456789abcdef/main.js)" 404
t_has "$(get /assets/0123456789abcdef/main.js)" "load it again"
t_is "$(code "/assets/$version/none.js")" 404
t_is "$(code "/assets/$version/README.md")" 404

t_case "--ui serves the files of a directory, and nothing beside it"
stop
cp -r "$root/host/ui" "$tmp/ui"
echo secret >"$tmp/secret.js"
serve --ui "$tmp/ui"
t_has "$(get /)" '"assets/dev/main.js"'
echo '// mine' >>"$tmp/ui/main.js"
t_has "$(get /assets/dev/main.js)" "// mine"
t_has "$(get /assets/dev/main.js -D - -o /dev/null)" "no-store"
for path in ../secret.js ..%2fsecret.js core/..%2f..%2fsecret.js "%2fetc%2fpasswd" .%2e/secret.js core%2f..%2f..%2fsecret.js; do
  out=$(get "/assets/dev/$path")
  t_has "$out" '"error"'
done

t_case "--ui without a UI in it is told, with what it wants"
stop
t_run 10 "$QUIRE" serve --ui "$tmp"
t_has "$out" "index.html"
t_done
