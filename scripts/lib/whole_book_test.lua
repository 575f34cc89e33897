local whole_book = require "lib.whole_book"

return {
  ["what --until can name is what a book's run begins and passes"] = function(t)
    local run = t.run { pipeline = "generate_book", input = { brief = "A ferry.", chapters = 1, words_per_chapter = 400,
      candidates = 1 } }
    t.status(run, "completed")
    for _, phase in ipairs(whole_book.phases) do
      if phase ~= "chapter:N" then t.has(run.log, "--- Phase: " .. phase .. " ---") end
    end
    local stopped = t.run { pipeline = "generate_book", project = "stopped", stop_at = "chapter:1",
      input = { brief = "A ferry.", chapters = 1, words_per_chapter = 400, candidates = 1 } }
    t.equal(t.status(stopped, "waiting").waits.kind, "until")
  end,
}
