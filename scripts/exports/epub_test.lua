local make = require("exports.epub").make

local book = { id = "x", title = "Ebb", language = "English", chapters = { { number = 1, title = "One", scenes = { "She ran." } } } }

local function tools(more)
  local out = { files = {}, png = function() return nil, "not here" end }
  for key, value in pairs(more or {}) do out[key] = value end
  return out
end

return {
  ["the same book has the same bytes, and another text others"] = function(t)
    t.ok(make(book, tools()) == make(book, tools()), "the same bytes")
    t.ok(make(book, tools()) ~= make({ id = "x", title = "Ebb", language = "English", chapters = {} }, tools()))
  end,

  ["the archive begins as readers expect it"] = function(t)
    t.has(string.sub(make(book, tools()), 1, 80), "mimetypeapplication/epub+zip")
  end,

  ["the cover is the author's own picture, else a drawn PNG, else an SVG"] = function(t)
    t.has(make(book, tools()), "EPUB/cover.svg")
    t.has(make(book, tools { png = function() return "\x89PNG drawn" end }), "\x89PNG drawn")
    local own = make(book, tools { files = { cover = "\xff\xd8\xff own" }, png = function() return "\x89PNG drawn" end })
    t.has(own, "EPUB/cover.jpg")
    t.lacks(own, "\x89PNG drawn")
    t.has(make(book, tools { files = { cover = "no picture" } }), "EPUB/cover.svg")
  end,
}
