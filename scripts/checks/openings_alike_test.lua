local checks = require "lib.checks"

return {
  ["chapters that begin with the same words are found"] = function(t)
    local found = checks.try("openings_alike", nil, { chapters = { "The bell rang. She left.",
      "Nobody came. He stayed.", "The bell rang, and rang. It rained.", "The bell rang once. Snow." } })
    t.equal(#found, 1)
    t.has(found[1].problem, "1, 3, 4")
    t.equal(checks.try("openings_alike", nil, { chapters = { "The bell rang.", "The boat sank." } }), {})
  end,
}
