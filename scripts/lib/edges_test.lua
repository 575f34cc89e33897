local edges = require "lib.edges"

return {
  ["edges are compared without marks and case, and a passage that is too short has none"] = function(t)
    t.equal(edges.of("“The bell — rang,” she said.", 3), "the bell rang")
    t.equal(edges.of("And so he left.", 2, true), "he left")
    t.equal(edges.of("Rain.", 3), nil)
    t.equal(edges.shared({ { number = 1, text = "The bell rang." }, { number = 4, text = "The bell rang twice." } }, 3),
      { { text = "the bell rang", chapters = { 1, 4 } } })
  end,
}
