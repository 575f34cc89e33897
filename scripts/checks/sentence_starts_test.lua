local checks = require "lib.checks"

return {
  ["sentences in a row that begin alike are found"] = function(t)
    t.equal(#checks.try("sentence_starts", string.rep("She ran. ", 6)), 1)
    t.equal(#checks.try("sentence_starts", string.rep("She ran. He sat. ", 6)), 0)
  end,
}
