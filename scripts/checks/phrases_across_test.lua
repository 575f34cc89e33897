local checks = require "lib.checks"

return {
  ["a phrase once in each of many chapters is found, quoted in the last of them"] = function(t)
    local chapters = {}
    for i = 1, 8 do
      chapters[i] = "Chapter " .. i .. " had its own rope number " .. i * 7
        .. ". She ran a trembling finger through the candle wax. Then it was " .. i .. " o'clock."
    end
    local found = checks.try("phrases_across", nil, { chapters = chapters, limits = { most = 1 } })
    t.equal(#found, 1)
    t.equal(found[1].chapter, 8)
    t.has(found[1].problem, "in 8 of 8 chapters")
    t.has(found[1].quote, "trembling finger")
    t.equal(checks.try("phrases_across", nil, { chapters = { chapters[1], "Nobody came to the harbour that winter." } }), {})
  end,
}
