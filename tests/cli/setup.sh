#!/usr/bin/env bash
# setup.sh - `quire setup` writes a quire.lua that works, keeps the key to its owner, and takes nothing away.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/rehearse.sh"

rehearse_start --chunks 2 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
library=$QUIRE_LIBRARY

t_case "a server of one's own: set up, and the next run uses it"
printf 'sk-told-by-pipe\n' >"$tmp/in"
out=$("$QUIRE" setup box/novelist --base-url "http://$rehearse/v1" --key-from - <"$tmp/in" 2>&1)
t_is "$?" 0
t_has "$out" "which only you can read"
t_is "$(grep -c sk-told-by-pipe <<<"$out")" 0
t_is "$(cat "$library/keys/box")" "sk-told-by-pipe"
t_is "$(stat -c %a "$library/keys/box")" 600
t_run "$QUIRE" config show
t_has "$out" "box/novelist"
t_is "$(grep -rc sk-told-by-pipe "$library/quire.lua")" 0
t_run "$QUIRE" run glossary --set text="The keel of the sloop." --set most=1 --quiet
t_ok test "$(ledger_total)" -gt 0

t_case "what is there stays, unless it is put aside"
cp "$library/quire.lua" "$tmp/before"
t_run 1 "$QUIRE" setup openai/gpt-5-mini
t_has "$out" "stays as it is"
t_ok cmp -s "$library/quire.lua" "$tmp/before"
t_run "$QUIRE" setup openai/gpt-5-mini --replace
t_ok cmp -s "$library/quire.lua.old" "$tmp/before"
t_has "$out" "OPENAI_API_KEY"

t_case "what is wrong is named, and nothing is written"
export QUIRE_LIBRARY=$tmp/none
t_run 8 "$QUIRE" setup opnai/gpt-5
t_has "$out" "did you mean 'openai'?"
t_run 8 "$QUIRE" setup box/qwen
t_has "$out" "--base-url"
t_run 2 "$QUIRE" setup gpt-5
t_has "$out" "PROVIDER/NAME"
t_run 2 "$QUIRE" setup box/qwen --base-url localhost:8080
t_has "$out" "https://HOST/v1"
t_run 2 "$QUIRE" setup 'box/"] = os.exit()' --base-url http://localhost/v1
: >"$tmp/empty"
t_run 2 "$QUIRE" setup openai/gpt-5 --key-from "$tmp/empty"
t_has "$out" "holds no key"
t_run 10 "$QUIRE" setup openai/gpt-5 --key-from "$tmp/nowhere"
t_run 2 "$QUIRE" setup
t_ok test ! -e "$tmp/none/quire.lua"

t_case "it asks nothing: standard input is not read"
t_run "$QUIRE" setup ollama/llama3.1 --json
t_has "$out" '"model": "ollama/llama3.1"'

t_done
