-- The course of the story holds together: acts cover the book, causes exist and come earlier, promises fall due in it.

local function book(t, options)
  options.pipeline, options.stop_at = "generate_book", "Structure & Events"
  options.input = { brief = "A cook inherits a debt.", chapters = options.chapters or 3, words_per_chapter = 1200 }
  options.chapters = nil
  return t.status(t.run(options), "waiting")
end

--- The embedded model's answer with a fault put in.
local function spoilt(task, spoil)
  return { task = task, answer = function(_, rehearse)
    local value = json.decode(rehearse().text)
    spoil(value)
    return { value = value }
  end }
end

return {
  ["every chapter has events, causes exist and come earlier, promises fall due inside the book"] = function(t)
    book(t, { chapters = 40 })
    local structure = t.document("structure.json")
    local place, covered = {}, {}
    for i, event in ipairs(structure.events) do place[event.id], covered[event.chapter] = i, true end
    for number = 1, 40 do t.ok(covered[number], "chapter " .. number .. " has no event") end
    for i, event in ipairs(structure.events) do
      for _, cause in ipairs(event.causes) do t.ok(place[cause] < i, event.id) end
    end
    for _, owed in ipairs(structure.promises) do t.ok(owed.opened <= owed.due and owed.due <= 40) end
  end,

  ["acts with gaps and causes that do not exist are sent back once with the exact list, then mended"] = function(t)
    local run = book(t, { answers = {
      spoilt("Put this course into the form", function(value) value.acts[1].first = 2 end),
      spoilt("Now the events of chapters", function(value)
        value.chapters[1].events[1].causes = json.array { "9.9" }
      end),
      { rehearse = true },
    } })
    local repairs = t.requests(run, { task = "These faults were found in the answer" })
    t.ok(#repairs >= 2, "repairs that were asked for")
    t.has(repairs[#repairs].task, "9.9")
    local structure = t.document("structure.json")
    t.ok(#structure.mended >= 2)
    t.equal(structure.acts[1].first, 1)
  end,

  ["a given structure's events stay, and what it leaves out is filled"] = function(t)
    local events = json.array { { id = "2.1", chapter = 2, what = "The dam is voted down.", who = json.array {},
      causes = json.array {}, day = 9 } }
    book(t, { given = { structure = { events = events } } })
    local found, covered = nil, {}
    for _, event in ipairs(t.document("structure.json").events) do
      covered[event.chapter] = true
      if event.id == "2.1" then found = event end
    end
    t.equal(found.what, "The dam is voted down.")
    t.ok(covered[1] and covered[2] and covered[3])
  end,
}
