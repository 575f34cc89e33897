local checks = require "lib.checks"

return {
  ["ready-made phrases are quoted where they stand, in several languages"] = function(t)
    t.equal(checks.try("cliches", "He sat. Time stood still. She left.")[1].quote, "Time stood still.")
    t.equal(#checks.try("cliches", "Er ging. Die Stille war ohrenbetäubend.", { tag = "de" }), 1)
    t.equal(#checks.try("cliches", "He stood still for a time."), 0)
  end,
}
