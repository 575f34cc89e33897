local checks = require "lib.checks"

return {
  ["a name that is almost another one is asked about; a part of one is not"] = function(t)
    local names = require("lib.names").known { { name = "Margaret Vale" } }
    t.has(checks.try("names_alike", "Margeret Vale came.", { names = names, sheet = { names = {
      "Margeret Vale" } } })[1].problem, "almost \"Margaret Vale\"")
    t.equal(checks.try("names_alike", "Margaret came.", { names = names, sheet = { names = { "Margaret", "Bruno" } } }), {})
  end,
}
