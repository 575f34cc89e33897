local checks = require "lib.checks"

return {
  ["a little word twice is found; what grammar doubles is not"] = function(t)
    t.equal(#checks.try("doubled_words", "He saw the the boat."), 1)
    t.equal(#checks.try("doubled_words", "Sie ging in in die Stadt."), 1)
    t.equal(#checks.try("doubled_words", "He had had enough. That that was so he knew."), 0)
    t.equal(#checks.try("doubled_words", "He came in. In the end he left."), 0)
  end,
}
