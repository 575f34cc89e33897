local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["an uncommon word again and again within a few lines is found; a name is not"] = function(t)
    t.equal(#checks.try("echoes",
      filler .. "The lantern shook. A lantern stood. No lantern fell. That lantern burned. Her lantern went out.", {
        limits = { letters = 7 } }), 1)
    t.equal(#checks.try("echoes",
      filler .. "Bernard shook. Then Bernard stood. So Bernard fell. And Bernard burned. Then Bernard left.", {
        limits = { letters = 7 } }), 0)
    t.equal(#checks.try("echoes", filler .. "The lantern shook.", { limits = { letters = 7 } }), 0)
  end,
}
