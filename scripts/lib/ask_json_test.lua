local source = [[
  return { run = function()
    return llm.ask_json { role = "judge", prompt = "Count.", max_words = 100, schema = { type = "object",
      properties = { n = { type = "integer" } }, required = { "n" } } }
  end } ]]

local plan = [[
  return { run = function()
    local text = { type = "string" }
    return llm.ask_json { role = "planner", prompt = "Plan.", max_words = 900, schema = { type = "object", required = { "title", "cast", "ending" },
      properties = { title = text, ending = text, cast = { type = "array", items = text, minItems = 3, maxItems = 5 } } } }
  end } ]]

local function cut(text_so_far) return { text = text_so_far, stop = "length" } end
local function keyed(key, answer)
  answer.key = key
  return answer
end

return {
  ["a server that ends each answer at a limit of its own gives the document in pieces"] = function(t)
    local run = t.run { source = plan, answers = {
      keyed("#rest-3", { text = '{"ending": "She goes."}' }),
      keyed("#rest-2", cut('{"cast": ["Corin"], "ending": "She')),
      keyed("#rest-1", cut('{"cast": ["Tomas", "Edm')),
      cut('{"title": "Tide", "cast": ["Ines", "To') } }
    t.equal(t.status(run, "completed").result, { title = "Tide", cast = { "Ines", "Tomas", "Corin" }, ending = "She goes." })
    t.equal(#run.requests, 4)
    t.equal(run.requests[2].blocks[1].text, "Plan.")
    t.has(run.requests[2].task, "Of 'cast' 1 are kept")
    t.lacks(run.requests[4].task, "Of 'cast'")
  end,

  ["half a document is never taken for a whole one"] = function(t)
    local run = t.status(t.run { source = plan, answers = { cut('{"title": "Tide", "cast": ["Ines", "To') } }, "failed")
    t.has(run.error.message, "no usable JSON from role 'planner'")
    t.ok(#run.requests <= 10)
  end,

  ["an answer that cannot be read is repaired once, with the reason and the answer behind the same prompt"] = function(t)
    local run = t.run { source = source, answers = { { task = "could not be used", text = "{\"n\": 2}" }, { text = "Two!" } } }
    t.equal(t.status(run, "completed").result, { n = 2 })
    t.equal(#run.requests, 2)
    t.equal(run.requests[2].blocks[1].text, "Count.")
    t.has(run.requests[2].task, "Two!")
    run = t.run { source = source, answers = { { task = "could not be used", text = "{\"n\": 2}" }, { text = "{\"m\": 2}" } } }
    t.has(run.requests[2].task, "could not be used: n: is missing")
  end,

  ["an answer that had no room is asked for again with more, not repaired"] = function(t)
    local run = t.run { source = source, answers = { { key = "#room", text = "{\"n\": 2}" }, { text = "{\"n\":", stop = "length" } } }
    t.equal(t.status(run, "completed").result, { n = 2 })
    t.ok(run.requests[2].max_words > run.requests[1].max_words)
    t.lacks(run.requests[2].prompt, "could not be used")
  end,

  ["when nothing can be read the run says so, and a retry asks those questions anew"] = function(t)
    local run = t.status(t.run { source = source, answers = { { text = "Two!" } } }, "failed")
    t.has(run.error.message, "no usable JSON from role 'judge'")
    run = t.retry(run, { answers = { { text = "{\"n\": 2}" } } })
    t.equal(t.status(run, "completed").result, { n = 2 })
  end,
}
