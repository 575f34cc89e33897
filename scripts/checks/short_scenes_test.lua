local checks = require "lib.checks"

return {
  ["a chapter that is cut to pieces is found"] = function(t)
    local it = { scenes = { "One.", "Two.", "Three." } }
    t.equal(#checks.try("short_scenes", "", it), 1)
    t.equal(#checks.try("short_scenes", "", { scenes = { "One." } }), 0)
  end,
}
