#!/usr/bin/env bash
# adapters.sh - each shipped adapter keeps what the host relies on, and who writes another one is told what it breaks and how to mend it.
. "$(dirname "$0")/../lib.sh"

for name in openai openai_responses anthropic gemini ollama rehearsal; do
  t_case "$name keeps every promise: what it sends, how its answers end, cut after each event, spoilt, with errors in them, refused"
  t_run "$QUIRE" provider check "$name" --quiet
  t_is "$out" ""
done

mkdir -p "$tmp/providers"
spoil() { sed "$1" "$root/scripts/providers/openai.lua" >"$tmp/providers/box.lua"; }

t_case "an adapter that takes a connection's end for an answer's end is told so"
spoil 's/if not stop then return nil end/stop = stop or "end"/'
t_run 1 "$QUIRE" provider check "$tmp/providers/box.lua"
t_has "$out" "wrong   stream   is complete only when all of it came"
t_has "$out" "finish says that it is complete, with"
t_has "$out" "do:   \`finish\` returns nil until the service's own last word was there"

t_case "an adapter that puts the key into the address, or forgets the limit, is told so"
spoil 's|"/chat/completions")|"/chat/completions?key={{key}}")|; s/call.max_tokens/nil/'
t_run 1 "$QUIRE" provider check "$tmp/providers/box.lua"
t_has "$out" "wrong   request  has the key in a header and nowhere else"
t_has "$out" "wrong   request  limits the answer"

t_case "a script that is none says where it is wrong"
echo 'return { request = function(' >"$tmp/providers/box.lua"
t_run 8 "$QUIRE" provider check "$tmp/providers/box.lua"
t_has "$out" "scripts/providers/box.lua:"

t_case "a dialect that nobody here speaks is checked by an answer that was recorded"
cat >"$tmp/providers/box.lua" <<'LUA'
local common = require("common")
local box = { failure = common.failure }
function box.request(call)
  local how, system, user = common.prompt(call)
  local body = { name = call.model, most = call.max_tokens, temperature = call.temperature, form = how == "schema" and call.schema or nil,
    rules = system, question = user, stream = call.stream }
  return { url = common.url(call, "/say"), headers = common.headers(call, { ["X-Key"] = "{{key}}" }), body = common.amend(body, call),
    framing = common.framing(call, "sse") }
end
function box.open() return {} end
function box.event(s, name, data)
  local v, why = json.decode(data)
  if type(v) ~= "table" then return common.unreadable(s, name, data, why or "?", box.event) end
  if v.why then s.why, s.usage = v.why, { input = v["in"], output = v.out } end
  return v.text, nil, nil, v.why and 0 or nil
end
function box.finish(s) return s.why and { stop = "end", usage = s.usage } or nil end
return box
LUA
cat >"$tmp/sample.lua" <<'LUA'
return { stream = [[
data: {"text":"The sea "}

data: {"text":"was calm.","why":"done","in":12,"out":5}

]], text = "The sea was calm.", input = 12, output = 5 }
LUA
t_run "$QUIRE" provider check "$tmp/providers/box.lua" --sample "$tmp/sample.lua"
t_has "$out" "right   stream   is complete only when all of it came"
t_has "$out" "unknown stream   says when a filter withheld the answer"
sed -i 's/and { stop/or true and { stop/' "$tmp/providers/box.lua"
t_run 1 "$QUIRE" provider check "$tmp/providers/box.lua" --sample "$tmp/sample.lua"
t_has "$out" "wrong   stream   is complete only when all of it came"

t_case "who asks the doctor hears whether a provider is there, takes the key, and how fast it is; nothing is paid"
. "$root/tests/rehearse.sh"
rehearse_start --chunks 2
rehearse_library
t_run "$QUIRE" doctor --probe
t_has "$out" "stub: answers in"
t_is "$(ledger_total)" 0
sed -i "s|http://$rehearse|http://127.0.0.1:1|" "$QUIRE_LIBRARY/quire.lua"
t_run 1 "$QUIRE" doctor --probe
t_has "$out" "provider 'stub' does not answer"
t_done
