local epub_style = require "lib.epub_style"

local function cover(book) return epub_style.cover { book = book, language = { tag = "en" } } end

return {
  ["the cover shows title, author, series and a rehearsal, as text"] = function(t)
    local svg = cover { title = "Salt & Iron", author = "Ida <W>", series = { title = "The Ferry", number = 2 }, rehearsal = true }
    t.has(svg, "Salt &amp; Iron")
    t.has(svg, "Ida &lt;W&gt;")
    t.has(svg, "The Ferry · 2")
    t.has(svg, "REHEARSAL")
    t.lacks(cover { title = "Salt" }, "REHEARSAL")
  end,

  ["long titles break into lines, in scripts without blanks too"] = function(t)
    for _, title in ipairs { "The Keeper of the Northern Light and of the Southern One", string.rep("海", 40) } do
      local _, lines = string.gsub(cover { title = title }, "<text", "")
      t.ok(lines > 1, title)
    end
  end,

  ["the same title has the same cover"] = function(t)
    t.equal(cover { title = "Ebb" }, cover { title = "Ebb" })
  end,
}
