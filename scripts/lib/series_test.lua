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
    t.has(notes, "Dead:\n- Jon")
    t.lacks(notes, "- Jon\n- Jon")
    t.lacks(series.notes(plan, {}), "Book 1")
  end,

  ["a secret of a later book is in no earlier book's brief, notes or outline, and in its own book it is"] = function(t)
    local hiding = { title = "The Ferry", question = "Who pays?", world = "A river. Ines forged the will.", people = { "Ines, who forged the will" },
      threads = {}, books = { plan.books[1], plan.books[2] }, secrets = { { text = "Ines forged the will.", book = 2, words = { "forged the will" } } } }
    local desk = { input = { brief = "A ferry. In the end we learn that Ines forged the will. It rains." },
      given = { blueprint = { text = "Ada rows. Ines forged the will." } } }
    t.lacks(series.brief(desk, hiding, 1), "forged")
    t.has(series.brief(desk, hiding, 1), "A ferry. It rains.")
    t.lacks(series.notes(hiding, {}), "forged")
    t.equal(series.given(desk, hiding, 1), { { name = "given/blueprint", content = "Ada rows." } })
    t.has(series.brief(desk, hiding, 2), "In this book the reader learns: Ines forged the will.")
    t.has(series.notes(hiding, { carry("x", "y") }), "Ines, who forged the will")
  end,

  ["an outline of the series goes to its books by their headings, in any of their languages"] = function(t)
    for _, heading in ipairs { "## Book %d: Ebb", "Buch %d", "第%d卷", "**Livre %d**" } do
      local outline = string.format("%s\nThe flood.\n\n%s\nThe fire.", string.format(heading, 1), string.format(heading, 2))
      local desk = { given = { blueprint = { text = outline }, voice = { text = "I went down." } } }
      local second = series.given(desk, plan, 2)
      t.has(second[1].content, "The fire.", heading)
      t.lacks(second[1].content, "The flood.")
      t.equal(second[2], { name = "given/voice", content = "I went down." })
    end
  end,

  ["what an outline says before its first book reaches each book, and a wrapped line that speaks of a book cuts nothing"] = function(t)
    local outline = "No magic.\nIda owns the ferry until\nbook two of the\nseries.\n\n# Book 1\nThe flood.\n\n# Book 2\nThe fire."
    local desk = { given = { blueprint = { text = outline } } }
    for number, own in ipairs { "# Book 1\nThe flood.", "# Book 2\nThe fire." } do
      t.equal(series.given(desk, plan, number)[1].content, "No magic.\nIda owns the ferry until\nbook two of the\nseries.\n\n" .. own)
    end
  end,

  ["who comes back is called, looks and speaks as before"] = function(t)
    local cast = { { name = "Ida", voice = "loud", want = "peace" }, { name = "Eva", voice = "low" } }
    series.same_people(cast, { cast = { { name = "Ida Brandt", voice = "half sentences", looks = "one eye", aliases = { "Ida" }, wound = "the fire" } } })
    t.equal({ cast[1].name, cast[1].voice, cast[1].looks, cast[1].want, cast[2].voice }, { "Ida Brandt", "half sentences", "one eye", "peace", "low" })
  end,

  ["a name that two people of the series share makes nobody of them, and nobody comes back twice"] = function(t)
    local carried = { cast = { { name = "Anna Weber", voice = "loud" }, { name = "Karl Weber", voice = "low" }, { name = "Ida Brandt", voice = "dry" } } }
    local cast = { { name = "Weber", voice = "new" }, { name = "Ida", voice = "new" }, { name = "Ida Brandt", voice = "new" } }
    series.same_people(cast, carried)
    t.equal({ cast[1].name, cast[1].voice, cast[2].name, cast[2].voice, cast[3].voice }, { "Weber", "new", "Ida", "new", "dry" })
  end,
}
