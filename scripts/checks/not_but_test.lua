local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["the turn not this but that is found where it is a habit"] = function(t)
    t.equal(#checks.try("not_but", filler .. string.rep("It wasn’t fear. It was hunger. ", 5)), 1)
    t.equal(#checks.try("not_but", filler .. "It was not a door but a wound."), 0)
  end,
}
