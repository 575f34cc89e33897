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

  ["quotations with something left out between dots are found in their order, and only so"] = function(t)
    local prose = "Jon *sank*, slowly, like a stone."
    t.ok(facts.quoted(prose, "Jon sank … like a stone"))
    t.ok(facts.quoted(prose, "...like a stone"))
    t.ok(not facts.quoted(prose, "like a stone ... Jon sank"))
    t.ok(not facts.quoted(prose, "..."))
  end,

  ["nothing that the chapter does not tell is a fact"] = function(t)
    local function quoted(words, more)
      more.quote = words
      return more
    end
    local read, left_out = facts.verify(sheet(1, { quoted("a loaded revolver", op("add", "holds", "Ida", "a revolver")),
      quoted("like a stone", op("add", "condition", "Jon", "drowned")) }, {
      deaths = { { who = "Ida", quote = "Ida fell" }, { who = "Jon", quote = "sank" } },
      met = { { name = "Tom", kind = "person", what = "the sergeant", quote = "Sergeant Tom" } },
      learnt = { { secret = "S1", who = "Ida", quote = "she knew" } } }), "Jon sank like a stone.")
    t.equal({ #read.operations, #read.deaths, #read.met, #read.learnt, left_out }, { 1, 1, 0, 0, 4 })
    t.equal(read.deaths[1].who, "Jon")
  end,

  ["a changed condition takes the place of the old one; looks and bonds add up"] = function(t)
    local state = facts.new_state()
    state:apply(1, sheet(1, { op("add", "condition", "Ida", "lame"), op("add", "looks", "Ida", "one green eye"), op("add", "bond", "Ida", "Jon's aunt") }))
    state:apply(2, sheet(2, { op("change", "condition", "Ida", "healed"), op("add", "looks", "Ida", "grey coat") }))
    t.equal(state:text({ "Ida" }), "- Ida: condition: healed | looks: one green eye; grey coat | bond: Jon's aunt")
  end,

  ["minor people, places and things are known again, with the first and the last chapter that has them"] = function(t)
    local state = facts.new_state()
    local tom = { name = "Sergeant Tom", kind = "person", what = "limps", quote = "" }
    state:apply(2, sheet(1, {}, { met = { tom, { name = "The Anchor", kind = "place", what = "a tavern with a green door", quote = "" } } }))
    state:seen_in(4, "They met at the anchor.")
    t.equal(state:met_in("Place: the Anchor, at night"), { "The Anchor (place, chapters 2 to 4): a tavern with a green door" })
    tom.what = "has a dog"
    state:apply(5, sheet(1, {}, { met = { tom } }))
    t.equal(state:met_in("Goal: sergeant tom wants the key"), { "Sergeant Tom (person, chapters 2 to 5): limps; has a dog" })
    t.equal(state:met_in("Place: the quay"), {})
  end,

  ["who must come from another place on the same day is told to the writer"] = function(t)
    local state = facts.new_state()
    state:apply(1, sheet(3, { op("add", "where", "Ida", "on the quay"), op("add", "where", "Jon", "the mill") }))
    local plan = { day = 3, scenes = { { place = "The Quay, at dawn", cast = { "Ida", "Jon", "Eva" } } } }
    t.equal(#state:journeys(plan), 1)
    t.has(state:journeys(plan)[1], "Jon was last at: the mill, on this same day")
    plan.day = 4
    t.equal(state:journeys(plan), {})
  end,
}
