#!/usr/bin/env bash
# scripts/api.lua is what authors and their editors read: every function of the host is in it, and nothing else is.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/surface.lua" <<'LUA'
return { run = function()
  local names = { "step" }
  local tables = { llm = llm, run = run, task = task, artifact = artifact, gate = gate, project = project, export = export, log = log,
    json = json, cjson = cjson, text = text, markdown = markdown, zip = zip, check = check }
  assert(type(step) == "function")
  for name, t in pairs(tables) do
    for key, value in pairs(t) do
      if type(value) == "function" then names[#names + 1] = name .. "." .. key end
    end
  end
  table.sort(names)
  return { names = names }
end }
LUA

t_case "scripts/api.lua lists the host's functions, all of them and no others"
"$QUIRE" run "$tmp/surface.lua" --json --quiet 2>/dev/null | grep -o '"[a-z_]*\.[a-z_]*[a-z0-9_]*"\|"step"' | tr -d '"' | sort -u >"$tmp/host"
sed -n 's/^function \([a-z_0-9.]*\)(.*/\1/p' "$root/scripts/api.lua" | sort -u >"$tmp/documented"
t_ok test -s "$tmp/host"
t_is "$(comm -13 "$tmp/documented" "$tmp/host")" ""
t_is "$(comm -23 "$tmp/documented" "$tmp/host")" ""

t_case "a script that expects lua-cjson finds it, and what it writes is in one order"
cat >"$tmp/expects.lua" <<'LUA'
local cjson, safe = require "cjson", require "cjson.safe"
return { run = function()
  local v = cjson.decode '{"n": 3, "list": [1, 2], "none": null, "empty": []}'
  local nothing, message = safe.decode "{"
  local ok, long = pcall(cjson.decode, "[" .. string.rep("1,", 600000) .. "1]")
  return { float = math.type(v.n), two = #v.list, null = v.none == cjson.null, nothing = nothing == nil, message = message ~= nil,
    limit = not ok and long:find("at most 1048576 bytes", 1, true) ~= nil, text = cjson.encode { b = 1, a = { true } } }
end }
LUA
t_is "$("$QUIRE" run "$tmp/expects.lua" --quiet 2>&1)" 'Float: float
Limit: true
Message: true
Nothing: true
Null: true
Text: {"a":[true],"b":1}
Two: 2'

t_case "every documented function says what it does"
t_is "$(awk '/^function /{ if (prev !~ /^---/) print $2 } { prev = $0 }' "$root/scripts/api.lua" | grep -v '^log\.' )" ""
t_done
