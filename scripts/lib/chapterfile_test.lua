local chapterfile = require "lib.chapterfile"

return {
  ["a chapter that is written and read again is the same"] = function(t)
    local title, scenes = chapterfile.parse(chapterfile.compose("The Tide", { "One.\n\nTwo.", "Three." }))
    t.equal(title, "The Tide")
    t.equal(scenes, { "One.\n\nTwo.", "Three." })
  end,

  ["what people edit is read forgivingly: no title, other breaks, headings inside"] = function(t)
    local title, scenes = chapterfile.parse("One.\n\n---\n\nTwo.\n\n⁂\n\n## Inside\n\nThree.\n")
    t.equal(title, "")
    t.equal(scenes, { "One.", "Two.", "## Inside\n\nThree." })
    title, scenes = chapterfile.parse("## 7\n\n\nAll of it.")
    t.equal(title, "7")
    t.equal(scenes, { "All of it." })
  end,

  ["the prose is without title and breaks"] = function(t)
    t.equal(chapterfile.prose({ "One.", "Two." }), "One.\n\nTwo.")
    t.equal(select(2, chapterfile.parse("")), {})
  end,
}
