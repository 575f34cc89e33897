local checks = require "lib.checks"

local third = string.rep("He took his coat and she gave him her lamp, and they went down to the boats.\n\n", 6)
local mine = "I took my coat, and I went to my room, and I sat on my bed with my lamp beside me."

return {
  ["a narrator who says I in a chapter told in the third person is found; speech is not"] = function(t)
    t.equal(#checks.try("viewpoint_drift", third .. mine), 1)
    t.equal(#checks.try("viewpoint_drift", third .. "“" .. mine .. "” he said, and took the lamp down from its hook beside the door."), 0)
  end,

  ["a chapter told in the first person is left alone, planned so or not"] = function(t)
    t.equal(#checks.try("viewpoint_drift", third .. mine, { viewpoint = "first person" }), 0)
    t.equal(#checks.try("viewpoint_drift", third .. mine .. "\n\n" .. mine .. "\n\n" .. mine), 0)
  end,
}
