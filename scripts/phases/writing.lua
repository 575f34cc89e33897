-- phases/writing.lua: one chapter after the other; what a chapter changes is durable before the next one begins.
--
-- Reads: book.blueprint, book.structure, plans/NN.json (each just before its chapter is written), and notes from people.
-- Leaves: chapters/NN.md, facts/NN.json, summaries/NN.json, issues/NN.json, findings/NN.json,
-- parts/NN.json, checks/musts.json, and book.memory.
--
-- All calls of a chapter share one beginning (chapter_prompt below); the writer and the judge have prose of the book and the next
-- chapter's plan besides (at_hand), and each scene that is written makes that longer, so that almost every token of a prompt has been
-- seen by the provider a minute before.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local chapterfile = require "lib.chapterfile"
local coverage = require "lib.coverage"
local examining = require "lib.examining"
local extract = require "lib.extract"
local findings = require "lib.findings"
local languages = require "lib.languages"
local musts = require "lib.musts"
local numbering = require "lib.numbering"
local paragraphs = require "lib.paragraphs"
local plan_check = require "lib.plan_check"
local plans = require "lib.plans"
local prompts = require "lib.prompts"
local tongue = require "lib.tongue"

local writing = {}

local write_scene = [[
You are the writer. Write scene %d of %d of this chapter, whole, in about %s, in %s.

%s

%s
Stay with %s's eyes and knowledge. Begin inside the scene; what has been told need not be told again. Let the outcome happen on the
page, through what people do, and stop there. Surprise yourself in the details, not in the facts. Only the scene's prose.]]

local first_scene = "It opens the chapter: find a first sentence that could open no other."
local next_scene = "It follows on the scene above, after a cut."
local last_scene = " It closes the chapter: end on something done, said or seen, not on its meaning."

local finish_scene = [[
You are the writer. The last scene above broke off before its end. Write what is missing, beginning with a new paragraph right after
its last sentence, in at most %s, until this outcome has happened: %s Do not repeat anything. Only the prose.]]

local compress = [[
Put these chapter summaries into one short paragraph of at most %s, in %s: what has changed for good, for whom, and what is
still open. Names as they stand. Only the paragraph.

%s]]

local function amount(book, words)
  return languages.amount(book.language, words)
end

local function wishes_text(book)
  local wishes = book:wishes()
  if #wishes == 0 then return "" end
  return "The author has asked for this from here on:\n" .. blocks.bullets(wishes) .. "\n"
end

---------------------------------------------------------------------------------------------------- the chapter's prompt

local function promise_lines(book, number)
  local out = {}
  for _, promise in ipairs(book.structure.promises) do
    local paid = book.memory.state.paid[promise.id]
    local tells = promise.opened == number and "open it here" or promise.due == number and "pay it here"
      or not paid and promise.opened < number and "open; due in chapter " .. promise.due
    if promise.opened == number and promise.due == number then tells = "open and pay it here" end
    if tells then out[#out + 1] = string.format("%s (%s): %s", promise.id, tells, prompts.promise_text(promise)) end
  end
  return blocks.bullets(out)
end

local function chapter_text(book, plan)
  local memory = book.memory
  local state = memory:state_of(plans.people(plan))
  local out = {
    "# This chapter\n\n" .. plans.text(plan, book.language),
    "# Where its people stand\n\n" .. (state ~= "" and state or "As the cast list has them."),
    "# Promises to the reader\n\n" .. promise_lines(book, plan.number),
    "# Used up; not again in this chapter\n\n" .. blocks.fit(blocks.bullets(memory:used_up()), 2500),
  }
  local fixed = musts.of_chapter(book, plan.number)
  if fixed ~= "" then table.insert(out, 2, fixed) end
  return table.concat(out, "\n\n")
end

--- The beginning that all calls of a chapter share: rules, style, bible, story so far, this chapter's plan and state.
function writing.chapter_prompt(book, plan)
  return prompts.story(book, plan.number)
    :stable("chapter", chapter_text(book, plan), { book:name("plans", plan.number, "json"), "musts.json" })
end

local function passages_text(passages)
  local out = {}
  for i, passage in ipairs(passages) do
    out[i] = string.format("# From chapter %d, %s\n\n%s", passage.chapter, passage.about, passage.text)
  end
  return table.concat(out, "\n\n")
end

--- What the next chapter needs and this one could take from it.
local function still_true(book, plan)
  local out, needed, listed = {}, {}, {}
  local alive = {}
  for _, name in ipairs(plans.people(plan)) do
    if not book.memory.state.dead[name] then alive[#alive + 1] = name end
  end
  if #alive > 0 then out[1] = string.format("alive, and free to be at %s: %s", plan.scenes[1].place, table.concat(alive, ", ")) end
  for _, event in ipairs(book.structure.events) do
    if event.chapter == plan.number then
      for _, cause in ipairs(event.causes) do needed[cause] = true end
    end
  end
  for _, event in ipairs(book.structure.events) do
    if needed[event.id] and event.chapter == plan.number - 1 then listed[#listed + 1] = event.what end
  end
  if #listed > 0 then out[#out + 1] = "happened by then: " .. table.concat(listed, " ") end
  for _, promise in ipairs(coverage.promises(book.structure, "due", plan.number)) do
    if promise.opened < plan.number then out[#out + 1] = "not paid yet: " .. prompts.promise_text(promise) end
  end
  return blocks.bullets(out)
end

local function next_text(book, plan)
  if not plan then return "" end
  return "# What comes next\n\nThe next chapter, which is written after this one. Lead up to it; tell nothing of it.\n\n"
    .. plans.seen_before(plan, book.language) .. "\n\nWhat must be true when it begins:\n" .. still_true(book, plan)
end

-- As it was planned: an edit of the next plan, made after this chapter was written, would otherwise ask for this chapter again.
local function next_plan(book, number)
  if number >= book.chapters then return nil end
  if book.plans[number + 1] then return book.plans[number + 1] end
  return artifact.get(book:name("plans", number + 1, "json")) and writing.read_plan(book, number + 1)
end

--- The chapter's beginning with prose in the hands of whoever writes or judges: the chapter before, whole, passages from further back, and
--- what comes next. Waits.
function writing.at_hand(prompt, book, plan)
  local number, memory = plan.number, book.memory
  local before = memory:prose_of(number - 1)
  local longer = prompt:copy():stable("passages", passages_text(memory:passages(plan, plans.people(plan))))
  if before ~= "" then
    longer:stable("before", string.format("# Chapter %d, the one before, as it stands in the book\n\n%s", number - 1, before),
      { book:name("chapters", number - 1, "md") })
  end
  return longer:stable("next", next_text(book, next_plan(book, number)), { book:name("plans", math.min(number + 1, book.chapters), "json") })
end

--- The same, with the scenes that are written so far.
function writing.with_scenes(prompt, scenes)
  local longer = prompt:copy()
  for i, scene in ipairs(scenes) do longer:stable("scene " .. i, string.format("# Scene %d, as written\n\n%s", i, scene)) end
  return longer
end

----------------------------------------------------------------------------------------------------------------- scenes

local MOST_ENDINGS = 4 -- further calls for one scene

-- The rehearsal writes English whatever it is asked for, and says on the title page what it is.
local function written_in(book)
  return { name = book.language.name, tag = book.language.tag, or_english = book.rehearsal }
end

local function generous(words)
  return words * 8 // 5 + 60
end

-- What is missing of the scene behind `start`, as far as one more call gives it; whether that was cut off as well.
local function write_ending(book, prompt, scenes, plan, start, choice)
  local scene = plan.scenes[#scenes + 1]
  local missing = math.max(120, scene.words - text.words(start))
  local so_far = {}
  for i, written in ipairs(scenes) do so_far[i] = written end
  so_far[#so_far + 1] = start
  local asked = writing.with_scenes(prompt, so_far):last("task", string.format(finish_scene, amount(book, missing), scene.outcome))
  local answer = calls.try_prose(book, { role = "writer", blocks = asked:list(), max_words = generous(missing), model_choice = choice })
  local ending = answer and book:prose_of(answer, "scene " .. #so_far) or ""
  if not paragraphs.complete(ending) then ending = paragraphs.trim_to_sentence(ending) end
  if tongue.other(ending, written_in(book)) then ending = "" end
  return ending, answer and answer.stop == "length"
end

--- A scene that broke off is finished by a second call, and by further ones where the server ends each answer early; if that fails, it is cut back
--- to its last whole sentence.
local function finish(book, prompt, scenes, plan, prose, choice)
  local whole = paragraphs.trim_to_sentence(prose)
  if whole == "" then whole = prose end
  for _ = 1, MOST_ENDINGS do
    local ending, cut = write_ending(book, prompt, scenes, plan, whole, choice)
    if ending ~= "" then whole = whole .. "\n\n" .. ending end
    if ending == "" or not cut then break end
  end
  return whole
end

local function scene_task(book, plan, i)
  local scene, count = plan.scenes[i], #plan.scenes
  local place = (i == 1 and first_scene or next_scene) .. (i == count and last_scene or "")
  return string.format(write_scene, i, count, amount(book, scene.words), book.language.name, plans.scene_text(scene, i, book.language) .. "\n\n" .. place,
    wishes_text(book), plan.viewpoint)
end

--- Writes the scene that follows on `scenes`. `task_text` replaces the usual instruction (rewrite_chapter uses that).
function writing.write_scene(book, prompt, scenes, plan, task_text)
  local i = #scenes + 1
  local scene = plan.scenes[i]
  local asked = writing.with_scenes(prompt, scenes):last("task", task_text or scene_task(book, plan, i))
  local ask = { role = "writer", blocks = asked:list(), max_words = generous(scene.words) }
  local answer = calls.prose(book, ask)
  local first, prose = answer, book:prose_of(answer, "scene " .. i)
  if prose == "" then
    ask.key = "again"
    answer = calls.prose(book, ask)
    prose = book:prose_of(answer, "scene " .. i)
  end
  if prose == "" then
    error({ kind = "provider", rejected = { first.seq, answer.seq }, message = string.format("scene %d of chapter %d came back empty twice "
      .. "(%s: %s)", i, plan.number, answer.model, answer.native_stop) })
  end
  if answer.stop == "filter" then
    log.warn("scene %d: the provider's content filter ended the answer of %s; the next model finishes it", i, answer.model)
    book:tell(string.format("scene %d: a content filter ended the answer of %s; a second call wrote the rest. Read where they meet.", i, answer.model))
    return finish(book, prompt, scenes, plan, prose, 2)
  end
  if answer.stop == "length" or not paragraphs.complete(prose) then return finish(book, prompt, scenes, plan, prose) end
  return prose
end

local function write_scenes(book, prompt, plan)
  local scenes = {}
  for i in ipairs(plan.scenes) do
    scenes[i] = writing.write_scene(book, prompt, scenes, plan)
    run.heartbeat()
  end
  return scenes
end

----------------------------------------------------------------------------------------------------------- one chapter

--- Looks at a chapter's scenes and mends them (lib/examining.lua). `shared` is the chapter's beginning, `prompt` the writer's.
function writing.examine(book, shared, prompt, plan, scenes)
  return examining.chapter(book, shared, prompt, plan, scenes, writing.with_scenes)
end

--- Saves a chapter with everything that belongs to it, all or nothing. Returns what became of its text: {version=, proposal=}.
function writing.commit(book, chapter)
  local number = chapter.number
  local saved = artifact.commit(function()
    artifact.put(book:name("chapters", number, "md"), chapterfile.compose(chapter.title, chapter.scenes))
    artifact.put(book:name("facts", number, "json"), chapter.sheet)
    artifact.put(book:name("summaries", number, "json"), { number = number, title = chapter.title, summary = chapter.summary })
    artifact.put(book:name("issues", number, "json"), { number = number, issues = json.array(chapter.issues), revised = chapter.revised,
      taken_off = book:take_taken_off() })
  end)
  for _, document in ipairs(saved) do book.versions[document.name] = document.version end
  findings.save(book:name("findings", number, "json"), number, chapter.findings, book.versions)
  return saved[1]
end

--- Where a person's version of the chapter stands, the book goes on from that: its facts are taken down anew.
local function honour_edits(book, prompt, plan, chapter)
  local name = book:name("chapters", plan.number, "md")
  local head = artifact.get(name)
  if head == nil or head == chapterfile.compose(chapter.title, chapter.scenes) then return chapter end
  log.info("%s was edited by a person; the book continues from that version", name)
  local title, scenes = chapterfile.parse(head)
  local read = extract.chapter(book, writing.with_scenes(prompt, scenes), plan, scenes)
  local edited = { number = plan.number, title = title, scenes = scenes, sheet = read.sheet, summary = read.summary, issues = {} }
  artifact.commit(function()
    artifact.put(book:name("facts", plan.number, "json"), read.sheet)
    artifact.put(book:name("summaries", plan.number, "json"), { number = plan.number, title = title, summary = read.summary })
  end)
  return edited
end

local function close_part(book, number)
  local memory = book.memory
  local part = memory:part_to_close(number)
  if not part then return end
  local words = memory.paragraph_words
  local asked = prompts.base(book):last("task", string.format(compress, amount(book, words), book.language.name,
    table.concat(memory:summaries_of(part.first, part.last), "\n")))
  local said = calls.try_whole(book, { role = "extractor", blocks = asked:list(), max_words = words + 20 })
  memory:close(part, said)
  artifact.put(book:name("parts", part.last, "json"), { first = part.first, last = part.last, paragraph = part.paragraph })
end

--- The plan of a chapter as it stands now. Waits.
function writing.read_plan(book, number)
  local name = book:name("plans", number, "json")
  local plan, info = artifact.get(name)
  if not plan then error(string.format("there is no plan for chapter %d; run the Chapter Planning phase first", number), 0) end
  book.versions[name], book.edited[name] = info.version, info.author == "person" or nil
  if info.author == "person" then plans.check_edited(plan, name) end
  return plans.mend(plan, number, book)
end

local function write_chapter(book, number)
  local plan = writing.read_plan(book, number)
  log.info("Chapter %d of %d begun: %s", number, book.chapters, plan.title)
  musts.read(book)
  book:read_checks()
  local of_plan
  plan, of_plan = plan_check.settled(book, plan, function(unsettled) return writing.chapter_prompt(book, unsettled) end)
  local shared = writing.chapter_prompt(book, plan)
  local prompt = writing.at_hand(shared, book, plan)
  local scenes = write_scenes(book, prompt, plan)
  local chapter = writing.examine(book, shared, prompt, plan, scenes)
  table.move(of_plan, 1, #of_plan, #chapter.findings + 1, chapter.findings)
  writing.commit(book, chapter)
  chapter = honour_edits(book, shared, plan, chapter)
  for _, problem in ipairs(chapter.issues) do book:issue("chapter " .. number, problem) end

  local prose = chapterfile.prose(chapter.scenes)
  local words = text.words(prose)
  book.words_written = book.words_written + words
  book.memory:absorb(number, chapter.sheet, chapter.summary, prose)
  book.sheets[number] = chapter.sheet
  log.info("Chapter %d finished: %d words in %s, %s%s", number, words, numbering.count(#chapter.scenes, "scene"),
    numbering.count(#chapter.issues, "issue"), chapter.revised and ", revised once" or "")
end

function writing.run(book)
  run.phase("Writing")
  for number = 1, book.chapters do
    run.progress(number - 1, book.chapters, string.format("chapter %d, %d words so far", number, book.words_written))
    write_chapter(book, number)
    close_part(book, number)
    musts.check_after(book, number, prompts.base(book))
    run.checkpoint("chapter:" .. number)
  end
  run.progress(book.chapters, book.chapters, book.words_written .. " words")
end

return writing
