#!/usr/bin/env bash
# scripts/api.lua is what authors and their editors read: every function of the host is in it, and nothing else is.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/surface.lua" <<'LUA'
return { run = function()
  local names = { "step" }
  local tables = { llm = llm, run = run, task = task, artifact = artifact, gate = gate, project = project, export = export, log = log,
    json = json, text = text, markdown = markdown, zip = zip }
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

t_case "every documented function says what it does"
t_is "$(awk '/^function /{ if (prev !~ /^---/) print $2 } { prev = $0 }' "$root/scripts/api.lua" | grep -v '^log\.' )" ""
t_done
