local facts = require "lib.facts"
local impact = require "lib.impact"

local function sheet(operations, deaths)
  local out = facts.pending(1)
  out.operations, out.deaths = json.array(operations), json.array(deaths or {})
  return out
end

local key = { op = "add", what = "holds", who = "Ida", value = "the key", quote = "" }
local lamp = { op = "add", what = "holds", who = "Ida", value = "the lamp", quote = "" }

return {
  ["what is no longer true and what is newly true is told apart; what stays is not told"] = function(t)
    local changes = impact.changes(sheet { key, lamp }, sheet { lamp, { op = "add", what = "where", who = "Jon", value = "mill" } })
    t.equal(changes, { { who = "Ida", what = "holds", value = "the key", change = "gone" },
      { who = "Jon", what = "where", value = "mill", change = "new" } })
    t.equal(impact.changes(sheet { key }, sheet { key }), {})
  end,

  ["a death that is taken back is a change, and so is a new one"] = function(t)
    local changes = impact.changes(sheet({}, { { who = "Ida" } }), sheet({}, { { who = "Jon" } }))
    t.equal(changes[1].who .. changes[1].change, "Idagone")
    t.equal(changes[2].who .. changes[2].change, "Jonnew")
  end,
}
