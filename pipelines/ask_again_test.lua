local question = { role = "writer", max_words = 90, temperature = 0.25, reasoning = "low", key = "one",
  schema = { type = "object", properties = { name = { type = "string" } }, required = json.array { "name" } },
  blocks = { { name = "rules", text = "Be plain.", stable = true }, { name = "task", text = "Name a ship." } } }

return {
  ["the question is sent as it was, block by block, once"] = function(t)
    local sent = {}
    local run = t.run { pipeline = "ask_again", input = { call = 7, ask = json.encode(question) }, answers = function(request)
      sent[#sent + 1] = request
      return '{"name": "Kestrel"}'
    end }
    t.status(run, "completed")
    t.equal(#sent, 1)
    t.has(sent[1].prompt, "Be plain.")
    t.has(sent[1].prompt, "Name a ship.")
    t.equal(run.result, { call = 7, words = 2 })
  end,
}
