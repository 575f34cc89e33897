local findings = require "lib.findings"

local keep = [[
  local findings = require "lib.findings"
  return { run = function()
    artifact.put("chapters/01.md", "# One")
    artifact.put("facts/01.json", { day = 1 })
    local list = { { key = "a.1", check = "a", problem = "P", reads = { "chapters/01.md", "facts/01.json", "plans/01.json" } } }
    findings.save("findings/01.json", 1, list, { ["chapters/01.md"] = 7 })
    artifact.put("dismissed.json", { dismissed = { { key = "b.1", reason = "so" }, { reason = "no key" }, 3 } })
    return { dismissed = findings.read_dismissed() }
  end } ]]

return {
  ["findings are kept with the versions of what they read, as far as there is one"] = function(t)
    local run = t.status(t.run { source = keep }, "completed")
    local kept = t.document("findings/01.json")
    t.equal(kept.findings[1].key, "a.1")
    t.equal(kept.versions["chapters/01.md"], 7, "the version that the caller knows")
    t.equal(kept.versions["facts/01.json"], 1)
    t.equal(kept.versions["plans/01.json"], 0, "there is none")
    t.equal(run.result.dismissed, { { key = "b.1", reason = "so" } })
  end,

  ["of one key a finding is told once"] = function(t)
    t.equal(#findings.without_doubles { { key = "a" }, { key = "b" }, { key = "a" } }, 2)
  end,
}
