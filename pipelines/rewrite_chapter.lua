-- rewrite_chapter: one chapter of a finished book anew, after an instruction that also those who judge it know, as long as the instruction says,
-- and leading to what follows. The old version stays; the new one stands beside it
-- (or is a proposal, where a person's version is the head). Facts and summary are taken down again, and the later chapters that
-- lean on a fact that has changed are listed. The files of the book are made anew with regenerate_artifacts.
local Book = require "lib.book"
local chapterfile = require "lib.chapterfile"
local desk = require "lib.desk"
local facts = require "lib.facts"
local impact = require "lib.impact"
local languages = require "lib.languages"
local lengths = require "lib.lengths"
local numbering = require "lib.numbering"
local secrets = require "lib.secrets"
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

local wish = [[
# What the author wants of this chapter

It exists, and is written again because of this wish, which wins over its plan, its events and its promises:

%s]]

local follows = [[
# How chapter %d begins, as it stands in the book

The new chapter still has to lead there, as far as the author's wish lets it.

%s]]

local following_words = 300

local function existing_chapter(number)
  local name = numbering.find("chapters", number)
  if name then return artifact.get(name) end
  error(string.format("this book has no chapter %d; it has %d", number, #artifact.list("chapters/")), 0)
end

--- Scales the scenes' lengths where the wish asks for another one.
local function fit_length(plan, old, instruction)
  local now = text.words(chapterfile.prose(old))
  local wanted = lengths.wanted(instruction, now)
  if not wanted then return end
  log.info("Chapter %d has %d words; the wish asks for about %d", plan.number, now, wanted)
  for _, scene in ipairs(plan.scenes) do scene.words = math.max(30, scene.words * wanted // math.max(1, now)) end
end

--- How the chapter after this one begins, as far as the reader of this one may know it; "" for the last.
local function following(book, number)
  local name = numbering.find("chapters", number + 1)
  if not name then return "" end
  local _, scenes = chapterfile.parse(artifact.get(name))
  local opening = secrets.hide(book, text.first_words(chapterfile.prose(scenes), following_words), number)
  return opening ~= "" and string.format(follows, number + 1, opening) or ""
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
    book:read_checks()
    local title, old = chapterfile.parse(existing_chapter(number))
    local plan = writing.plan_of_scenes(desk.read_plan(book, number), title, old)
    book:remember_until(number)
    log.info("Chapter %d of \"%s\" is rewritten: %s", number, book.blueprint.title, plan.title)

    fit_length(plan, old, input.instruction)
    local shared = desk.chapter_prompt(book, plan):stable("wish", string.format(wish, input.instruction))
    local prompt = desk.at_hand(shared, book, plan):stable("follows", following(book, number), { book:name("chapters", number + 1, "md") })
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
