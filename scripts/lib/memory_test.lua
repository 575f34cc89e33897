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

  ["the chapter before is at hand whole, and what the prompts were made from is named"] = function(t)
    local memory, write = book_of(20)
    t.equal(memory:prose_of(0), "")
    write(1)
    write(2)
    t.equal(memory:prose_of(2), "Prose of chapter 2.")
    t.equal(memory:sources(3), { "summaries/01.json", "summaries/02.json" })
  end,

  ["whoever comes back is met where he was last seen, and a chapter that the plan names is opened at its people"] = function(t)
    local memory = Memory.new({ chapters = 9 }, {})
    local prose = { "Ida rowed out.\n\nJon Weber waved from the mill.\n\nIt rained.", "Ida slept.", "Ida woke.", "Ida counted the oars." }
    for number, text_of in ipairs(prose) do memory:absorb(number, facts.pending(number), "S.", text_of) end
    local found = memory:passages({ number = 5, recalls = { 2, 4 } }, { "Ida Brandt", "Jon Weber", "Nobody Yet" })
    t.equal(#found, 2)
    t.equal({ found[1].chapter, found[1].text }, { 2, "Ida slept." })
    t.equal({ found[2].chapter, found[2].about }, { 1, "where Jon Weber was last seen" })
    t.has(found[2].text, "Jon Weber waved from the mill.")
  end,

  ["in a book of a hundred chapters the story so far has 3,000 words in chapter 100, and is hardly longer than in chapter 26"] = function(t)
    local memory = Memory.new({ chapters = 100 }, {})
    local summary, paragraph, shown = string.rep("word ", 135), string.rep("word ", 100), {}
    for number = 1, 99 do
      memory:absorb(number, facts.pending(number), summary, "x")
      local part = memory:part_to_close(number)
      if part then memory:close(part, paragraph) end
      shown[number + 1] = text.words(memory:story_so_far(number + 1))
      if number >= 10 then t.has(memory:story_so_far(number + 1), "Chapter " .. number - 9 .. ". ") end
    end
    for number = 26, 100 do t.ok(shown[number] >= 2200 and shown[number] <= 3700, number .. ": " .. shown[number]) end
    t.ok(shown[100] >= 3000, shown[100])
  end,

  ["a chapter that is another one now is remembered as that, and what came after it stays"] = function(t)
    local memory = Memory.new({ chapters = 9 }, {})
    local function sheet(number, who)
      local out = facts.pending(number)
      out.pending, out.deaths = nil, json.array { { who = who, quote = "" } }
      return out
    end
    for number, who in ipairs { "Jon", "Eva", "Tom" } do memory:absorb(number, sheet(number, who), "S" .. number .. ".", "Prose of " .. number .. ".") end
    memory:revise(1, facts.pending(1), "Nobody dies.", "Jon lives.")
    t.equal(memory.state.dead, { Eva = 2, Tom = 3 })
    t.has(memory:story_so_far(4), "Chapter 1. Nobody dies.\nChapter 2. S2.")
    t.equal(memory:prose_of(1), "Jon lives.")
    t.equal(#memory.recent, 3)
  end,
}
