local checks = require "lib.checks"

return {
  ["names that every model gives are found where they come twice"] = function(t)
    t.equal(#checks.try("stock_names", "Elara ran. Elara sat."), 1)
    t.equal(#checks.try("stock_names", "Elara ran."), 0)
    t.equal(#checks.try("stock_names", "Elarath ran. Elarath sat."), 0)
    t.equal(#checks.try("stock_names", "Ida ran. Ida sat."), 0)
  end,
}
