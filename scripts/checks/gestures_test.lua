local checks = require "lib.checks"

return {
  ["the same gesture in most chapters is found"] = function(t)
    local chapters, calm = {}, {}
    for i = 1, 6 do chapters[i], calm[i] = "He spoke. She let out a breath. It rained.", "He spoke. It rained." end
    local found = checks.try("gestures", nil, { chapters = chapters })
    t.equal(#found, 1)
    t.has(found[1].problem, "breath let out: in 6 of 6 chapters")
    t.equal(checks.try("gestures", nil, { chapters = calm }), {})
  end,
}
