-- phases/writing.lua: one chapter after the other; what a chapter changes is durable before the next one begins.
--
-- Reads: book.blueprint, book.structure, plans/NN.json (each just before its chapter is written), and notes from people.
-- Leaves: chapters/NN.md, facts/NN.json, summaries/NN.json, issues/NN.json, findings/NN.json,
-- parts/NN.json, voice/NN.md, checks/musts.json, and book.memory.
--
-- All calls of a chapter share one beginning (lib/desk.lua); the writer and the judge have prose of the book and the next chapter's plan
-- besides, and each scene that is written makes that longer, so that almost every token of a prompt has been seen by the provider a minute before.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local chapterfile = require "lib.chapterfile"
local desk = require "lib.desk"
local examining = require "lib.examining"
local extract = require "lib.extract"
local facts = require "lib.facts"
local findings = require "lib.findings"
local languages = require "lib.languages"
local musts = require "lib.musts"
local numbering = require "lib.numbering"
local paragraphs = require "lib.paragraphs"
local plan_check = require "lib.plan_check"
local plans = require "lib.plans"
local prompts = require "lib.prompts"
local tongue = require "lib.tongue"
local voice = require "lib.voice"

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
  local asked = desk.with_scenes(prompt, so_far):last("task", string.format(finish_scene, amount(book, missing), scene.outcome))
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
  local asked = desk.with_scenes(prompt, scenes):last("task", task_text or scene_task(book, plan, i))
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
  return examining.chapter(book, shared, prompt, plan, scenes, desk.with_scenes)
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
  local read = extract.chapter(book, desk.with_scenes(prompt, scenes), plan, scenes)
  local edited = { number = plan.number, title = title, scenes = scenes, sheet = read.sheet, summary = read.summary, issues = {} }
  artifact.commit(function()
    artifact.put(book:name("facts", plan.number, "json"), read.sheet)
    artifact.put(book:name("summaries", plan.number, "json"), { number = plan.number, title = title, summary = read.summary })
  end)
  return edited
end

--- Mends these faults ({quote=, problem=}) in a chapter and takes the facts down anew. Returns whether the chapter has changed.
local function mend_scenes(book, prompt, plan, chapter, faults)
  local placed = {}
  for _, fault in ipairs(faults) do
    for i, scene in ipairs(chapter.scenes) do
      if plan.scenes[i] and facts.quoted(scene, fault.quote) then placed[#placed + 1] = { scene = i, quote = fault.quote, problem = fault.problem } end
    end
  end
  local scenes = examining.mended(book, prompt, plan, chapter, placed, desk.with_scenes)
  if not scenes then return false end
  chapter.scenes, chapter.revised = scenes, true
  local read = extract.chapter(book, desk.with_scenes(prompt, scenes), plan, scenes)
  if not read.sheet.pending then chapter.sheet, chapter.summary = read.sheet, read.summary end
  return true
end

--- Holds a chapter that is not saved yet against the author's points. What is broken is mended once; what stays is an issue of the chapter. Waits.
function writing.hold_to_musts(book, prompt, plan, chapter)
  local function prose() return chapterfile.prose(chapter.scenes) end
  local stays, err = musts.hold(book, { prompt = prompts.base(book), mend = function(_, faults)
    return mend_scenes(book, prompt, plan, chapter, faults) and prose() or nil
  end }, { first = plan.number, last = plan.number }, prose)
  if not stays then chapter.issues[#chapter.issues + 1] = "not held against what the author fixed: " .. err end
  for _, one in ipairs(stays or {}) do chapter.issues[#chapter.issues + 1] = one.problem end
end

--- A plan with as many scenes as the chapter has now, about as long as they are.
function writing.plan_of_scenes(plan, title, scenes)
  local fitted = {}
  for i, scene in ipairs(scenes) do
    fitted[i] = {}
    for field, value in pairs(plan.scenes[math.min(i, #plan.scenes)]) do fitted[i][field] = value end
    fitted[i].words = math.max(30, text.words(scene))
  end
  plan.title, plan.scenes = title ~= "" and title or plan.title, fitted
  return plan
end

--- Mends a chapter of an act that has ended. Its new prose, or nil: nothing came of it, or a person wrote the chapter.
local function mend_written(book, number, faults)
  local name = book:name("chapters", number, "md")
  local title, scenes = chapterfile.parse(book:read(name))
  if book.edited[name] then return nil end
  local plan = writing.plan_of_scenes(desk.read_plan(book, number), title, scenes)
  local prompt = prompts.story(book, number):stable("chapter", "# This chapter\n\n" .. desk.plan_text(book, plan))
  local chapter = { scenes = scenes, sheet = book.memory.sheets[number], summary = book.memory.summaries[number] }
  if not mend_scenes(book, prompt, plan, chapter, faults) then return nil end
  artifact.commit(function()
    artifact.put(name, chapterfile.compose(title, chapter.scenes))
    artifact.put(book:name("facts", number, "json"), chapter.sheet)
    artifact.put(book:name("summaries", number, "json"), { number = number, title = title, summary = chapter.summary })
  end)
  local prose = chapterfile.prose(chapter.scenes)
  book.memory:revise(number, chapter.sheet, chapter.summary, prose)
  book.sheets[number] = chapter.sheet
  return prose
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

local function write_chapter(book, number)
  local plan = desk.read_plan(book, number)
  log.info("Chapter %d of %d begun: %s", number, book.chapters, plan.title)
  book:read_checks()
  local of_plan
  plan, of_plan = plan_check.settled(book, plan, function(unsettled) return desk.chapter_prompt(book, unsettled) end)
  local shared = desk.chapter_prompt(book, plan)
  local prompt = desk.at_hand(shared, book, plan)
  local scenes = write_scenes(book, prompt, plan)
  book:at("writing", number / book.chapters)
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
    musts.check_after(book, number, { prompt = prompts.base(book), mend = function(chapter, faults) return mend_written(book, chapter, faults) end })
    voice.renew(book, number)
    run.checkpoint("chapter:" .. number)
  end
  run.progress(book.chapters, book.chapters, book.words_written .. " words")
end

return writing
