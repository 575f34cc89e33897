return {
  ["terms are found and defined, each by its own question"] = function(t)
    local run = t.status(t.run { pipeline = "glossary", input = { text = "Splicing joins two ropes." } }, "completed")
    t.ok(run.result.terms > 0)
    t.has(t.document("glossary.md"), "# Glossary")
  end,

  ["what the models say is what stands there"] = function(t)
    local run = t.run { pipeline = "glossary", input = { text = "Splicing joins two ropes." }, answers = {
      { role = "extractor", times = 1, value = { terms = json.array { "splicing" } } },
      { has = "splicing", text = "Joining two ropes by weaving their strands." },
      { rehearse = true },
    } }
    t.status(run, "completed")
    t.equal(run.result.terms, 1)
    t.has(t.document("glossary.md"), "Joining two ropes by weaving their strands.")
  end,
}
