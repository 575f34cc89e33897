local checks = require "lib.checks"

return {
  ["many sentences of one length in a row are found; a varied page is not"] = function(t)
    t.equal(#checks.try("sentence_lengths", string.rep("He went to the old mill. ", 14)), 1)
    t.equal(#checks.try("sentence_lengths",
      string.rep("He went. She stayed by the old mill until the rain had stopped and the boats came back. Nobody spoke to either of them then. ", 10)), 0)
  end,
}
