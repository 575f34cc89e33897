local checks = require "lib.checks"

return {
  ["a passage in the other tense is found; speech and a single verb are not"] = function(t)
    local past = string.rep("She was there and had the rope. He went out and saw the boat. ", 6)
    t.equal(#checks.try("tense_drift", past .. "\n\nShe is there and has the rope. He goes out and sees the boat. She stands and looks."), 1)
    t.equal(#checks.try("tense_drift",
      past .. "\n\n“She is there and has the rope. He goes out and sees the boat, and looks and stands,” he said."), 0)
    t.equal(#checks.try("tense_drift", past .. "\n\nThe sea is what it is."), 0)
  end,
}
