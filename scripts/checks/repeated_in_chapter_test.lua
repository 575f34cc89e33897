local checks = require "lib.checks"

local counted = "He counted the nails in the old door. "

return {
  ["the same words four times are told with how often; twice is no fault"] = function(t)
    local found = checks.try("repeated_in_chapter", counted .. "She left. " .. counted .. "It rained. " .. counted .. "Snow fell. " .. counted)
    t.ok(#found >= 1)
    t.has(found[1].problem, "stands in the chapter 4 times")
    t.equal(checks.try("repeated_in_chapter", counted .. "She left. " .. counted), {})
  end,
}
