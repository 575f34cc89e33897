local checks = require "lib.checks"

return {
  ["what is noted as for a film is found; prose with a colon is not"] = function(t)
    t.equal(#checks.try("screenplay", "**INT. QUAY - NIGHT**\n\nShe waits."), 1)
    t.equal(#checks.try("screenplay", "ADA: No.\n\nBEN: Yes."), 1)
    t.equal(#checks.try("screenplay", "*Ada:* No.\n\n*Ben:* Yes."), 1)
    t.equal(#checks.try("screenplay", "She said: No.\n\nHe said: Yes."), 0)
    t.equal(#checks.try("screenplay", "NOTE TO MYSELF: buy rope.\n\nShe left."), 0)
  end,
}
