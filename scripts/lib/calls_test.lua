local calls = require "lib.calls"

local function source(call)
  return [[
  local calls = require "lib.calls"
  return { run = function()
    local book = { models = {} }
    local value, why = calls.]] .. call .. [[
    return { value = value or json.null, why = why or json.null, models = calls.names(book), rehearsal = book.rehearsal or false }
  end } ]]
end

local try_prose = source [[try_prose(book, { role = "writer", prompt = "Write." })]]
local schema = [[{ type = "object", properties = { n = { type = "integer" } }, required = { "n" } }]]
local try_json = source("try_json(book, { role = \"judge\", prompt = \"Count.\", schema = " .. schema .. " })")

return {
  ["a failure of a helper is a value with its reason; the models that answered are noted"] = function(t)
    local result = t.run { source = try_prose, answers = { { fail = "overloaded" } } }.result
    t.equal(result.value, json.null)
    t.has(result.why, "overloaded")
    result = t.run { source = try_prose, answers = { { text = "Rope." } } }.result
    t.equal(result.value.text, "Rope.")
    t.equal(result.models, { "canned/model" })
  end,

  ["an answer that never follows the schema is a value with its reason too"] = function(t)
    local run = t.run { source = try_json, answers = { { text = "I liked it." } } }
    t.equal(t.status(run, "completed").result.value, json.null)
    t.equal(t.run { source = try_json, answers = { { text = "Here: {\"n\": 3}" } } }.result.value, { n = 3 })
  end,

  ["a refusal in words is asked of the next model; two of them are an error in their words, never prose"] = function(t)
    local refusal = "I'm sorry, but I can't help with that request."
    local run = t.run { source = try_prose, answers = { { times = 1, text = refusal }, { text = "Rope." } } }
    t.equal(run.result.value.text, "Rope.")
    run = t.run { source = try_prose, answers = { { text = refusal } } }
    t.equal(run.result.value, json.null)
    t.has(run.result.why, "refused twice")
    run = t.run { source = source [[prose(book, { role = "writer", prompt = "Write." })]], answers = { { text = refusal } } }
    t.has(t.status(run, "failed").error.message, refusal)
  end,

  ["a text that a limit cut off is asked for to its end, and never taken as whole in the middle of a sentence"] = function(t)
    local whole = source [[whole(book, { role = "planner", prompt = "Plan." })]]
    local function cut(words, key) return { text = words, stop = "length", key = key } end
    local run = t.run { source = whole, answers = { { key = "#rest-2", text = "He goes." }, cut("She stays. He", "#rest-1"), cut("They meet. Sh") } }
    t.equal(run.result.value, "They meet. She stays. He goes.")
    t.has(run.requests[3].task, "They meet. She stays.")
    run = t.run { source = whole, answers = { cut("They meet. Sh", "#rest-1"), cut("They meet. Sh") } }
    t.equal(run.result.value, "They meet. They meet. They meet. They meet. They meet.")
    t.equal(#run.requests, 5)
  end,

  ["what may be a refusal is asked again, and never ends a run: the longer answer is kept and told"] = function(t)
    local asked = [[
    local calls = require "lib.calls"
    return { run = function()
      local book = { models = {}, issues = {}, issue = function(self, where, problem) self.issues[#self.issues + 1] = where .. " " .. problem end }
      return { value = calls.prose(book, { role = "writer", prompt = "Write." }).text, issues = book.issues }
    end } ]]
    local short, long = "I can't write this scene. He put down the lamp.", "I can't write this scene. He put down the lamp and went out into the rain."
    local kept = t.run { source = asked, answers = { { times = 1, text = short }, { text = long } } }.result
    t.equal(kept.value, long)
    t.has(kept.issues[1], "writer may have refused")
    t.equal(t.run { source = asked, answers = { { times = 1, text = short }, { text = "Rope." } } }.result.value, "Rope.")
    t.equal(t.run { source = asked, answers = { { times = 1, text = short }, { fail = "overloaded" } } }.result.value, short)
    t.equal(t.run { source = asked, answers = { { times = 1, text = short }, { text = "I can't write this scene." } } }.result.value, short)
  end,

  ["a rehearsal is noted as one"] = function(t)
    t.equal(t.run { source = try_prose, model = "rehearsal/novelist" }.result.rehearsal, true)
    t.equal(t.run { source = try_prose }.result.rehearsal, false)
  end,

  ["what is a script's own mistake is raised on"] = function(t)
    local run = t.run { source = source [[try_json(book, { role = "judge", prompt = "Count." })]] }
    t.has(t.status(run, "failed").error.message, "schema")
  end,

  ["models are listed by role, each once"] = function(t)
    local book = { models = { writer = { ["a/x"] = true, ["a/y"] = true }, judge = { ["a/x"] = true } } }
    t.equal(calls.names(book), { "a/x", "a/y" })
    t.equal(calls.models(book), { { role = "judge", models = { "a/x" } }, { role = "writer", models = { "a/x", "a/y" } } })
  end,
}
