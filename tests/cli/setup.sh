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

t_case "the models that are known are shown with price, size and age, and what quire.lua says goes first"
export QUIRE_LIBRARY=$tmp/models
mkdir -p "$QUIRE_LIBRARY"
t_run 0 "$QUIRE" models sonnet-5-5
t_has "$out" "anthropic/claude-sonnet-5-5"
t_has "$out" " d"
echo 'return { prices = { ["anthropic/claude-sonnet-5-5"] = { input = 7, output = 8 }, ["box/mine"] = { context = 9000 } } }' >"$QUIRE_LIBRARY/quire.lua"
t_run 0 "$QUIRE" models --json
printf '%s' "$out" >"$tmp/models.json"
of() { sqlite3 :memory: "SELECT json_extract(readfile('$tmp/models.json'), '\$.\"$1\".$2')"; }
t_is "$(of anthropic/claude-sonnet-5-5 input) $(of anthropic/claude-sonnet-5-5 context) $(of anthropic/claude-sonnet-5-5 origin)" "7 1000000 quire.lua"
t_is "$(of box/mine context)" 9000
t_is "$(sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('$tmp/models.json')) WHERE json_extract(value, '\$.origin') = 'scripts/models.lua'
  AND (json_extract(value, '\$.date') IS NULL OR json_extract(value, '\$.source') IS NULL)")" 0

t_case "a provider that is known by name needs no more than its key"
t_run 4 env -u ANTHROPIC_API_KEY "$QUIRE" provider test anthropic
t_has "$out" "set ANTHROPIC_API_KEY"
t_has "$out" "platform.claude.com"

t_case "without libcurl a request is refused with the name of the package, and what needs none works"
export QUIRE_LIBRARY=$tmp/no_curl
mkdir -p "$QUIRE_LIBRARY" "$tmp/lib"
: >"$tmp/lib/libcurl.so.4"
t_run 8 env LD_LIBRARY_PATH="$tmp/lib" OPENAI_API_KEY=x "$QUIRE" run glossary --set text=rope --model openai/gpt-5-mini
t_has "$out" "libcurl does not load"
t_has "$out" "Debian: libcurl4"
t_run env LD_LIBRARY_PATH="$tmp/lib" "$QUIRE" run glossary --set text=rope --quiet
t_done
