local source = [[
  local judging, blocks, checks = require "lib.judging", require "lib.blocks", require "lib.checks"
  return { run = function()
    local suspected = { { key = "k", check = "echoes", problem = "A word comes back." }, { key = "n", check = "names_alike", problem = "Two names." } }
    local it = { number = 1, tag = "en", document = function() return {} end }
    local prompts = { story = blocks.new():stable("s", "STORY"), prose = blocks.new():stable("p", "PROSE") }
    local dismissed = { { key = "x", chapter = 1, quote = "the rope held", problem = "Flat.", reason = "I like it." } }
    local found, failed = judging.read({ models = {}, checks = {} }, prompts, it, { "The rope held.", "Nobody spoke." }, suspected, dismissed)
    return { found = found, failed = failed, suspected = suspected }
  end } ]]

local function judged(t, answers)
  local run = t.status(t.run { source = source, answers = answers }, "completed")
  return run.result, t.requests(run, { role = "judge" })
end

local function verdict(fields)
  return { verdict = fields.verdict or "revise", confirmed = json.array(fields.confirmed or {}), findings = json.array(fields.findings or {}) }
end

return {
  ["one judge sees the story and one the prose alone; each is asked about the suspicions that he can judge, and told what the author wants so"] = function(t)
    local _, requests = judged(t, { { role = "judge", value = verdict { verdict = "accept" } } })
    t.equal(#requests, 2)
    local by = {}
    for _, request in ipairs(requests) do by[string.match(request.prompt, "^%u+")] = request.task end
    t.has(by.STORY, "1. Two names.")
    t.lacks(by.STORY, "A word comes back.")
    t.has(by.PROSE, "1. A word comes back.")
    for _, task in pairs(by) do t.has(task, "I like it.") end
  end,

  ["suspicions count when a judge confirms them; a fault is placed by its quotation, and one that quotes nobody's words is dropped"] = function(t)
    local result = judged(t, { { role = "judge", has = "PROSE", value = verdict { confirmed = { { suspicion = 1, scene = 2 } }, findings = {
      { scene = 1, quote = "nobody spoke", problem = "Flat.", fix = "" }, { scene = 1, quote = "he sang", problem = "No.", fix = "" } } } },
      { role = "judge", value = verdict { verdict = "accept" } } })
    t.equal(#result.found, 1)
    t.equal(result.found[1].scene, 2)
    t.equal(result.found[1].check, "manner")
    t.ok(result.suspected[1].confirmed)
    t.equal(result.suspected[1].scene, 2)
    t.ok(not result.suspected[2].confirmed)
  end,

  ["a judge who fails says why"] = function(t)
    t.has(judged(t, { { role = "judge", fail = "no credit" } }).failed, "no credit")
  end,
}
