local evidence = require "lib.evidence"

local function book()
  return { blueprint = { cast = { { name = "Ida" } }, style = { tense = "past" } }, structure = { promises = {} }, input = {}, rehearsal = false,
    language = { name = "English", tag = "en" }, memory = { state = { dead = {}, paid = { P1 = 2 } }, names = {}, recent = { { number = 2, prose = "x" } } },
    name = function(_, folder, number, ending) return string.format("%s/%02d.%s", folder, number, ending) end }
end

return {
  ["a chapter's evidence holds its text and says which documents are behind what a check reads"] = function(t)
    local it = evidence.chapter(book(), { number = 3, scenes = { { words = 5 }, { words = 7 } } }, { "She ran.", "He sat." }, { day = 1 })
    t.equal(it.reading.prose, "She ran.\n\nHe sat.")
    t.equal(it.document "text", { "chapters/03.md" })
    t.equal(it.document "state", { "facts/01.json", "facts/02.json" })
    t.equal(it.document "earlier", { "chapters/02.md" })
    local scene = evidence.scene(it, 2)
    t.equal(scene.reading.prose, "He sat.")
    t.equal(scene.budget, 7)
    t.equal(it.reading.prose, "She ran.\n\nHe sat.", "the chapter's own text stays")
  end,

  ["a book's evidence holds all chapters and what was paid"] = function(t)
    local it = evidence.book(book(), { { number = 1, title = "One", scenes = { "a", "b" } } }, { { day = 4 } })
    t.equal(it.chapters[1], { number = 1, title = "One", prose = "a\n\nb", sheet = { day = 4 } })
    t.equal(it.sheet.paid.P1, 2)
    t.equal(it.document "text", { "chapters/01.md" })
  end,
}
