#!/usr/bin/env bash
# brief.sh - a bad brief, pipeline, model or document gets a clear error, and nothing is written of it.
. "$(dirname "$0")/../lib.sh"

refused() { # EXIT PART arguments...: refused, and no run came of it
  local exit=$1 part=$2
  shift 2
  t_run "$exit" "$QUIRE" run "$@"
  t_has "$out" "$part"
}

t_case "an unknown pipeline, field, model or provider gets the nearest name"
refused 10 "did you mean 'glossary'?" glosary --set text=a
refused 2 "did you mean 'text'?" glossary --set txt=a
refused 8 "there is no provider 'opnai'" glossary --set text=a --model opnai/gpt
refused 2 "[ROLE=]PROVIDER/NAME" glossary --set text=a --model gpt
refused 4 "OPENAI_API_KEY" glossary --set text=a --model openai/gpt-5
refused 10 "cannot be read" "$tmp/none.lua"

t_case "a brief that cannot be read, is no JSON or no UTF-8 is named with its place"
printf '{"text": "a",}' >"$tmp/comma.json"
printf '["text"]' >"$tmp/list.json"
printf '{"text": "a\xff"}' >"$tmp/bytes.json"
printf 'caf\xe9' >"$tmp/latin1.txt"
refused 2 "there is no file" glossary --input "$tmp/none.json"
refused 2 "line 1" glossary --input "$tmp/comma.json"
refused 2 "must be a JSON object" glossary --input "$tmp/list.json"
refused 2 "UTF-8 (byte 12)" glossary --input "$tmp/bytes.json"
printf '[%.0s' {1..5000} >"$tmp/deep.json"
refused 2 "nested deeper than 100 levels" glossary --input "$tmp/deep.json"
refused 2 "UTF-8 (byte 4)" glossary --set "text=@$tmp/latin1.txt"
refused 2 "there is no file" glossary --set "text=@$tmp/none.txt"
refused 2 "not valid UTF-8" glossary --set $'text=\xff'
refused 2 "there is no file" glossary --set text=a --give "outline=$tmp/none.md"

t_case "values are held against what the pipeline declares"
refused 2 "'text' is missing" glossary
refused 2 "a whole number" glossary --set text=a --set most=many
refused 2 "the most is" glossary --set text=a --set most=5000
refused 2 "KEY=VALUE" glossary --set text
refused 2 "US dollars" glossary --set text=a --budget lots
refused 2 "this is not a time" glossary --set text=a --max-wait soon

t_case "a phase to stop after and a document to give are held against what the pipeline has"
book=(generate_book --set brief=a)
refused 2 "it has: Blueprint, Structure & Events" "${book[@]}" --until nonsense
refused 2 "did you mean 'Writing'?" "${book[@]}" --until writting
refused 2 "no checkpoint 'chapter:x'" "${book[@]}" --until chapter:x
echo text >"$tmp/outline.md"
refused 2 "did you mean 'blueprint'?" "${book[@]}" --give "blueprnt=$tmp/outline.md"

t_case "scripts that are wrong are named with file and line"
echo 'return { run = ' >"$tmp/syntax.lua"
echo 'return 5' >"$tmp/number.lua"
echo 'return { title = "x" }' >"$tmp/norun.lua"
echo 'while true do end' >"$tmp/spin.lua"
refused 8 "syntax.lua:" "$tmp/syntax.lua"
refused 8 "number" "$tmp/number.lua"
refused 8 "run" "$tmp/norun.lua"
refused 8 "limit" "$tmp/spin.lua"
t_run 8 "$QUIRE" script check "$tmp/syntax.lua"

t_case "a configuration that is wrong says where"
mkdir -p "$tmp/conf"
echo 'return { rols = {} }' >"$tmp/conf/quire.lua"
refused 8 "did you mean 'roles'?" glossary --set text=a --library "$tmp/conf"
echo 'return {' >"$tmp/conf/quire.lua"
refused 8 "quire.lua:" glossary --set text=a --library "$tmp/conf"

t_case "nothing came of all that"
t_run "$QUIRE" sql "SELECT count(*) AS runs FROM runs" --json
t_has "$out" '"runs": 0'

t_case "a script that fails while it runs ends with 8, and says where"
echo 'return { input = {}, run = function() run.phase("One"); local x = nil; return x.y end }' >"$tmp/broken.lua"
t_run 8 "$QUIRE" run "$tmp/broken.lua"
t_has "$out" "in phase One"
t_has "$out" "broken.lua:1"
t_run 8 "$QUIRE" run "$tmp/broken.lua" --json
t_has "$out" '"message"'

t_case "--input, --set over it, standard input"
printf '{"text": "The keel of the sloop.", "most": 3}' >"$tmp/good.json"
t_run "$QUIRE" run glossary --input "$tmp/good.json" --set most=2 --key a
t_run "$QUIRE" show 3 --json
t_has "$out" '"most": 2'
out=$("$QUIRE" run glossary --input - <"$tmp/good.json" 2>&1)
t_is $? 0

t_done
