local checks = require "lib.checks"

return {
  ["two chapters with one title are found"] = function(t)
    local found = checks.try("titles_doubled", nil, { chapters = { { prose = "", title = "The Stair" }, { prose = "",
      title = "Ebb" }, { prose = "", title = "the stair" } } })
    t.equal(#found, 1)
    t.equal(found[1].chapter, 3)
    t.equal(#checks.try("titles_doubled", nil, { chapters = { "", "" } }), 0)
  end,
}
