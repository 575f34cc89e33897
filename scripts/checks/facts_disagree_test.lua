local checks = require "lib.checks"

return {
  ["what does not fit the facts before is suspected"] = function(t)
    local facts = require "lib.facts"
    local state = facts.new_state()
    local function sheet(operation)
      return { day = 3, operations = { operation }, deaths = {}, names = {}, paid = {} }
    end
    state:apply(1, sheet { op = "add", what = "holds", who = "Ida", value = "the key", quote = "" })
    local it = { state = state, plan = {}, sheet = sheet { op = "add", what = "holds", who = "Eva", value = "the key", quote = "" } }
    t.has(checks.try("facts_disagree", "", it)[1].problem, "which Ida held until now")
    it.sheet = sheet { op = "add", what = "holds", who = "Eva", value = "a lamp", quote = "" }
    t.equal(checks.try("facts_disagree", "", it), {})
  end,
}
