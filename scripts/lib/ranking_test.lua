local source = [[
  local blocks, ranking = require "lib.blocks", require "lib.ranking"
  return { run = function()
    return ranking.of({ models = {} }, { "mud", "gold", "tin" }, function(first, second)
      return blocks.new():last("task", "Which? FIRST " .. first .. " SECOND " .. second)
    end)
  end } ]]

return {
  ["each pair is judged in both orders, and a judge that always takes the first decides nothing"] = function(t)
    local run = t.status(t.run { source = source, answers = function(request)
      local gold_first, gold_second = string.find(request.task, "FIRST gold"), string.find(request.task, "SECOND gold")
      return { value = { reason = "It shines.", winner = gold_second and not gold_first and "second" or "first" } }
    end }, "completed")
    t.equal(#run.requests, 6)
    t.equal(run.result[1], "gold")
    run = t.status(t.run { source = source, answers = function() return { value = { reason = "I read it first.", winner = "first" } } end }, "completed")
    t.equal(run.result, { "mud", "gold", "tin" })
  end,

  ["a silent judge costs votes, not the texts"] = function(t)
    t.equal(#t.status(t.run { source = source, answers = { { role = "judge", fail = "no credit" } } }, "completed").result, 3)
  end,
}
