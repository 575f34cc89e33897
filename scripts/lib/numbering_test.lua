local numbering = require "lib.numbering"

return {
  ["names of chapters sort by number, in long books too"] = function(t)
    t.equal(numbering.name("chapters", 3, 12, "md"), "chapters/03.md")
    t.equal(numbering.name("chapters", 3, 100, "md"), "chapters/003.md")
    t.equal(numbering.of("chapters/003.md"), 3)
    t.equal(numbering.of("chapters/notes.md"), nil)
  end,

  ["ranges cover everything once, in nearly equal runs"] = function(t)
    t.equal(numbering.ranges(1, 12, 5), { { first = 1, last = 4 }, { first = 5, last = 8 }, { first = 9, last = 12 } })
    t.equal(numbering.ranges(1, 5, 5), { { first = 1, last = 5 } })
    t.equal(numbering.split(1, 2, 3), { { first = 1, last = 1 }, { first = 2, last = 2 } })
    for total = 1, 60 do
      local expected = 1
      for _, range in ipairs(numbering.ranges(1, total, 5)) do
        t.equal(range.first, expected)
        t.ok(range.last - range.first < 5)
        expected = range.last + 1
      end
      t.equal(expected, total + 1)
    end
  end,

  ["counts are said in words, and values held within bounds"] = function(t)
    t.equal(numbering.count(1, "chapter"), "1 chapter")
    t.equal(numbering.count(12, "chapter"), "12 chapters")
    t.equal({ numbering.clamp(0, 1, 9), numbering.clamp(5, 1, 9), numbering.clamp(10, 1, 9) }, { 1, 5, 9 })
  end,

  ["a chapter's document is found whatever its width is"] = function(t)
    local run = t.run { source = [[
      local numbering = require "lib.numbering"
      return { run = function()
        artifact.put("chapters/007.md", "seven")
        return { found = numbering.find("chapters", 7), none = numbering.find("chapters", 8) == nil }
      end } ]] }
    t.equal(t.status(run, "completed").result, { found = "chapters/007.md", none = true })
  end,
}
