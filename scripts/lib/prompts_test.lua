local prompts = require "lib.prompts"

local function book(input)
  return { input = input, given = {}, language = { name = "English" }, chapters = 3, words = 1200 }
end

return {
  ["the author's brief, title and what came before stand whole in the planner's prompt"] = function(t)
    local brief = "A ferry.\n\n" .. string.rep("All of it counts. ", 2000)
    local whole = {}
    for i, block in ipairs(prompts.brief(book { brief = brief, title = "Ebb", series_notes = "Ida sold it." }):list()) do
      t.equal(block.stable, true)
      whole[i] = block.text
    end
    local text = table.concat(whole)
    t.has(text, brief)
    t.has(text, "The book's title is fixed: Ebb")
    t.has(text, "Ida sold it.")
  end,

  ["events are told with their causes, only those of the chapters asked for"] = function(t)
    local structure = { events = { { id = "1.1", chapter = 1, what = "It rains.", causes = {}, day = 1 },
      { id = "2.1", chapter = 2, what = "The dam breaks.", causes = { "1.1" }, day = 2 } } }
    t.equal(prompts.events_text(structure, 2, 3), "- 2.1 (day 2): The dam breaks. [because of 1.1]")
    t.equal(prompts.events_text(structure, 3, 9), "")
  end,
}
