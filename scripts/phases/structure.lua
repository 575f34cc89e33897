-- phases/structure.lua: what happens, why, when, and what is owed to the reader. First the acts and the promises, then act by act
-- the events of each chapter. Code checks that the book is covered; one round of repair gets the exact list of findings; what
-- is still open then is mended in code, because a missing cause must not stop a book.
--
-- Reads: book.blueprint, given/structure.
-- Leaves: structure.json, conflicts/structure.json, secrets.json (lib/secrets.lua), and book.structure, book.memory:
--   { chapters, acts = {{title, purpose, first, last}}, promises = {{id, text, opened, due}},
--     events = {{id = "3.1", chapter, what, who, causes, day}}, mended = {...} }
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local coverage = require "lib.coverage"
local given = require "lib.given"
local Memory = require "lib.memory"
local numbering = require "lib.numbering"
local prompts = require "lib.prompts"
local schema = require "lib.schema"
local secrets = require "lib.secrets"

local structure = {}

local plan_acts = [[
Lay out the course of this book over its %d chapters in plain prose: what the acts are and what turns each one into the next, which
second line runs against the main one, where the irreversible loss falls, and how the middle is kept from merely waiting for the
end. Then name what the reader is promised (questions raised, debts made, weapons hung on walls), and in which chapter each promise
falls due; small ones early, large ones late, the largest in the last act. Divide the book into %d acts. At most 700 words.]]

local acts_to_fields = [[
Put this course into the form, divided into %d acts. The acts cover chapters 1 to %d without gap or overlap, in order, about equally
long unless the course says otherwise, at most twelve chapters each. A promise is opened in one chapter and due in the same or a later one.

<<<
%s
>>>]]

local plan_events = [[
Now the events of chapters %d to %d, which are act %d: %s
%s

For each chapter give one to three events. An event changes something for somebody: state what happens, not what is felt about it or
what it means. Its causes are earlier events: an event's id is its chapter's number, a dot, and its place in that chapter, so the
second event of chapter 7 is 7.2. Everything but the first event of the book has at least one cause, in this chapter or before. The
day counts the story's days from 1; it does not run backwards unless the chapter tells of the past.

Promises that these chapters open: %s
Promises that fall due in these chapters: %s
Main people who have not appeared yet: %s

The latest events so far:
%s]]

local repair = [[


You have answered this before. These faults were found in the answer:
%s

Give the whole form again with each of them corrected and everything else as it was:
%s]]

local function acts_wanted(chapters)
  return numbering.clamp((chapters + 9) // 10, math.min(3, chapters), 12)
end

--- An author's own structure may have as many acts as it likes.
local function acts_shape(chapters, author)
  local act = schema.object {
    { "title", schema.text(120) }, { "purpose", schema.text(400, "what it does to the people, and what turns at its end") },
    { "first", schema.integer(1, chapters) }, { "last", schema.integer(1, chapters) } }
  local promise = schema.object {
    { "text", schema.text(240) }, { "opened", schema.integer(1, chapters) }, { "due", schema.integer(1, chapters) } }
  return schema.object {
    { "acts", schema.list(act, (chapters + 11) // 12, author and 20 or acts_wanted(chapters) + 2) },
    { "promises", schema.list(promise, 1, numbering.clamp(chapters, 2, 16)) } }
end

local function events_shape(book, act)
  local people = {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local event = schema.object {
    { "what", schema.text(300) },
    { "who", schema.list(schema.choice(people), 1, 8) },
    { "causes", schema.list(schema.text(8), 0, 3, "ids of earlier events, such as 3.1") },
    { "day", schema.integer(0, 100000) } }
  local count = act.last - act.first + 1
  local chapter = schema.object {
    { "number", schema.integer(act.first, act.last) }, { "events", schema.list(event, 1, 3) } }
  return schema.object { { "chapters", schema.list(chapter, count, count) } }
end

--- Asks, checks, and asks once more with the list of what was wrong. `check` returns a list of sentences.
local function ask_checked(book, prompt, task_text, shape, words, check)
  local function ask(extra)
    local asked = prompt:copy():last("task", task_text .. extra)
    return calls.json(book, { role = "planner", blocks = asked:list(), max_words = words, schema = shape })
  end
  local answer = ask("")
  local findings = check(answer)
  if #findings == 0 then return answer end
  log.info("%d findings in the structure, one repair: %s", #findings, findings[1])
  local better = ask(string.format(repair, blocks.bullets(findings), json.encode(answer)))
  return #check(better) <= #findings and better or answer
end

local function lay_out_acts(book)
  local wanted = acts_wanted(book.chapters)
  local course = calls.whole(book, { role = "planner", max_words = 700,
    blocks = prompts.planning(book):last("task", string.format(plan_acts, book.chapters, wanted)):list() })
  return ask_checked(book, prompts.planning(book), string.format(acts_to_fields, wanted, book.chapters, course),
    acts_shape(book.chapters, book.given.structure), 1500, function(answer) return coverage.acts(answer, book.chapters) end)
end

local function promise_list(made, field, act)
  local out = {}
  for _, promise in ipairs(made.promises) do
    if promise[field] >= act.first and promise[field] <= act.last then
      out[#out + 1] = string.format("\n- %s in chapter %d: %s", promise.id, promise[field], prompts.promise_text(promise))
    end
  end
  return #out > 0 and table.concat(out) or "none"
end

local function not_yet_seen(book, made)
  local missing = coverage.unseen(book.blueprint.cast, made.events)
  return #missing > 0 and table.concat(missing, ", ") or "none"
end

local function latest_events(made)
  if #made.events == 0 then return "none; the book begins here" end
  local from = made.events[math.max(1, #made.events - 29)].chapter
  return prompts.events_text(made, from, made.chapters)
end

--- The events of one act join the book's, with ids by their place.
local function lay_out_events(book, made, number)
  local act = made.acts[number]
  local author = book.given.structure
  local slices, own = given.slices(author, book.chapters), {}
  for chapter = act.first, act.last do own[#own + 1] = slices[chapter] end
  local words = string.format(plan_events, act.first, act.last, number, act.title .. ": " .. act.purpose, table.concat(own, "\n\n"),
    promise_list(made, "opened", act), promise_list(made, "due", act), not_yet_seen(book, made), latest_events(made))
  local answer = ask_checked(book, prompts.planning(book), words, events_shape(book, act), 220 * (act.last - act.first + 1) + 200,
    function(given_answer) return coverage.events(given_answer, act, made) end)
  coverage.join(made, answer, act)
end

--- Numbered; threads of the series that this book ties are promises that were opened before it.
local function number_promises(book, promises)
  for i, promise in ipairs(promises) do promise.id = "P" .. i end
  for i, thread in ipairs(book.carried and book.carried.due or {}) do
    promises[#promises + 1] = { id = "T" .. i, text = thread, opened = 1, due = book.chapters, of_series = true }
  end
  return promises
end

function structure.run(book)
  run.phase("Structure & Events")
  local outline = lay_out_acts(book)
  local made = { chapters = book.chapters, acts = outline.acts, promises = number_promises(book, outline.promises),
    events = json.array {}, mended = json.array {} }
  local author = book.given.structure
  if author and author.value then given.overlay(made, author.value) end
  coverage.checked(made, book)
  for number, act in ipairs(made.acts) do
    run.progress(act.first - 1, book.chapters, "act " .. number)
    lay_out_events(book, made, number)
  end
  coverage.mend_events(made, book.blueprint.cast)
  for _, sentence in ipairs(made.mended) do log.info("mended in the structure: %s", sentence) end

  book.structure = coverage.checked(book:save("structure.json", made), book)
  if author then given.conflicts(book, author, "structure", json.encode(book.structure)) end
  book.memory = Memory.new(book.structure, book.blueprint.cast, book.language.tag, book.carried and book.carried.state)
  secrets.find(book, prompts.planning(book):stable("events", "# Events\n\n" .. prompts.events_text(book.structure, 1, book.chapters), { "structure.json" })
    :stable("promises", "# Promises to the reader\n\n" .. prompts.promises_text(book.structure), { "structure.json" }))
end

return structure
