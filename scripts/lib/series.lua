-- lib/series.lua: what joins the books of a series: a plan made once, and what each book hands to the next. Knowledge only moves
-- forwards: a book is told what came before it and what the series still owes, not how later books go.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local prompts = require "lib.prompts"
local schema = require "lib.schema"

local series = {}

local think = [[
This is the brief of a series of %d books. Explain in plain prose, as to an editor: what joins the books besides their people; the
question that the whole series asks; for each book a story that ends and stands alone, and what it changes for good; which threads
run through several books and where each is tied; how the last book could only come last. At most %d words.]]

local to_fields = [[
Put this plan of a series of %d books into the form, one entry a book, in order. Keep every name as it is written.

<<<
%s
>>>]]

local hand_over = [[
The book above is finished. Take down for whoever writes the next book of the series what must hold from now on: where each person
who lives stands at the end (place, possessions, knowledge that matters, bonds, wounds), who is dead, what has changed in the world,
and which promises to the reader are still open. Only what is told; in %s.

This is how the book went:
%s

Where people stand:
%s]]

local function plan_shape(count)
  local book = schema.object { { "title", schema.text(120) }, { "premise", schema.text(900) }, { "changes", schema.text(400, "what it changes for good") } }
  local thread = schema.object {
    { "text", schema.text(300) }, { "opened", schema.integer(1, count) }, { "due", schema.integer(1, count) } }
  return schema.object {
    { "title", schema.text(120) }, { "question", schema.text(300) }, { "world", schema.text(1500) },
    { "people", schema.list(schema.text(300), 1, 14, "name, and who this is across the series") },
    { "threads", schema.list(thread, 0, 12) },
    { "books", schema.list(book, count, count) } }
end

local carry_shape = schema.object {
  { "people", schema.list(schema.object { { "who", schema.text(80) }, { "state", schema.text(400) } }, 0, 20) },
  { "dead", schema.list(schema.text(80), 0, 20) },
  { "world", schema.list(schema.text(300), 0, 12) },
  { "open", schema.list(schema.text(300), 0, 12) },
  { "story", schema.text(1200, "the book in at most 150 words") },
}

--- Plans the series: series.json. `desk` is a book that stands for the whole series (its brief, its language). Waits.
function series.plan(desk, count)
  local words = 300 + 150 * count
  local idea = calls.whole(desk, { role = "planner", max_words = words,
    blocks = prompts.brief(desk):last("task", string.format(think, count, words)):list() })
  local plan = calls.json(desk, { role = "extractor", max_words = 600 + 150 * count, schema = plan_shape(count),
    blocks = prompts.brief(desk):last("task", string.format(to_fields, count, idea)):list() })
  if desk.input.title and desk.input.title ~= "" then plan.title = desk.input.title end
  return desk:save("series.json", plan)
end

--- The brief of one book.
function series.brief(desk, plan, number)
  local book, out = plan.books[number], { desk.input.brief }
  out[#out + 1] = string.format("This is book %d of %d of the series \"%s\", which asks: %s", number, #plan.books, plan.title, plan.question)
  out[#out + 1] = "This book: " .. book.premise .. "\nWhat it changes for good: " .. book.changes
  for _, thread in ipairs(plan.threads) do
    if thread.opened == number then out[#out + 1] = "It opens a thread of the series: " .. thread.text end
    if thread.due == number then out[#out + 1] = "It ties a thread of the series: " .. thread.text end
  end
  return table.concat(out, "\n\n")
end

--- What a finished book hands to the next one. If nobody can say, its summaries stand in. Waits.
function series.carry(book)
  local story = book.memory:story_so_far(book.chapters + 1)
  local people = {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local asked = prompts.bible(book):last("task", string.format(hand_over, book.language.name, story, book.memory:state_of(people)))
  local answer, err = calls.try_json(book, { role = "extractor", blocks = asked:list(), max_words = 1200, schema = carry_shape })
  if answer then return answer end
  book:issue("series", "what the next book must know is pending: " .. err)
  return { people = json.array {}, dead = json.array {}, world = json.array {}, open = json.array {}, story = blocks.fit(story, 1200) }
end

local function section(out, title, items)
  if #items > 0 then out[#out + 1] = title .. "\n" .. blocks.bullets(items) end
end

--- All that came before a book as text for its prompts; the last book in full, earlier ones as their story. Whole: a person may have edited it.
function series.notes(plan, carried)
  local out = { "World of the series: " .. plan.world }
  section(out, "People of the series:", plan.people)
  for number, carry in ipairs(carried) do
    out[#out + 1] = string.format("Book %d, \"%s\": %s", number, plan.books[number].title, carry.story)
  end
  local last = carried[#carried]
  if last then
    local states = {}
    for _, person in ipairs(last.people) do states[#states + 1] = person.who .. ": " .. person.state end
    section(out, "Where they stand at the end of the last book:", states)
    section(out, "Still open:", last.open)
    section(out, "Changed in the world:", last.world)
  end
  local dead = {}
  for _, carry in ipairs(carried) do
    for _, name in ipairs(carry.dead) do dead[#dead + 1] = name end
  end
  section(out, "Dead:", dead)
  return table.concat(out, "\n\n")
end

return series
