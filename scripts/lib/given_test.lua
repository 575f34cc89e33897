local given = require "lib.given"

local function slices(outline, chapters) return given.slices({ text = outline }, chapters or 2) end

return {
  ["the author's fields win; what he left out stays; people are matched by name, chapters by number"] = function(t)
    local ours = { title = "Ours", world = { place = "mill", time = "1900" }, cast = { { name = "Ida", want = "x", voice = "low" } },
      chapters = { { number = 1, what = "a" } } }
    local made = given.overlay(ours, { title = "His", world = { time = "1950" }, cast = { { name = "ida", want = "the mill" },
      { name = "Jon" } }, chapters = { { number = 2, what = "b" } }, note = "", none = json.null })
    t.equal(made.title, "His")
    t.equal(made.world, { place = "mill", time = "1950" })
    t.equal(made.cast[1].want .. made.cast[1].voice, "the mill" .. "low")
    t.equal(made.cast[2].name, "Jon")
    t.equal(made.chapters[2], { number = 2, what = "b" })
    t.equal(made.note, nil)
  end,

  ["an outline is cut at its chapters, in English, bare numbers, Japanese and German"] = function(t)
    for _, outline in ipairs { "# 1\na\n# 2\nb", "1. First\na\n2. Second\nb", "第1章\na\n第2章\nb",
      "Kapitel 1: X\na\nKapitel 2: Y\nb", "## Chapter One\na\n## Chapter Two\nb" } do
      local cut = slices(outline)
      t.has(cut[2] or "nothing", "b", outline)
      t.lacks(cut[1], "\nb", outline)
    end
  end,

  ["a numbered list inside a chapter cuts nothing, and a text without headings has no slices"] = function(t)
    local cut = slices("## Chapter 1\nShe packs:\n1. rope\n2. bread\n\n## Chapter 2\nShe goes.")
    t.has(cut[1], "2. bread")
    t.equal(cut[2], "## Chapter 2\nShe goes.")
    t.equal(slices("She packs and goes."), {})
    t.equal(given.slices(nil, 3), {})
  end,

  ["prompts carry the author's text whole"] = function(t)
    t.has(given.rule({ text = "Line one.\nLine two." }, "outline"), "<<<\nLine one.\nLine two.\n>>>")
    t.equal(given.rule(nil, "outline"), "")
  end,
}
