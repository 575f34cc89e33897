local checks = require "lib.checks"

return {
  ["a chapter that opens with the weather is found, in several languages"] = function(t)
    t.equal(#checks.try("weather_opening", "The rain came down on the quay."), 1)
    t.equal(#checks.try("weather_opening", "Der Regen fiel auf den Kai.", { tag = "de" }), 1)
    t.equal(#checks.try("weather_opening", "She sold the boat before anyone could stop her, in the rain."), 0)
  end,
}
