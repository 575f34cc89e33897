local checks = require "lib.checks"

return {
  ["a day of the week that the days between cannot give is found"] = function(t)
    local function book(second) return { { prose = "It was Monday.", sheet = { day = 1 } }, { prose = second, sheet = { day = 3 } } } end
    t.equal(#checks.try("weekdays_disagree", nil, { chapters = book "It was a Saturday." }), 1)
    t.equal(#checks.try("weekdays_disagree", nil, { chapters = book "It was Wednesday." }), 0)
    t.equal(#checks.try("weekdays_disagree", nil, { chapters = book "He hated Saturday." }), 0)
  end,
}
