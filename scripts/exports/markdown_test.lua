local make = require("exports.markdown").make

return {
  ["the whole book is in one file, in its order, with its pages"] = function(t)
    local text = make { title = "Ebb", author = "Ida", language = "German", blurb = "About a river.", epigraph = "A line\nbroken",
      dedication = "For nobody.", series = { title = "The Ferry", number = 2 }, rehearsal = true,
      chapters = { { number = 1, title = "One", scenes = { "She ran.", "He stayed." } }, { number = 2, title = " ", scenes = { "Rain." } } } }
    t.equal(string.sub(text, 1, 20), "# Ebb\n\n*Ida*\n\nThe Fe")
    t.has(text, "> A line\n> broken")
    t.has(text, "## 1. One\n\nShe ran.\n\n* * *\n\nHe stayed.\n\n## 2\n\nRain.")
    t.has(text, "## Über dieses Buch\n\nAbout a river.")
    t.has(text, "A rehearsal")
  end,
}
