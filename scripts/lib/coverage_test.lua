local coverage = require "lib.coverage"

local function made(acts, promises, events)
  return { chapters = 6, acts = json.array(acts), promises = json.array(promises or {}),
    events = json.array(events or {}), mended = json.array {} }
end

local function event(id, causes, who)
  return { id = id, chapter = tonumber(string.match(id, "^%d+")), what = "x", who = json.array(who or {}),
    causes = json.array(causes or {}), day = 1 }
end

return {
  ["gaps between acts, acts that are too long and promises due too early are said exactly"] = function(t)
    local found = table.concat(coverage.acts(made({ { first = 2, last = 3 }, { first = 5, last = 5 } },
      { { text = "the debt", opened = 4, due = 2 } }), 6), "\n")
    t.has(found, "Act 1 begins with chapter 2; it must begin with 1.")
    t.has(found, "Act 2 begins with chapter 5; it must begin with 4.")
    t.has(found, "The acts end with chapter 5; the book has 6.")
    t.has(found, "\"the debt\" is due in chapter 2, before it is opened in 4")
    t.equal(coverage.acts(made { { first = 1, last = 6 } }, 6), {})
    t.has(coverage.acts(made { { first = 1, last = 20 } }, 20)[1], "longer than twelve")
  end,

  ["acts that leave gaps are laid out evenly, and promises turned round; each is noted"] = function(t)
    local structure = made({ { title = "A", first = 2, last = 3 }, { title = "B", first = 5, last = 5 } },
      { { text = "the debt", opened = 4, due = 2 } })
    coverage.mend_acts(structure)
    t.equal(structure.acts[1].first, 1)
    t.equal(structure.acts[2].last, 6)
    t.equal(structure.promises[1].opened, 2)
    t.equal(structure.promises[1].due, 4)
    t.equal(#structure.mended, 2)
  end,

  ["causes that do not exist or come later are taken out, and nobody of the cast is forgotten"] = function(t)
    local events = { event("1.1"), event("2.1", { "9.9", "3.1" }), event("3.1", { "2.1" }) }
    local structure = made({ { first = 1, last = 6 } }, {}, events)
    coverage.mend_events(structure, { { name = "Ida" }, { name = "Jon", weight = "supporting" } })
    t.equal(structure.events[2].causes, { "1.1" })
    t.equal(structure.events[3].causes, { "2.1" })
    t.equal(structure.events[1].who, { "Ida" })
  end,

  ["events of an act get their numbers by place; chapters of the author's keep his"] = function(t)
    local structure = made({}, {}, { event("2.1") })
    structure.events[1].what = "by the author"
    local first = { number = 1, events = { { what = "a", causes = {} }, { what = "b", causes = {} } } }
    local second = { number = 2, events = { { what = "c", causes = {} } } }
    coverage.join(structure, { chapters = { first, second } }, { first = 1, last = 2 })
    local told = {}
    for i, entry in ipairs(structure.events) do told[i] = entry.id .. " " .. entry.what end
    t.equal(told, { "1.1 a", "1.2 b", "2.1 by the author" })
  end,

  ["what a person's structure lacks is filled, and what a chapter opens or pays is found"] = function(t)
    local checked = coverage.checked({ events = { { what = "The dam breaks." } }, promises = { { text = "x" } } },
      { chapters = 6, blueprint = { title = "The Dam" } })
    t.equal(checked.acts[1].last, 6)
    t.equal(checked.events[1].chapter, 1)
    t.equal(#coverage.promises(checked, "due", 6), 1)
    t.equal(#coverage.promises(checked, "opened", 2), 0)
  end,
}
