local pages = require "lib.pages"

return {
  ["the copyright page says what it is, who wrote it, and with which models"] = function(t)
    local page = table.concat(pages.copyright { title = "Ebb", author = "Ida", rights = "© Ida", date = "2026-05-31",
      models = { { role = "writer", models = { "a/x", "a/y" } }, { role = "judge", models = { "a/x" } } } }, "\n")
    t.has(page, "Ebb\nIda\n© Ida\n2026-05-31\n")
    t.has(page, "by Quire with a/x, a/y.")
    t.lacks(page, "rehearsal")
  end,

  ["a rehearsal says so"] = function(t)
    t.has(table.concat(pages.copyright { title = "Ebb", rehearsal = true }, "\n"), pages.rehearsal)
  end,

  ["a book of a series names it and its place"] = function(t)
    t.equal(pages.series_line { series = { title = "The Ferry", number = 2 } }, "The Ferry · 2")
  end,
}
