-- lib/series.lua: what joins the books of a series: a plan made once, and what each book hands to the next. Knowledge only moves
-- forwards: a book is told what came before it and what the series still owes, not how later books go, and no secret of a later one.
--
-- A book hands over words (where people stand, what changed) and data: its cast and style sheet, its voice, the state of its world, its dead,
-- and what is still owed to the reader, as ids with text until a later book settles them:
--
--   carry/01.json = { people, dead, world, story, open = { {id="1.P2", text=}, ... }, cast, style, voice, state }
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local fields = require "lib.fields"
local given = require "lib.given"
local names = require "lib.names"
local prompts = require "lib.prompts"
local schema = require "lib.schema"
local secrets = require "lib.secrets"
local voice = require "lib.voice"

local series = {}

local think = [[
This is the brief of a series of %d books. Explain in plain prose, as to an editor: what joins the books besides their people; the
question that the whole series asks; for each book a story that ends and stands alone, and what it changes for good; which threads
run through several books and where each is tied; how the last book could only come last. At most %d words.]]

local to_fields = [[
Put this plan of a series of %d books into the form, one entry a book, in order. Keep every name as it is written. Say of the world and the
people only what a reader may know when the first book begins. What is told only in a later book is a secret of that book: give each with the
exact words of the brief that tell it.

<<<
%s
>>>]]

local hand_over = [[
The book above is finished. Take down for whoever writes the next book of the series what must hold from now on: where each person
who lives stands at the end (place, possessions, knowledge that matters, bonds, wounds), who is dead, what has changed in the world,
and which promises to the reader are still open. Only what is told; in %s.

Open since earlier books; list as settled what this book has settled:
%s

This is how the book went:
%s

Where people stand:
%s]]

local function plan_shape(count)
  local book = schema.object { { "title", schema.text(120) }, { "premise", schema.text(900) }, { "changes", schema.text(400, "what it changes for good") } }
  local thread = schema.object {
    { "text", schema.text(300) }, { "opened", schema.integer(1, count) }, { "due", schema.integer(1, count) } }
  local secret = schema.object {
    { "text", schema.text(300, "what is true") }, { "book", schema.integer(1, count, "the book in which the reader learns it") },
    { "words", schema.list(schema.text(200, "exact words of the brief"), 0, 6) } }
  return schema.object {
    { "title", schema.text(120) }, { "question", schema.text(300) }, { "world", schema.text(1500) },
    { "people", schema.list(schema.text(300), 1, 14, "name, and who this is across the series") },
    { "threads", schema.list(thread, 0, 12) },
    { "secrets", schema.list(secret, 0, 12) },
    { "books", schema.list(book, count, count) } }
end

local carry_fields = {
  { "people", schema.list(schema.object { { "who", schema.text(80) }, { "state", schema.text(400) } }, 0, 20) },
  { "dead", schema.list(schema.text(80), 0, 20) },
  { "world", schema.list(schema.text(300), 0, 12) },
  { "open", schema.list(schema.text(300), 0, 12) },
  { "story", schema.text(1200, "the book in at most 150 words") },
}

local function carry_shape(open)
  local ids, all = {}, table.move(carry_fields, 1, #carry_fields, 1, {})
  for i, owed in ipairs(open) do ids[i] = owed.id end
  if #ids > 0 then all[#all + 1] = { "settled", schema.list(schema.choice(ids), 0, #ids) } end
  return schema.object(all)
end

--- Plans the series: series.json. `desk` is a book that stands for the whole series (its brief, its language, what the author brought along). Waits.
function series.plan(desk, count)
  local words = 300 + 150 * count
  local function prompt()
    local asked = prompts.brief(desk)
    for _, kind in ipairs { "blueprint", "structure", "plan" } do
      local document = desk.given[kind]
      asked:stable("given " .. kind, given.rule(document, kind == "blueprint" and "outline" or kind), document and document.from)
    end
    return asked
  end
  local idea = calls.whole(desk, { role = "planner", max_words = words,
    blocks = prompt():last("task", string.format(think, count, words)):list() })
  local plan = calls.json(desk, { role = "extractor", max_words = 700 + 170 * count, schema = plan_shape(count),
    blocks = prompt():last("task", string.format(to_fields, count, idea)):list() })
  if desk.input.title and desk.input.title ~= "" then plan.title = desk.input.title end
  return desk:save("series.json", plan)
end

--- The words that a book may not see, because a later one tells them.
local function later_words(plan, number)
  local out = {}
  for _, secret in ipairs(fields.entries(plan.secrets, "text")) do
    if (fields.number_of(secret.book) or #plan.books) > number then
      for _, said in ipairs(fields.list_of(secret.words)) do out[#out + 1] = said end
      out[#out + 1] = fields.text_of(secret.text)
    end
  end
  return secrets.each_piece(out)
end

--- The brief of one book.
function series.brief(desk, plan, number)
  local book, out = plan.books[number], { secrets.without(desk.input.brief, later_words(plan, number)) }
  out[#out + 1] = string.format("This is book %d of %d of the series \"%s\", which asks: %s", number, #plan.books, plan.title, plan.question)
  out[#out + 1] = "This book: " .. book.premise .. "\nWhat it changes for good: " .. book.changes
  for _, thread in ipairs(plan.threads) do
    if thread.opened == number then out[#out + 1] = "It opens a thread of the series: " .. thread.text end
    if thread.due == number then out[#out + 1] = "It ties a thread of the series: " .. thread.text end
  end
  for _, secret in ipairs(fields.entries(plan.secrets, "text")) do
    local said = fields.text_of(secret.text)
    if said and (fields.number_of(secret.book) or #plan.books) == number then out[#out + 1] = "In this book the reader learns: " .. said end
  end
  return table.concat(out, "\n\n")
end

-- What the author wrote before the heading of the first book holds for each.
local function part_of(document, count, number)
  local parts, before = given.books(document, count)
  if not next(parts) then return document.text end
  if not parts[number] then return before ~= "" and before or nil end
  return before ~= "" and before .. "\n\n" .. parts[number] or parts[number]
end

--- What the author brought along for one book of the series: its part of an outline that has headings for the books, with what stands before
--- them, else all of it; but the secrets of later books: { {name=, content=}, ... }
function series.given(desk, plan, number)
  local out = {}
  for _, kind in ipairs { "blueprint", "structure", "plan", "voice" } do
    local document = desk.given[kind]
    local content = document and document.text
    if document and kind ~= "voice" then
      local part = part_of(document, #plan.books, number)
      content = part and secrets.without(part, later_words(plan, number))
    end
    if content then out[#out + 1] = { name = "given/" .. kind, content = content } end
  end
  return out
end

------------------------------------------------------------------------------------------------------- from book to book

--- What the reader was promised and has not been given, this book's promises and those of the books before.
local function still_owed(book, answer, open)
  local settled, out = {}, json.array {}
  for _, id in ipairs(answer and answer.settled or {}) do settled[id] = true end
  for _, owed in ipairs(open) do
    if not settled[owed.id] and not book.memory.state.paid[owed.id] then out[#out + 1] = owed end
  end
  for _, promise in ipairs(book.structure.promises) do
    if not promise.of_series and not book.memory.state.paid[promise.id] then
      out[#out + 1] = { id = book.series.number .. "." .. promise.id, text = promise.text }
    end
  end
  for i, said in ipairs(answer and answer.open or {}) do out[#out + 1] = { id = string.format("%d.%d", book.series.number, i), text = said } end
  return out
end

local function words_of(book, open, people)
  local story, listed = book.memory:story_so_far(book.chapters + 1), {}
  for i, owed in ipairs(open) do listed[i] = owed.id .. ": " .. owed.text end
  local asked = prompts.bible(book):last("task", string.format(hand_over, book.language.name, #listed > 0 and table.concat(listed, "\n") or "none",
    story, book.memory:state_of(people)))
  local answer, err = calls.try_json(book, { role = "extractor", blocks = asked:list(), max_words = 1200, schema = carry_shape(open) })
  if answer then return answer end
  book:issue("series", "what the next book must know is pending: " .. err)
  return { people = json.array {}, dead = json.array {}, world = json.array {}, open = json.array {}, story = blocks.fit(story, 1200) }
end

--- What a finished book hands to the next one. If nobody can say it in words, its summaries stand in. Waits.
function series.carry(book)
  local open, people = book.carried and book.carried.open or {}, {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local carry = words_of(book, open, people)
  carry.open, carry.settled = still_owed(book, carry, open), nil
  voice.read(book, book.chapters + 1)
  local told = book.told_voice
  carry.cast, carry.style = book.blueprint.cast, book.blueprint.style
  carry.voice = told and { text = told.text, by_person = told.by_person, sound = not told.by_person and book.sound or nil } or nil
  carry.state = book.memory.state:handed_over()
  return carry
end

--- What a book takes over from those before it, as data: carried.json in its project. nil for the first.
function series.carried(plan, carried, number)
  local last = carried[#carried]
  if not last then return nil end
  local out = { cast = json.array {}, style = last.style, voice = last.voice, state = last.state, open = last.open, due = json.array {} }
  local seen = {}
  for i = #carried, 1, -1 do
    for _, person in ipairs(carried[i].cast or {}) do
      if not seen[person.name] then out.cast[#out.cast + 1], seen[person.name] = person, true end
    end
  end
  for _, thread in ipairs(plan.threads) do
    if thread.due == number and thread.opened < number then out.due[#out.due + 1] = thread.text end
  end
  return out
end

--- Lays what the series knows of its people over a new cast: who comes back looks, speaks and is called as before. Each comes back once, and a
--- name that could be two people's is a newcomer's.
function series.same_people(cast, carried)
  local before, taken = {}, {}
  for _, known in ipairs(carried.cast) do before[known.name] = known end
  local function come_back(person, name)
    if not before[name] or taken[name] then return end
    taken[name], person.name = true, name
    for _, field in ipairs { "aliases", "looks", "wound", "voice" } do
      local value = before[name][field]
      if value ~= nil and value ~= json.null then person[field] = value end
    end
  end
  for _, person in ipairs(cast) do come_back(person, person.name) end   -- whole names first
  for _, person in ipairs(cast) do
    if not taken[person.name] then come_back(person, names.of_cast(person.name, carried.cast)) end
  end
  return cast
end

local function dead_of(state)
  local out = {}
  for name in pairs(state and state.dead or {}) do out[#out + 1] = name end
  table.sort(out)
  return out
end

local function section(out, title, items)
  if #items > 0 then out[#out + 1] = title .. "\n" .. blocks.bullets(items) end
end

--- All that came before a book as text for its prompts; the last book in full, earlier ones as their story, what is owed and the dead of all.
--- Whole, but for the secrets of later books: a person may have edited it.
function series.notes(plan, carried)
  local out = { "World of the series: " .. plan.world }
  section(out, "People of the series:", plan.people)
  for number, carry in ipairs(carried) do
    out[#out + 1] = string.format("Book %d, \"%s\": %s", number, plan.books[number].title, carry.story)
  end
  local last = carried[#carried]
  if last then
    local states, owed = {}, {}
    for _, person in ipairs(last.people) do states[#states + 1] = person.who .. ": " .. person.state end
    for i, promise in ipairs(last.open) do owed[i] = type(promise) == "table" and promise.text or promise end
    section(out, "Where they stand at the end of the last book:", states)
    section(out, "Still open:", owed)
    section(out, "Changed in the world:", last.world)
  end
  local dead, seen = {}, {}
  for _, carry in ipairs(carried) do
    for _, name in ipairs(carry.dead) do
      if not seen[name] then dead[#dead + 1], seen[name] = name, true end
    end
    for _, name in ipairs(dead_of(carry.state)) do
      if not seen[name] then dead[#dead + 1], seen[name] = name, true end
    end
  end
  section(out, "Dead:", dead)
  return secrets.without(table.concat(out, "\n\n"), later_words(plan, #carried + 1))
end

return series
