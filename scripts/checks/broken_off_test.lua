local checks = require "lib.checks"

return {
  ["a scene that ends in the middle of a sentence is found"] = function(t)
    t.equal(#checks.try("broken_off", "She opened the"), 1)
    t.equal(#checks.try("broken_off", "She opened the door."), 0)
    t.equal(#checks.try("broken_off", "“Stay.”"), 0)
    t.equal(#checks.try("broken_off", "Sie blieb …"), 0)
  end,
}
