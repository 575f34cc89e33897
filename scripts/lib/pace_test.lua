local pace = require "lib.pace"

return {
  ["the share of the work grows from nothing to all of it, in the order of the phases, for short and long books"] = function(t)
    for _, book in ipairs { { chapters = 1, words = 200 }, { chapters = 100, words = 8000 } } do
      local last = -1
      for _, phase in ipairs { "blueprint", "structure", "planning", "writing", "postprocessing" } do
        for _, part in ipairs { 0, 0.5 } do
          t.ok(pace.at(phase, part, book) > last, phase)
          last = pace.at(phase, part, book)
        end
      end
      t.equal(pace.at("blueprint", 0, book), 0)
      t.ok(math.abs(pace.at("postprocessing", 1, book) - 1) < 1e-9)
    end
    t.equal(pace.of_series(0.5, 2, 3), 0.5)
  end,
}
