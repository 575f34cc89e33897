local secrets = require "lib.secrets"
local checks = require "lib.checks"

return {
  ["the words of a secret are found before its chapter, and not from it on"] = function(t)
    local one = { id = "S1", what = "Ines forged the will.", reveal = 4, words = { "the false will" } }
    local list = secrets.list { chapters = 9, secrets = { secrets = { one } } }
    t.equal(#checks.try("told_too_early", "She burnt the false  will.", { secrets = list, number = 3 }), 1)
    t.equal(#checks.try("told_too_early", "Ines forged the will.", { secrets = list, number = 1 }), 1)
    t.equal(#checks.try("told_too_early", "She burnt the false will.", { secrets = list, number = 4 }), 0)
    t.equal(#checks.try("told_too_early", "She burnt the letter.", { secrets = list, number = 1 }), 0)
  end,
}
