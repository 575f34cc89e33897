local bookfile = require "lib.bookfile"

return {
  ["chapters are read in their order, with titles, scenes and who wrote them"] = function(t)
    t.status(t.run { source = [[
      return { run = function()
        artifact.put("chapters/10.md", "# Ten\n\nLast.\n")
        artifact.put("chapters/02.md", "# Two\n\nOne.\n\n* * *\n\nTwo.\n")
        artifact.put("chapters/notes.md", "no chapter")
      end } ]] }, "completed")
    t.edit("chapters/10.md", "# Ten\n\nBy hand.\n")
    local run = t.run { source = [[ return { run = function() return require("lib.bookfile").chapters() end } ]] }
    local told = {}
    for i, chapter in ipairs(t.status(run, "completed").result) do
      told[i] = chapter.number .. " " .. chapter.title .. " " .. #chapter.scenes .. " " .. chapter.author
    end
    t.equal(told, { "2 Two 2 run", "10 Ten 1 person" })
  end,

  ["the files are made without a model, and their names and sizes told"] = function(t)
    local run = t.status(t.run { source = [[
      return { run = function()
        return require("lib.bookfile").export({ title = "Ebb", language = "English" },
          { { number = 1, title = "One", scenes = { "She ran." } } })
      end } ]] }, "completed")
    t.equal({ run.result[1].name, run.result[2].name }, { "book.epub", "book.md" })
    t.equal(run.result[2].bytes, #t.document("book.md"))
    t.has(t.document("book.md"), "She ran.")
  end,

  ["words are those of all scenes"] = function(t)
    t.equal(bookfile.words { { scenes = { "One two.", "Three." } }, { scenes = { "Four." } } }, 4)
  end,
}
