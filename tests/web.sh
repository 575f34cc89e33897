# shellcheck shell=bash
# web.sh - what the tests in web/ share. Source it after lib.sh.
#
#   web_start [OPTION]...     `quire serve` of $QUIRE_LIBRARY on a free port (or on $web_listen); waits until it answers; sets $base
#                             and $token
#   web_stop                  asks it to stop and waits
#   get PATH [CURL]...        with the token; leaves $code, $body, and the headers in $tmp/head
#   send METHOD PATH [JSON] [CURL]...
#   ask METHOD PATH [CURL]... without a token: as a stranger, or a browser
#   field '$.items[0].run'    a value of $body
#   header NAME               of the last answer
#   book TITLE [CHAPTERS]     writes a short book with the rehearsal model; its run has ended

web_start() {
  rm -f "$QUIRE_LIBRARY/owner.json"
  t_start "$tmp/serve.log" "$QUIRE" serve --listen "${web_listen:-127.0.0.1:0}" "$@"
  web_pid=$pid
  t_at_exit kill "$web_pid"
  t_wait 20 test -s "$QUIRE_LIBRARY/owner.json" || cat "$tmp/serve.log"
  web_owner
}

# Reads who owns the library now.
web_owner() {
  IFS=' ' read -r base token < <(t_sql :memory: "SELECT printf('http://%s %s', owner ->> 'address', owner ->> 'token')
    FROM (SELECT readfile('$QUIRE_LIBRARY/owner.json') AS owner)")
}

web_stop() {
  kill "$web_pid"
  wait "$web_pid"
}

ask() {
  local method=$1 path=$2 parts
  shift 2
  code=$(curl -sS -m 20 -X "$method" -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" "$base$path" 2>"$tmp/curl.err")
  mapfile -d '' -t parts <"$tmp/body" # a body may hold anything; bash's variables no NUL
  printf -v body '%s' "${parts[@]}"
  while [[ $body == *$'\n' ]]; do body=${body%$'\n'}; done
}

get() { ask GET "$1" -H "Authorization: Bearer $token" "${@:2}"; }

send() {
  local data=()
  (($# > 2)) && data=(-H 'Content-Type: application/json' --data-binary "$3")
  ask "$1" "$2" -H "Authorization: Bearer $token" "${data[@]}" "${@:4}"
}

field() { t_sql :memory: "SELECT json_extract(CAST(readfile('$tmp/body') AS TEXT), '$1')"; }

header() {
  local lines line value=''
  mapfile -t lines <"$tmp/head"
  for line in "${lines[@]%$'\r'}"; do [[ ${line,,} != "${1,,}: "* ]] || value=${line#*: }; done
  echo "$value"
}

book() {
  "$QUIRE" run generate_book --set title="$1" --set brief="A lighthouse keeper finds a log." \
    --set chapters="${2:-2}" --set words_per_chapter=600 --quiet >"$tmp/book.out" 2>&1 || cat "$tmp/book.out"
}
