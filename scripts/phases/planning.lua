-- phases/planning.lua: what each chapter shall do, scene by scene. A handful of chapters at a time: thought out in prose, read by a
-- critic (here criticism is cheapest), then put into the form. Code checks the form; one repair.
--
-- Reads: book.blueprint, book.structure, given/plan.
-- Leaves: plans/01.json ..., conflicts/plan.json, and book.plans (as they were planned). The writing phase reads each plan just before
-- it writes the chapter, so an edited plan is honoured until then, and afterwards with `quire resume --with artifacts`.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local coverage = require "lib.coverage"
local given = require "lib.given"
local numbering = require "lib.numbering"
local plans = require "lib.plans"
local prompts = require "lib.prompts"
local schema = require "lib.schema"

local planning = {}

local chapters_at_a_time = 6

local think = [[
Plan chapters %d to %d of %d in plain prose, each with %d scenes or so. Their events:

%s
%s
For each chapter: through whose eyes, and why theirs; what the chapter does to the people and what it leaves the reader wanting; then
its scenes, each with somebody who wants something, what is in the way, where and among whom it happens, and what is different
afterwards. No two chapters in a row should be built alike: vary where they open (in the middle of a quarrel, a task, a lie), how
they close (an act, a line of speech, an object, a door left open), their pace, and who gets what they wanted. Leave room for a
scene that the plot does not need and the book does. At most %d words.]]

local criticise = [[
Here are plans for chapters %d to %d:

<<<
%s
>>>

Read them as an editor who has to say no. Where does a scene have nobody who wants anything? Where does coincidence do the work?
What repeats a scene or an ending that we have had? Where would the reader be ahead of the book? Whose choices are made for the
plot's sake? What is explained that should be felt? Name at most eight faults, each with the chapter and a concrete better way. If
the events or promises due in these chapters are not served, say so first. At most 400 words.]]

local to_form = [[
Put these plans for chapters %d to %d into the form, each chapter once and in order, with the critic's points taken up where they
are right. Titles are short, differ from all others, and give nothing away. A scene has %d to %d words, the scenes of a chapter
together about %d.

Titles that are taken: %s

Plans:
<<<
%s
>>>

The critic:
<<<
%s
>>>]]

local repair = "\n\nYou have answered this before. Correct these faults and leave the rest as it was:\n%s\n\nYour answer was:\n%s"

local function promise_lines(book, range)
  local out = {}
  for number = range.first, range.last do
    for _, promise in ipairs(coverage.promises(book.structure, "opened", number)) do
      out[#out + 1] = string.format("Chapter %d opens the promise %s: %s", number, promise.id, prompts.promise_text(promise))
    end
    for _, promise in ipairs(coverage.promises(book.structure, "due", number)) do
      out[#out + 1] = string.format("Chapter %d pays the promise %s: %s", number, promise.id, prompts.promise_text(promise))
    end
  end
  return #out > 0 and "\n" .. table.concat(out, "\n") .. "\n" or ""
end

local function base(book, made)
  local author = book.given.plan
  local previous = made[#made]
  local before = previous and "# The chapter before\n\n" .. plans.text(previous) or ""
  return prompts.planning(book)
    :stable("given", given.rule(author, "chapter plan"), author and author.from)
    :stable("before", before)
end

local function think_through(book, prompt, range)
  local count = range.last - range.first + 1
  local words = 200 + 170 * count
  local asked = prompt:copy():last("task", string.format(think, range.first, range.last, book.chapters,
    (plans.scene_count(book.words)), prompts.events_text(book.structure, range.first, range.last),
    promise_lines(book, range), words))
  return blocks.fit(calls.whole(book, { role = "planner", blocks = asked:list(), max_words = words }), 16000)
end

--- Without a critic the plan goes on as it is.
function planning.critique(book, prompt, range, thoughts)
  if not book:optional(string.format("the critique of the plans of chapters %d to %d", range.first, range.last)) then return "(none)" end
  local asked = prompt:copy():last("task", string.format(criticise, range.first, range.last, thoughts))
  local answer = calls.try_prose(book, { role = "judge", blocks = asked:list(), max_words = 400 })
  return answer and blocks.fit(answer.text, 4000) or "(no critic was to be had)"
end

local function into_form(book, prompt, range, thoughts, critique, titles)
  local count = range.last - range.first + 1
  local usual, fewest, most = plans.scene_count(book.words)
  local words = math.max(1, book.words // usual)
  local task_text = string.format(to_form, range.first, range.last, math.min(400, words), math.max(900, words), book.words,
    table.concat(titles, "; "), thoughts, critique)
  local shape = schema.object { { "chapters", schema.list(plans.shape(book, range.first, range.last), count, count) } }
  local function ask(extra)
    local asked = prompt:copy():last("task", task_text .. extra)
    return calls.json(book, { role = "planner", blocks = asked:list(), schema = shape,
      max_words = count * (150 + 110 * math.max(fewest, most)) }).chapters
  end
  local chapters = ask("")
  local findings = plans.check(chapters, range.first, titles)
  if #findings == 0 then return chapters end
  log.info("%d findings in the plans of chapters %d to %d, one repair: %s", #findings, range.first, range.last, findings[1])
  local better = ask(string.format(repair, blocks.bullets(findings), json.encode(chapters)))
  return #plans.check(better, range.first, titles) <= #findings and better or chapters
end

--- What the author wrote about single chapters, by number: text under its heading, or fields.
local function author_parts(book)
  local author, fields = book.given.plan, {}
  local list = author and author.value and (author.value.chapters or author.value) or {}
  for i, chapter in ipairs(list) do
    if type(chapter) == "table" then fields[chapter.number or i] = chapter end
  end
  return given.slices(author, book.chapters), fields
end

local function save(book, range, chapters, slices, fields)
  artifact.commit(function()
    for i, plan in ipairs(chapters) do
      local number = range.first + i - 1
      plan.author = slices[number]
      plans.fit(plans.mend(plan, number, book), book)
      if fields[number] then given.overlay(plan, fields[number]) end
      chapters[i] = plans.mend(plan, number, book)
      artifact.put(book:name("plans", number, "json"), chapters[i])
    end
  end)
end

function planning.run(book)
  run.phase("Chapter Planning")
  local made, titles = {}, {}
  local slices, fields = author_parts(book)
  for _, range in ipairs(numbering.ranges(1, book.chapters, chapters_at_a_time)) do
    run.progress(range.first - 1, book.chapters, string.format("plans %d to %d", range.first, range.last))
    book:at("planning", (range.first - 1) / book.chapters)
    local prompt = base(book, made)
    local thoughts = think_through(book, prompt, range)
    local critique = planning.critique(book, prompt, range, thoughts)
    local chapters = into_form(book, prompt, range, thoughts, critique, titles)
    save(book, range, chapters, slices, fields)
    for _, plan in ipairs(chapters) do
      made[#made + 1] = plan
      book.plans[plan.number] = plan
      titles[#titles + 1] = plan.title
    end
  end
  if book.given.plan then
    local listing = {}
    for _, plan in ipairs(made) do listing[#listing + 1] = string.format("Chapter %d. %s", plan.number, plans.text(plan)) end
    given.conflicts(book, book.given.plan, "plan", table.concat(listing, "\n\n"))
  end
end

return planning
