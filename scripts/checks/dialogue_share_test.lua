local checks = require "lib.checks"

local filler = string.rep("The boat lay on the sand and nobody came to push it out. ", 30)

return {
  ["a chapter of nothing but talk is found"] = function(t)
    t.equal(#checks.try("dialogue_share", string.rep("“Come in and sit down here with me,” he said. ", 60), {
      limits = { most = 0.7, words = 200 } }), 1)
    t.equal(#checks.try("dialogue_share", filler .. filler .. string.rep("“Come in.” ", 20), { limits = { most = 0.7, words = 200 } }), 0)
  end,
}
