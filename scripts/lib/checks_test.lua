local checks = require "lib.checks"
local findings = require "lib.findings"
local reading = require "lib.reading"

local function it(prose, more)
  local out = { number = 3, tag = "en", reading = reading.of(prose, "en") }
  for field, value in pairs(more or {}) do out[field] = value end
  return out
end

local function of(check, list)
  for _, finding in ipairs(list) do
    if finding.check == check then return finding end
  end
end

-- A check that returns each of these in turn, and what is kept of it.
local wrong_returns = [[
  local checks, reading = require "lib.checks", require "lib.reading"
  return { run = function()
    local right, out = { problem = "Loud." }, json.array {}
    for _, returned in ipairs { { "too long" }, { { quote = "He" } }, { right, { problem = 3 }, { problem = "\xC3" } }, { problem = "No list." }, "text",
      { { problem = "P", chapter = "two" } }, { right }, false } do
      checks.load("shouting").run = function() return returned end
      local told = json.array {}
      for _, finding in ipairs(checks.run("chapter", { number = 3, tag = "en", reading = reading.of("He ran.", "en") }, {})) do
        if finding.check == "shouting" then told[#told + 1] = finding.problem end
      end
      out[#out + 1] = told
    end
    return out
  end } ]]

return {
  ["each file of checks/ is a check, and a good chapter passes them in silence"] = function(t)
    local names = checks.names()
    t.ok(#names >= 50)
    for _, name in ipairs(names) do checks.load(name) end
    local prose = "Ines sold the boat on a Tuesday, before her brother could ask what for. The buyer counted the notes twice.\n\n"
      .. "“You will want it back,” he said.\n\nShe gave him the oars as well, and walked home along the dyke with wet shoes."
    t.equal(checks.run("chapter", it(prose, { scenes = { prose } }), {}), {})
  end,

  ["what is no check says why, and names the nearest right word"] = function(t)
    local run = function() return {} end
    t.raises("unknown field 'tresholds'; did you mean 'thresholds'?", function() checks.validate("x", { title = "X",
      scope = "book", run = run, tresholds = {} }) end)
    t.raises("'scope' must be", function() checks.validate("x", { title = "X", scope = "page", run = run }) end)
    t.raises("'run' must be a function", function() checks.validate("x", { title = "X", scope = "book" }) end)
    t.raises("'look_for'", function() checks.validate("x", { title = "X", scope = "chapter", kind = "model" }) end)
    t.raises("'sees' must be \"story\" or \"prose\"", function() checks.validate("x", { title = "X", scope = "chapter", run = run, sees = "text" }) end)
    t.raises("'languages' must be a list: { \"en\" }", function() checks.validate("x", { title = "X", scope = "book", run = run,
      languages = "en" }) end)
    t.raises("'reads' must be a list: { \"text\" }", function() checks.validate("x", { title = "X", scope = "book", run = run, reads = "text" }) end)
    t.raises("'most' must be", function() checks.validate("x", { title = "X", scope = "chapter", kind = "model", look_for = "y", most = "six" }) end)
    t.raises("must be a number", function() checks.validate("x", { title = "X", scope = "book", run = run, thresholds = { most = "3" } }) end)
  end,

  ["a book switches checks off and sets their numbers; a typo is an error that names what is near"] = function(t)
    t.equal(checks.parse "adverbs=off, filter_words.per_1000=20", { adverbs = false, filter_words = { per_1000 = 20 } })
    t.equal(checks.parse(nil), {})
    t.raises("there is no check 'advebs'; did you mean 'adverbs'?", function() checks.parse "advebs=off" end)
    t.raises("no threshold 'per_100'", function() checks.parse "filter_words.per_100=20" end)
    t.raises("can be on or off", function() checks.parse "adverbs=maybe" end)
    t.raises("cannot be read as a setting", function() checks.parse "adverbs" end)
    t.raises("must be true, false or its thresholds", function() checks.valid_settings { adverbs = 3 } end)
    local chapter = it "He saw the the boat."
    t.ok(of("doubled_words", checks.run("chapter", chapter, {})))
    t.ok(not of("doubled_words", checks.run("chapter", chapter, { doubled_words = false })))
    t.ok(not of("doubled_words", checks.run("chapter", chapter, { doubled_words = { most = 0 } })))
  end,

  ["a check of one language is silent in the others"] = function(t)
    local chapter = it "He saw the the boat."
    chapter.tag = "ja"
    t.ok(not of("doubled_words", checks.run("chapter", chapter, {})))
  end,

  ["a finding keeps its key while the same words stand in the same chapter, and hangs on what its check reads"] = function(t)
    local documents = function(place) return { place .. "/03" } end
    local first = of("doubled_words", checks.run("chapter", it("He saw the the boat.", { document = documents }), {}))
    local again = of("doubled_words", checks.run("chapter", it("It rained. He saw The  the boat. the the", { document = documents }), {}))
    t.equal(first.key, again.key)
    t.equal(first.reads, { "text/03" })
    t.ok(findings.key("doubled_words", 4, "the the") ~= first.key)
    t.ok(findings.key("doubled_words", 3, "a a") ~= first.key)
  end,

  ["half a character as a quote costs the quote, not the chapter"] = function(t)
    local found = checks.finding("x", { title = "X", scope = "chapter" }, it "Ä.", { quote = "\x84.", problem = "P." })
    t.equal({ found.quote, found.problem }, { "", "P." })
  end,

  ["an author's check that returns no findings costs him no chapter, and is told to be wrong"] = function(t)
    local run = t.status(t.run { source = wrong_returns }, "completed")
    local wrong = "The check itself is wrong: its 'run' must return a list of findings, { { problem = \"...\" } }."
    t.equal(run.result, { { wrong }, { wrong }, { "Loud.", wrong }, { wrong }, { wrong }, { wrong }, { "Loud." }, json.array {} })
    t.has(run.log, "the check 'shouting' returned something other than a list of findings")
  end,

  ["three thin scenes are three findings, and dismissing one silences none of the others"] = function(t)
    local list = {}
    for scene = 1, 3 do
      local thin = it("She ran.", { scene = scene, budget = 400, plan = { scenes = {} } })
      list[scene] = of("scene_length", checks.run("scene", thin, {}))
    end
    t.equal(#findings.without_doubles(list), 3)
    t.equal(#findings.open(list, { { key = list[1].key } }), 2)
    t.equal(checks.finding("scene_length", checks.load "scene_length", { number = 3, scene = 2 }, { problem = "Other numbers." }).key, list[2].key,
      "its numbers may change")
  end,

  ["of two promises due in one chapter neither is lost, nor of two facts that disagree or two chapters that are repeated"] = function(t)
    for _, name in ipairs { "promise_unpaid", "promises_at_end", "facts_disagree", "repeats_earlier" } do
      local list = {}
      for i = 1, 2 do list[i] = checks.finding(name, checks.load(name), { number = 3 }, { problem = "P" .. i .. " is unpaid." }) end
      t.equal(#findings.without_doubles(list), 2, name)
      t.equal(#findings.open(list, { { key = list[1].key } }), 1, name)
    end
  end,

  ["what a person dismissed is not found again; a judge's fault is known by its words, however it is put"] = function(t)
    local list = checks.run("chapter", it "He saw the the boat.", {})
    t.equal(findings.open(list, { { key = list[1].key } }), {})
    local judged = { { key = "manner.3.x", judged = true, chapter = 3, quote = "He saw the sea", problem = "Flat." } }
    t.equal(findings.open(judged, { { key = "manner.3.y", judged = true, chapter = 3, quote = "He saw the sea and sat." } }), {})
    t.equal(#findings.open(judged, { { key = "manner.4.y", judged = true, chapter = 4, quote = "He saw the sea and sat." } }), 1)
    t.has(findings.dismissed_text({ { key = "k", chapter = 3, quote = "the the", problem = "Twice.", reason = "He stammers." } }, 3), "He stammers.")
    t.equal(findings.dismissed_text({ { key = "k", chapter = 4, quote = "the the", problem = "Twice." } }, 3), "")
  end,
}
