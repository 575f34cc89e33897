local checks = require "lib.checks"

return {
  ["words about the task are suspected"] = function(t)
    t.equal(#checks.try("task_talk", "He left. To be continued."), 1)
    t.equal(#checks.try("task_talk", "As an AI, I cannot."), 1)
    t.equal(#checks.try("task_talk", "He left, and she continued."), 0)
  end,
}
