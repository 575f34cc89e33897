local facts = require "lib.facts"

local function sheet(day, operations, more)
  local out = facts.pending(day)
  out.pending, out.operations = nil, json.array(operations or {})
  for key, value in pairs(more or {}) do out[key] = value end
  return out
end

local function op(kind, what, who, value)
  return { op = kind, what = what, who = who, value = value, quote = "" }
end

return {
  ["what chapters change adds up: places move, things go from hand to hand, deaths stand"] = function(t)
    local state = facts.new_state()
    state:apply(1, sheet(1, { op("add", "where", "Ida", "mill"), op("add", "holds", "Ida", "the key") }))
    state:apply(2, sheet(3, { op("add", "where", "Ida", "ferry"), op("remove", "holds", "Ida", "The Key"),
      op("add", "holds", "Jon", "the key") }))
    t.equal(state:text({ "Ida", "Jon", "Nobody" }), "- Ida: where: ferry\n- Jon: holds: the key")
    t.equal(state.day, 3)
    state:apply(3, sheet(4, {}, { deaths = { { who = "Jon", quote = "" } }, paid = { "P1" } }))
    t.equal(state:text({ "Jon" }), "- Jon: dead since chapter 3")
    t.equal(state.paid.P1, 3)
  end,

  ["what does not fit the state is suspected: the dead act, things are in two hands, days run back"] = function(t)
    local state = facts.new_state()
    state:apply(1, sheet(5, { op("add", "holds", "Ida", "the key") }, { deaths = { { who = "Jon", quote = "" } } }))
    local function doubts(operations, day, plan)
      return table.concat(state:suspicions(sheet(day or 6, operations), plan or {}), "\n")
    end
    t.has(doubts { op("add", "where", "Jon", "ferry") }, "Jon acts here, but died in chapter 1")
    t.has(doubts { op("add", "holds", "Eva", "the key") }, "which Ida held until now")
    t.equal(doubts { op("remove", "holds", "Ida", "the key"), op("add", "holds", "Eva", "the key") }, "")
    t.has(doubts { op("remove", "holds", "Ida", "a lamp") }, "without having had it")
    t.has(doubts({}, 4), "day 4, but the one before ended on day 5")
    t.equal(doubts({}, 4, { flashback = true }), "")
  end,

  ["a sheet that is pending changes no day and raises no doubt"] = function(t)
    local state = facts.new_state()
    state:apply(1, sheet(5))
    state:apply(2, facts.pending(0))
    t.equal(state.day, 5)
    t.equal(state:suspicions(facts.pending(0), {}), {})
  end,

  ["quotations are found in spite of case, blanks and quotation marks; invented ones are not"] = function(t)
    local prose = "She said: “The mill  is closed.”\nNobody spoke."
    t.ok(facts.quoted(prose, "the mill is closed"))
    t.ok(facts.quoted(prose, "'Closed.' nobody"))
    t.ok(not facts.quoted(prose, "the mill is open"))
    t.ok(not facts.quoted(prose, "  "))
  end,

  ["a death that the chapter does not tell is taken out"] = function(t)
    local deaths = { { who = "Ida", quote = "Ida fell" }, { who = "Jon", quote = "sank" } }
    local read = facts.verify(sheet(1, {}, { deaths = deaths }), "Jon sank like a stone.")
    t.equal(#read.deaths, 1)
    t.equal(read.deaths[1].who, "Jon")
  end,
}
