local source = [[
  return { run = function()
    return llm.ask_json { role = "judge", prompt = "Count.", max_words = 100, schema = { type = "object",
      properties = { n = { type = "integer" } }, required = { "n" } } }
  end } ]]

return {
  ["an answer that cannot be read is repaired once, with the reason and the answer behind the same prompt"] = function(t)
    local run = t.run { source = source, answers = { { task = "could not be used", text = "{\"n\": 2}" }, { text = "Two!" } } }
    t.equal(t.status(run, "completed").result, { n = 2 })
    t.equal(#run.requests, 2)
    t.equal(run.requests[2].blocks[1].text, "Count.")
    t.has(run.requests[2].task, "Two!")
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
