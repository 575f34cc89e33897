local checks = require "lib.checks"
local facts = require "lib.facts"

local function sheet(who, value, quote)
  return { day = 3, operations = { { op = "add", what = "holds", who = who, value = value, quote = quote } }, deaths = {}, names = {}, paid = {} }
end

local function try(t, who, value, quote)
  local state = facts.new_state()
  state:apply(1, sheet("Ida", "the key", ""))
  return checks.try("facts_disagree", "Eva turned the key in her hand.", { state = state, plan = {}, sheet = sheet(who, value, quote) })
end

return {
  ["what does not fit the facts before is suspected; what the extractor invented is not"] = function(t)
    t.has(try(t, "Eva", "the key", "turned the key")[1].problem, "which Ida held until now")
    t.equal(try(t, "Eva", "a lamp", "turned the key"), {})
    t.equal(try(t, "Eva", "the key", "words that are not there"), {})
  end,
}
