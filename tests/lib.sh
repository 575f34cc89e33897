# shellcheck shell=bash
# lib.sh - what shell tests share. Source it first:  . "$(dirname "$0")/../lib.sh"
#
#   t_case "a killed host loses no chapter"     a new case; the one before it ends
#   t_is "$got" "expected"                      | checks: each that fails ends the case as failed, with what it saw
#   t_has "$text" "part"                        |
#   t_run [STATUS] command...                   | runs it, keeps stdout+stderr in $out and the status in $status
#   t_epub FILE                                 | epubcheck finds no error in it
#   t_ok [command...]                           | passes (when the command succeeds, if there is one)
#   t_fail "what went wrong"                    |
#   t_skip "why"
#   t_start FILE command...             starts it in the background, stdout+stderr in FILE, its process id in $pid. FILE is new: what an
#                                       earlier command wrote there must not pass for a word of this one
#   t_wait SECONDS command...           until it succeeds: t_wait 5 test -e "$tmp/ready"
#   t_sleep SECONDS
#   t_sql DATABASE QUERY                the answer's rows without the header, columns joined by "|"
#   t_http ADDRESS METHOD PATH [BODY [HEADER]...]   the answer's body in $t_reply, its status in $t_code (000: none came)
#   t_done                                      the last line: prints the count, exits != 0 when a case failed
#
# A process costs more than most of what is asked here, and a test that waits asks again and again: t_sleep and t_http start none, and all t_sql
# of a test are answered by one.
#
# A case without any check fails. $QUIRE is the binary, $tmp a scratch directory that goes away at the end, $root the source tree.
# Programs that cost much and are not what a test is about are those of tests/stubs.
# The output is TAP, which tests/run.sh counts.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${QUIRE:=$root/build/quire}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quire-test.XXXXXX")
export QUIRE QUIRE_LIBRARY="$tmp/library" PATH="$root/tests/stubs:$PATH"
t_count=0 t_failures=0 t_name='' t_state='' out='' status=0
t_cleanup=()

# Commands to run at the end, last first: t_at_exit kill "$pid"
t_at_exit() {
  local command
  printf -v command '%q ' "$@"
  t_cleanup+=("$command")
}
t_finish() {
  local i
  [[ $BASHPID == "$$" ]] || return # a child that a signal hits before its exec must not take the test's files away
  for ((i = ${#t_cleanup[@]} - 1; i >= 0; i--)); do eval "${t_cleanup[i]}" >/dev/null 2>&1; done
  rm -rf "$tmp"
}
trap t_finish EXIT

t_end_case() {
  [[ $t_name ]] || return 0
  t_count=$((t_count + 1))
  case $t_state in
  ok) echo "ok $t_count - $t_name" ;;
  skip*) echo "ok $t_count - $t_name # SKIP ${t_state#skip }" ;;
  *)
    [[ $t_state ]] || echo "# nothing was checked"
    echo "not ok $t_count - $t_name"
    t_failures=$((t_failures + 1))
    ;;
  esac
  t_name='' t_state=''
}

t_case() { t_end_case; t_name=$1; }

t_ok() {
  if (($#)) && ! "$@"; then t_fail "failed: $*"; return 1; fi
  [[ $t_state == fail ]] || t_state=ok
}

t_fail() {
  t_state=fail
  printf '%s\n' "$*" "  at ${BASH_SOURCE[-1]##*/}:${BASH_LINENO[-2]}" | sed 's/^/# /'
  return 1
}

t_skip() { t_state="skip $*"; }

t_is() { if [[ $1 == "$2" ]]; then t_ok; else t_fail "got:      $1"$'\n'"expected: $2"; fi; }

t_has() { if [[ $1 == *"$2"* ]]; then t_ok; else t_fail "in:        $1"$'\n'"not found: $2"; fi; }

t_run() {
  local expected=0
  if [[ $1 =~ ^[0-9]+$ ]]; then expected=$1; shift; fi
  out=$("$@" 2>&1)
  status=$?
  if [[ $status == "$expected" ]]; then t_ok; else t_fail "'$*' ended with $status instead of $expected:"$'\n'"$out"; fi
}

# Short lives of a virtual machine: compiling for speed costs it more than twice of what the check does.
t_epub() { t_run java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -jar /usr/share/java/epubcheck.jar "$1"; }

t_start() {
  rm -f "$1"
  "${@:2}" >"$1" 2>&1 &
  pid=$!
}

# A pipe that nobody writes to.
exec {t_silence}<> <(:)
t_sleep() { read -r -t "$1" -u "$t_silence" || true; }

t_wait() {
  local end=$((SECONDS + $1 + 1)) looks=0; shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then t_fail "never came true: $*"; return 1; fi
    if ((++looks < 10)); then t_sleep 0.02; else t_sleep 0.1; fi
  done
}

# Opens the database for each question and closes it behind it: what a test does to its files meets no reader.
t_sql() {
  local line
  printf '.open --readonly "%s"\n.timeout 5000\n%s\n;\n.open :memory:\n.print t_sql is done\n' "$1" "$2" >&"$t_sql_to"
  while IFS= read -r -t 60 -u "$t_sql_from" line; do
    [[ $line != 't_sql is done' ]] || return 0
    printf '%s\n' "$line"
  done
  echo "sqlite3 did not answer: $2" >&2
  return 1
}
coproc t_sqlite { exec sqlite3; }
exec {t_sql_to}>&"${t_sqlite[1]}" {t_sql_from}<&"${t_sqlite[0]}" # that of a coprocess are not there in a subshell
t_at_exit kill "$t_sqlite_PID"

t_http() {
  local LC_ALL=C address=$1 method=$2 path=$3 body=${4-} fd line length='' # (lengths are bytes)
  t_code=000 t_reply=''
  { exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}"; } 2>/dev/null || return
  trap '' PIPE # who listens may die before he has read
  {
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$method" "$path" "$address"
    (($# < 5)) || printf '%s\r\n' "${@:5}"
    [[ $method == GET ]] || printf 'Content-Type: application/json\r\nContent-Length: %d\r\n' "${#body}"
    printf '\r\n%s' "$body"
  } >&"$fd" 2>/dev/null
  trap - PIPE
  IFS= read -r -t 20 -u "$fd" line && t_code=${line:9:3}
  while IFS= read -r -t 20 -u "$fd" line && [[ $line != $'\r' ]]; do
    [[ ${line,,} != content-length:* ]] || length=${line//[!0-9]/}
  done
  if [[ $length ]]; then IFS= read -r -N "$length" -t 20 -u "$fd" t_reply; else IFS= read -r -d '' -t 20 -u "$fd" t_reply; fi
  exec {fd}>&-
  [[ $t_code != 000 ]]
}

t_done() {
  t_end_case
  echo "1..$t_count"
  exit $((t_failures > 0))
}
