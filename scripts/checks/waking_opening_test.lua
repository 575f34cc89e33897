local checks = require "lib.checks"

return {
  ["a chapter that opens with waking is found"] = function(t)
    t.equal(#checks.try("waking_opening", "He woke before the bell."), 1)
    t.equal(#checks.try("waking_opening", "Als sie erwachte, war das Haus leer.", { tag = "de" }), 1)
    t.equal(#checks.try("waking_opening", "He sold the boat. Then he woke."), 0)
  end,
}
