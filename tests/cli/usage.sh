#!/usr/bin/env bash
# usage.sh - wrong use is named, helped, and ends with the exit code of the table; --json holds for errors too.
. "$(dirname "$0")/../lib.sh"

# is_json_error CODE EXIT command...: stdout is {"error":{"code":CODE,"message":..}}, and nothing else.
is_json_error() {
  local code=$1 exit=$2 text
  shift 2
  text=$("$QUIRE" "$@" --json 2>/dev/null)
  status=$?
  t_is "$status" "$exit"
  t_has "$text" "\"code\": \"$code\""
  t_has "$text" '"message": "'
  t_is "${text:0:1}" "{"
}

t_case "a mistyped command gets the nearest one"
t_run 2 "$QUIRE" rnu
t_has "$out" 'did you mean `quire run`?'
t_run 2 "$QUIRE" gate aprove 1
t_has "$out" 'did you mean `quire gate approve`?'
t_run 2 "$QUIRE" gate
t_has "$out" "list, show, approve, reject"

t_case "a mistyped option gets the nearest one, and each command knows its own"
t_run 2 "$QUIRE" runs --stauts failed
t_has "$out" "did you mean --status?"
t_run 2 "$QUIRE" runs --until x
t_has "$out" 'has no option --until'
t_run 2 "$QUIRE" runs --status faild
t_has "$out" "did you mean failed?"
t_run 2 "$QUIRE" run glossary --set
t_has "$out" "--set needs a value: --set KEY=VALUE"
t_run 2 "$QUIRE" resume 1 --json=yes
t_has "$out" "--json takes no value"

t_case "a folder of scripts in which none can be found is refused, instead of the shipped ones being used without a word"
mkdir -p "$tmp/mine/phases" "$tmp/own/scripts"
echo 'return {}' >"$tmp/mine/phases/writing.lua"
t_run 2 "$QUIRE" run glossary --set text=a --scripts "$tmp/mine"
t_has "$out" "neither scripts/ nor pipelines/"
t_run 2 "$QUIRE" script list --scripts "$tmp/mine"
t_run 0 "$QUIRE" script list --scripts "$tmp/own"

t_case "too few and too many arguments are usage errors"
t_run 2 "$QUIRE" show
t_has "$out" "quire show RUN"
t_run 2 "$QUIRE" show 1 2
t_has "$out" "'2'"
t_run 2 "$QUIRE" show one
t_has "$out" "'one' is not the number of a run"
t_run 2 "$QUIRE"

t_case "errors are JSON with --json, on stdout, with the same exit code"
is_json_error invalid 2 runs --bad
is_json_error invalid 2 nonsense
is_json_error invalid 2 show
is_json_error not_found 10 runs
is_json_error not_found 10 show 1
is_json_error not_found 10 resume 1
is_json_error not_found 10 cancel 1
is_json_error not_found 10 gate list
is_json_error not_found 10 gate approve 1
is_json_error not_found 10 logs 1
is_json_error not_found 10 trace 1
is_json_error not_found 10 project list
is_json_error not_found 10 artifact show a b
is_json_error not_found 10 diff a b
is_json_error not_found 10 export a
is_json_error not_found 10 sql "SELECT 1"
is_json_error not_found 10 run no_such_pipeline
is_json_error invalid 2 run glossary
is_json_error invalid 2 run glossary --set text=a --detach
is_json_error not_found 10 script check no_such_pipeline

t_case "looking makes no library"
t_ok test ! -e "$tmp/elsewhere"
t_run 10 "$QUIRE" runs --library "$tmp/elsewhere"
t_run 10 "$QUIRE" cancel 1 --library "$tmp/elsewhere"
t_ok test ! -e "$tmp/elsewhere"

t_case "help is there for each command, as text and as JSON"
t_run "$QUIRE" help
while read -r name; do
  # shellcheck disable=SC2086 # a command may be two words
  t_run "$QUIRE" help $name
  t_has "$out" "quire $name"
  t_has "$out" "Examples:"
done < <("$QUIRE" help --json | sed -n 's/^ *"command": "\(.*\)",$/\1/p')
t_run "$QUIRE" run --help
t_has "$out" "--set KEY=VALUE"
t_run "$QUIRE" help gate
t_has "$out" "quire gate approve"
t_run "$QUIRE" help rehearse
t_has "$out" "--latency"

t_case "the README and its neighbours speak of no command that is not there"
names=$("$QUIRE" help --json | sed -n 's/^ *"command": "\(.*\)",$/\1/p')
while read -r first second; do
  if ! grep -qx -e "$first" -e "$first $second" <<<"$names"; then t_fail "README: quire $first $second"; fi
done < <(grep -oE '(^|[`;] ?)quire [a-z]+( [a-z]+)?' "$root"/{README,host/service,host/settings,scripts/README}.md | sed 's/^.*quire //')
t_ok

t_case "output into a pipe has no escape codes; --color forces them; NO_COLOR wins over FORCE_COLOR"
t_run "$QUIRE" help
[[ $out == *$'\033'* ]] && t_fail "escape codes in a pipe"
t_run env FORCE_COLOR=1 "$QUIRE" help
t_has "$out" $'\033['
t_run env FORCE_COLOR=1 NO_COLOR=1 "$QUIRE" help
[[ $out == *$'\033'* ]] && t_fail "escape codes in spite of NO_COLOR"
t_run env NO_COLOR=1 "$QUIRE" help --color
t_has "$out" $'\033['

t_case "version"
t_run "$QUIRE" version
t_has "$out" "quire "
t_run "$QUIRE" --version

t_case "output that cannot be written is an error, output that nobody reads is none of our business"
if [[ -w /dev/full ]]; then
  "$QUIRE" help >/dev/full 2>"$tmp/err"
  t_is $? 1
  t_has "$(cat "$tmp/err")" "cannot write the output"
else
  t_skip "no /dev/full"
fi

t_done
