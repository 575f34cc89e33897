local checks = require "lib.checks"

return {
  ["somebody who has died and speaks or acts is found in the text itself"] = function(t)
    local it = { state = { dead = { ["Ada Finch"] = 2 } }, cast = { { name = "Ada Finch" }, { name = "Ben Hale" } }, plan = {} }
    local found = checks.try("dead_act", "It rained. Ada Finch opened the door. He left.", it)
    t.equal(#found, 1)
    t.equal(found[1].quote, "Ada Finch opened the door.")
    t.equal(#checks.try("dead_act", "\"Stay,\" said Ada.", it), 1)
  end,
  ["who is remembered, buried, dreamed of or spoken about acts not"] = function(t)
    local it = { state = { dead = { ["Ada Finch"] = 2 } }, cast = { { name = "Ada Finch" }, { name = "Ben Hale" } }, plan = {} }
    t.equal(#checks.try("dead_act", "He remembered how Ada walked home.", it), 0)
    t.equal(#checks.try("dead_act", "They put flowers on Ada Finch's grave.", it), 0)
    t.equal(#checks.try("dead_act", "Ada would have laughed.", it), 0)
    t.equal(#checks.try("dead_act", "Ben opened the door.", it), 0)
    it.plan.flashback = true
    t.equal(#checks.try("dead_act", "Ada Finch opened the door.", it), 0)
  end,
  ["a first name that a living person has as well proves nothing"] = function(t)
    local it = { state = { dead = { ["Ada Finch"] = 2 } }, cast = { { name = "Ada Finch" }, { name = "Ada Hale" } }, plan = {} }
    t.equal(#checks.try("dead_act", "Ada opened the door.", it), 0)
    t.equal(#checks.try("dead_act", "Ada Finch opened the door.", it), 1)
  end,
}
