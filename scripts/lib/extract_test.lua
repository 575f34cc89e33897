local source = [[
  local blocks, extract, facts = require "lib.blocks", require "lib.extract", require "lib.facts"
  return { run = function()
    local book = { models = {}, language = { name = "English" }, blueprint = { cast = { { name = "Ida Weber" } } },
      structure = { promises = { { id = "P1", text = "the debt", opened = 1 }, { id = "P2", text = "later", opened = 9 } } },
      memory = { state = facts.new_state() } }
    local plan = { number = 2, scenes = { { outcome = "The mill burns." } } }
    return extract.chapter(book, blocks.new(), plan, { "Ida ran. Jon sank like a stone." })
  end } ]]

local sheet = { summary = "The mill burns.", day = 4, operations = { { op = "add", what = "where", who = "ida weber",
  value = "road", quote = "Ida ran" } }, deaths = { { who = "Jon", quote = "Jon sank" }, { who = "Ida Weber", quote = "she fell" } },
  met = json.array {},
  names = { "Jon" }, opened = json.array {}, paid = { "P1" } }

return {
  ["facts are kept in the cast's spelling, and a death only where the chapter tells it"] = function(t)
    local run = t.status(t.run { source = source, answers = { { role = "extractor", value = sheet } } }, "completed")
    t.equal(run.result.summary, "The mill burns.")
    t.equal(run.result.sheet.operations[1].who, "Ida Weber")
    t.equal(#run.result.sheet.deaths, 1)
    t.has(run.log, "1 fact left out")
    t.has(run.requests[1].task, "P1: the debt")
    t.lacks(run.requests[1].task, "P2")
  end,

  ["a chapter that is mended at its act's end keeps the promises that it paid"] = function(t)
    local after = string.gsub(source, "local plan", "book.memory.state.paid = { P1 = 2, P0 = 1 } local plan")
    after = string.gsub(after, "promises = {", "promises = { { id = \"P0\", text = \"the oath\", opened = 1 },")
    local run = t.status(t.run { source = after, answers = { { role = "extractor", value = sheet } } }, "completed")
    t.has(run.requests[1].task, "P1: the debt")
    t.lacks(run.requests[1].task, "P0", "what an earlier chapter paid is not asked for")
    t.equal(run.result.sheet.paid, { "P1" })
  end,

  ["when no model can read it, facts are pending and the plan says what happened"] = function(t)
    local run = t.status(t.run { source = source, answers = { { role = "extractor", fail = "down" } } }, "completed")
    t.equal(run.result.sheet.pending, true)
    t.has(run.result.sheet.reason, "down")
    t.equal(run.result.summary, "The mill burns.")
  end,
}
