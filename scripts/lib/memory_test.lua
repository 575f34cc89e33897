local facts = require "lib.facts"
local Memory = require "lib.memory"

local function book_of(chapters)
  local memory = Memory.new({ chapters = chapters }, {})
  return memory, function(number)
    memory:absorb(number, facts.pending(number), "Summary of " .. number .. ".", "Prose of chapter " .. number .. ".")
    local part = memory:part_to_close(number)
    if part then memory:close(part, "Part until " .. part.last .. ".") end
  end
end

return {
  ["the story so far begins empty and only grows at its end within a part"] = function(t)
    local memory, write = book_of(20)
    t.has(memory:story_so_far(1), "The book begins here.")
    write(1)
    write(2)
    local before = memory:story_so_far(3)
    write(3)
    t.equal(string.sub(memory:story_so_far(4), 1, #before), before)
  end,

  ["old parts shrink to a paragraph each, so that the story stays short"] = function(t)
    local memory, write = book_of(60)
    for number = 1, 59 do write(number) end
    local story = memory:story_so_far(60)
    t.has(story, "Chapters 1 to 5. Part until 5.")
    t.has(story, "Chapter 59. Summary of 59.")
    t.lacks(story, "Summary of 12.")
    t.ok(text.words(story) < 800, text.words(story) .. " words")
  end,

  ["a part without a paragraph of its own is told by the beginnings of its summaries"] = function(t)
    local memory = book_of(20)
    memory:absorb(1, facts.pending(1), "Ida finds the ledger.", "x")
    memory:close(memory.parts[1], nil)
    t.has(memory.parts[1].paragraph, "Ida finds the ledger.")
  end,

  ["the last words of the chapter before are at hand, and what the prompts were made from is named"] = function(t)
    local memory, write = book_of(20)
    t.equal(memory:tail(10), "")
    write(1)
    write(2)
    t.equal(memory:tail(10), "Prose of chapter 2.")
    t.equal(memory:sources(3), { "summaries/01.json", "summaries/02.json" })
  end,
}
