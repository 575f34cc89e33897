local series = require "lib.series"

local plan = { title = "The Ferry", question = "Who pays?", world = "A river.", people = { "Ida, who owns the ferry" },
  threads = { { text = "the debt", opened = 1, due = 2 } },
  books = { { title = "One", premise = "It opens.", changes = "The mill burns." }, { title = "Two", premise = "It ends.", changes = "" } } }

local function carry(story, open)
  return { people = { { who = "Ida", state = "at the mill" } }, dead = { "Jon" }, world = {}, open = { open }, story = story }
end

return {
  ["a book is told what it opens and ties, and nothing of later books"] = function(t)
    local first, second = series.brief({ input = { brief = "A ferry." } }, plan, 1), series.brief({ input = { brief = "A ferry." } }, plan, 2)
    t.has(first, "This is book 1 of 2")
    t.has(first, "It opens a thread of the series: the debt")
    t.lacks(first, "It ends.")
    t.has(second, "It ties a thread of the series: the debt")
  end,

  ["the last book is handed over in full, earlier ones as their story, the dead of all"] = function(t)
    local notes = series.notes(plan, { carry("Ida buys the ferry.", "who set the fire"), carry("Ida sells it.", "where Eva went") })
    t.has(notes, "Book 1, \"One\": Ida buys the ferry.")
    t.has(notes, "where Eva went")
    t.lacks(notes, "who set the fire")
    t.has(notes, "Dead:\n- Jon\n- Jon")
    t.lacks(series.notes(plan, {}), "Book 1")
  end,
}
