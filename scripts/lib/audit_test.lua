local audit = require "lib.audit"

local source = [[
  local audit, blocks = require "lib.audit", require "lib.blocks"
  return { run = function()
    local findings = { { scene = 2, problem = "It breaks off.", certain = true }, { problem = "A phrase comes back." } }
    local plan = { scenes = { {}, {} } }
    return audit.chapter({ models = {} }, blocks.new(), plan, { "The rope held.", "Nobody spoke." }, findings)
  end } ]]

local function judged(t, verdict)
  return t.status(t.run { source = source, answers = { { role = "judge", value = verdict } } }, "completed").result
end

return {
  ["certain faults count whatever the judge says; suspicions only when he confirms them"] = function(t)
    local result = judged(t, { verdict = "accept", confirmed = json.array {}, findings = json.array {} })
    t.equal(#result.findings, 1)
    t.equal(result.findings[1].problem, "It breaks off.")
    result = judged(t, { verdict = "revise", confirmed = { { suspicion = 1, scene = 1 } }, findings = json.array {} })
    t.equal(result.findings[2], { scene = 1, problem = "A phrase comes back." })
  end,

  ["a fault is placed by its quotation; one that quotes nobody's words is dropped"] = function(t)
    local result = judged(t, { verdict = "revise", confirmed = json.array {}, findings = {
      { scene = 1, quote = "nobody spoke", problem = "Flat.", fix = "" }, { scene = 1, quote = "he sang", problem = "No.", fix = "" } } })
    t.equal(#result.findings, 2)
    t.equal(result.findings[2].scene, 2)
  end,

  ["a judge who fails leaves the certain faults and says why"] = function(t)
    local run = t.run { source = source, answers = { { role = "judge", fail = "no credit" } } }
    local result = t.status(run, "completed").result
    t.equal(#result.findings, 1)
    t.has(result.failed, "no credit")
  end,

  ["promises that fall due unpaid are findings, unless the facts are pending"] = function(t)
    local due = { { id = "P1", text = "the debt" }, { id = "P2", text = "the key" } }
    t.has(audit.with_promises({}, due, { paid = { "P2" } })[1].problem, "P1 falls due here")
    t.equal(#audit.with_promises({}, due, { paid = { "P2" } }), 1)
    t.equal(audit.with_promises({}, due, { pending = true }), {})
  end,

  ["findings read as sentences, each once"] = function(t)
    t.equal(audit.sentence { problem = "Flat.", quote = "he sang", fix = "Cut it." }, "\"he sang\": Flat. Cut it.")
    t.equal(audit.without_doubles { "a", "b", "a" }, { "a", "b" })
  end,
}
