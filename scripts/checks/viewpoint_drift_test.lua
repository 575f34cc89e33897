local checks = require "lib.checks"

return {
  ["a narrator who says I in a chapter told in the third person is found; speech is not"] = function(t)
    local third = string.rep("He took his coat and she gave him her lamp. ", 20)
    t.equal(#checks.try("viewpoint_drift", third .. "\n\nI took my coat, and I went to my room, and I sat on my bed with my lamp beside me."), 1)
    t.equal(#checks.try("viewpoint_drift", third .. "\n\n“I took my coat, and I went to my room, and I sat on my bed,” he said."), 0)
    t.equal(#checks.try("viewpoint_drift", "I took my coat, and I went to my room, and I sat on my bed.", { viewpoint = "first person" }), 0)
  end,
}
