local headings = require "lib.headings"

local function number_of(line)
  local found = headings.read(line)
  return found and found.number
end

return {
  ["chapters are read in many languages, with digits, words and Roman numbers"] = function(t)
    for line, number in pairs { ["Chapter 3: Ebb"] = 3, ["## Capítulo 2 - Sal"] = 2, ["CHAPTER TWO"] = 2, ["Kapitel IV"] = 4,
      ["第三章"] = 3, ["第1章"] = 1, ["제3장"] = 3, ["3. Ebb"] = 3, ["# 7"] = 7, ["Глава вторая"] = 2, ["2. Kapitel"] = 2,
      ["Chapter Twenty-One"] = 21, ["**Chapter 5**"] = 5 } do
      t.equal(number_of(line), number, line)
    end
  end,

  ["titles are kept as they are written"] = function(t)
    t.equal(headings.read("Chapter 3: Ebb and Flow").title, "Ebb and Flow")
    t.equal(headings.read("第三章 潮").title, "潮")
    t.equal(headings.read("CHAPTER TWO").title, "")
  end,

  ["sentences are no headings"] = function(t)
    for _, line in ipairs { "Chapter 7 of the manual was missing.", "Three men came.", "", "I was late.",
      string.rep("1. x", 60) } do
      t.equal(headings.read(line), nil, line)
    end
  end,

  ["scenes are told from chapters"] = function(t)
    t.equal(headings.read("Scene 2").unit, "scene")
    t.equal(headings.read("Chapter 2").unit, "chapter")
    t.equal(headings.read("2. Ebb").unit, nil)
  end,

  ["the books of a series are numbered too, and a sentence about a book numbers nothing"] = function(t)
    for line, number in pairs { ["## Book 2: Ebb"] = 2, ["Buch III"] = 3, ["**Libro dos**"] = 2, ["第三卷 潮"] = 3 } do
      t.equal(headings.book(line), number, line)
    end
    for _, line in ipairs { "Book 7 of the shelf was missing.", "book two of the", "Chapter 2", "" } do t.equal(headings.book(line), nil, line) end
  end,
}
