local checks = require "lib.checks"

return {
  ["two styles of quotation marks in a chapter are found"] = function(t)
    t.equal(#checks.try("quotes_mixed", "\"A.\" \"B.\" \"C.\" “D.” “E.” “F.”"), 1)
    t.equal(#checks.try("quotes_mixed", "“A.” “B.” “C.”"), 0)
    t.equal(#checks.try("quotes_mixed", "„A.“ „B.“ „C.“"), 0)
    t.equal(#checks.try("quotes_mixed", "\"A,\" she said."), 0)
  end,
}
