-- rewrite_chapter: one chapter of a finished book anew, after an instruction. The old version stays; the new one stands beside it
-- (or is a proposal, where a person's version is the head). Facts and summary are taken down again, and the later chapters that
-- lean on a fact that has changed are listed. The files of the book are made anew with regenerate_artifacts.
local Book = require "lib.book"
local chapterfile = require "lib.chapterfile"
local desk = require "lib.desk"
local facts = require "lib.facts"
local impact = require "lib.impact"
local languages = require "lib.languages"
local numbering = require "lib.numbering"
local writing = require "phases.writing"

local rewrite_scene = [[
You are the writer. This chapter exists, and the author wants it changed:

%s

This is scene %d of %d as it stands:

<<<
%s
>>>

Write the scene anew, whole, in about %s, in %s, following the author's wish as far as it touches this scene and the new scenes
above. What the wish does not touch keeps its events, its people and its best sentences. Only the scene's prose.]]

local function existing_chapter(number)
  local name = numbering.find("chapters", number)
  if name then return artifact.get(name) end
  error(string.format("this book has no chapter %d; it has %d", number, #artifact.list("chapters/")), 0)
end

local function rewrite(book, prompt, plan, old, instruction)
  local scenes = {}
  for i, scene in ipairs(old) do
    local task_text = string.format(rewrite_scene, instruction, i, #old, scene, languages.amount(book.language, plan.scenes[i].words),
      book.language.name)
    scenes[i] = writing.write_scene(book, prompt, scenes, plan, task_text)
    run.progress(i, #old, "scene " .. i)
  end
  return scenes
end

--- Saves the new chapter. Over a person's version it is a proposal, and then facts and summary stay those of the text that stands.
local function save(book, chapter)
  local name = book:name("chapters", chapter.number, "md")
  local _, head = artifact.get(name)
  if head and head.author == "person" then return artifact.put(name, chapterfile.compose(chapter.title, chapter.scenes)) end
  return writing.commit(book, chapter)
end

return {
  title = "Rewrite a chapter",
  description = "Rewrites one chapter of an existing book after an instruction, and lists the later chapters it affects.",
  on_book = true,
  input = {
    { name = "chapter", type = "integer", required = true, min = 1, max = 100, help = "Number of the chapter" },
    { name = "instruction", type = "text", required = true, help = "What should change" },
  },
  run = function(input)
    run.phase("Rewriting")
    local book, number = Book.reopen(), input.chapter
    local title, old = chapterfile.parse(existing_chapter(number))
    local plan = writing.plan_of_scenes(desk.read_plan(book, number), title, old)
    book:remember_until(number)
    log.info("Chapter %d of \"%s\" is rewritten: %s", number, book.blueprint.title, plan.title)

    local shared = desk.chapter_prompt(book, plan)
    local prompt = desk.at_hand(shared, book, plan)
    local before = artifact.get(book:name("facts", number, "json")) or facts.pending(0)
    local chapter = writing.examine(book, shared, prompt, plan, rewrite(book, prompt, plan, old, input.instruction))
    writing.hold_to_musts(book, prompt, plan, chapter)
    local saved = save(book, chapter)
    if saved.proposal then
      log.info("Chapter %d was last written by a person, so the new text is saved as a proposal, version %d: the chapter stays as it is "
        .. "until somebody accepts it", number, saved.version)
    end
    local affected = impact.after(book, number, before, chapter.sheet)
    artifact.put(book:name("impact", number, "json"), { chapter = number, version = saved.version, impact = affected })
    log.info("Chapter %d %s, version %d; %d places in later chapters lean on what has changed", number,
      saved.proposal and "proposed anew" or "rewritten", saved.version, #affected)
    return { title = book.blueprint.title, chapter = number, version = saved.version, proposal = saved.proposal,
      words = text.words(chapterfile.prose(chapter.scenes)), issues = #chapter.issues, findings = json.array(chapter.issues), impact = affected }
  end,
}
