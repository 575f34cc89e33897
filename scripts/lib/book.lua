-- lib/book.lua: the book in hand. One table goes through all phases; each adds what it found out:
--
--   input, language, chapters, words     what was asked for
--   given       what the author brought along: blueprint, structure, plan, voice
--   blueprint   after phases/blueprint.lua
--   structure   after phases/structure.lua (also memory: what has been told so far)
--   files       after phases/postprocessing.lua
--   carried     what it takes over from the books of its series before it (lib/series.lua)
--   issues      what a reader of the report should look at; a book with issues is done all the same
local calls = require "lib.calls"
local chapterfile = require "lib.chapterfile"
local checks = require "lib.checks"
local facts = require "lib.facts"
local given = require "lib.given"
local languages = require "lib.languages"
local Memory = require "lib.memory"
local numbering = require "lib.numbering"
local pace = require "lib.pace"
local remarks = require "lib.remarks"

local book = {}
book.__index = book

--- The input fields of a book, for pipelines that write one.
book.fields = {
  { name = "brief", type = "text", required = true, help = "What the book is about: a line or several pages, in any language" },
  { name = "title", type = "string", help = "The title, if it is fixed; otherwise the blueprint finds one" },
  { name = "author", type = "string", help = "The name on the title page" },
  { name = "genre", type = "string", help = "Any genre, in your own words" },
  { name = "language", type = "string", default = "English", help = "The language to write in, by name or tag: Japanese, de, pt-BR" },
  { name = "chapters", type = "integer", default = 12, min = 1, max = 100, help = "Number of chapters" },
  { name = "words_per_chapter", type = "integer", default = 2400, min = 200, max = 8000, help = "Words a chapter should have" },
  { name = "viewpoint", type = "string", help = "For example: close third person, one viewpoint a chapter" },
  { name = "tense", type = "string", help = "For example: past" },
  { name = "style", type = "text", help = "How the prose should sound; a sample of your own is welcome" },
  { name = "audience", type = "string", help = "Who the book is for" },
  { name = "candidates", type = "integer", default = 2, min = 1, max = 6, help = "Blueprints to invent and choose from" },
  { name = "review", type = "boolean", default = false, help = "Ask a person to approve the blueprint before going on" },
  { name = "revisions", type = "integer", default = 2, min = 0, max = 6, help = "Most times that what was found in a chapter is mended" },
  { name = "checks", type = "string", help = "Checks to change: adverbs=off, filter_words.per_1000=20. Later: the book's checks.json" },
  { name = "series_notes", type = "text", help = "What came before, if the book belongs to a series" },
  { name = "dedication", type = "text", help = "Printed on a page of its own" },
  { name = "epigraph", type = "text", help = "A quotation before the first chapter" },
  { name = "rights", type = "string", help = "The line on the copyright page, for example: © 2026 the author" },
  { name = "date", type = "string", help = "Date of publication for the book's metadata, as 2026-05-31" },
}

book.kinds = { "blueprint", "structure", "plan", "voice" }

--- Opens a book for a pipeline's input. Waits.
function book.new(input)
  local asked = {}   -- a copy: a person may answer a question about the brief by changing it
  for _, field in ipairs(book.fields) do asked[field.name] = input[field.name] end
  local self = setmetatable({
    input = asked,
    language = languages.find(input.language or "English"),
    chapters = input.chapters,
    words = input.words_per_chapter,
    given = {}, models = {}, issues = json.array {}, files = json.array {}, notes = {}, taken_off = json.array {}, told = {}, rehearsal = false,
    words_written = 0, edited = {}, versions = {}, sheets = {}, checks = checks.parse(input.checks), musts_seen = {}, plans = {},
    skipped = json.array {},
  }, book)
  for _, kind in ipairs(book.kinds) do self.given[kind] = given.load(kind) end
  self.carried = artifact.get("carried.json")
  return self
end

--- What was asked for, as a document: other pipelines open the book with it (Book.reopen).
function book:wanted()
  local out = { series = self.series }
  for _, field in ipairs(book.fields) do out[field.name] = self.input[field.name] end
  return out
end

--- Opens a finished or half-finished book of this project. Waits.
function book.reopen()
  local wanted = artifact.get("brief.json")
  local self = wanted and book.new(wanted)
  if self then self.series, self.blueprint, self.structure = wanted.series, self:read("blueprint.json"), self:read("structure.json") end
  if not (self and self.blueprint and self.structure) then
    error("this project holds no book yet; write one with generate_book, or name another project with --project", 0)
  end
  self.musts, self.secrets = self:read("musts.json"), self:read("secrets.json")
  self.memory = Memory.new(self.structure, self.blueprint.cast, self.language.tag, self.carried and self.carried.state)
  return self
end

--- Brings the memory up to the chapter before `number`, from the documents as they stand. Waits.
function book:remember_until(number)
  for n = 1, number - 1 do
    local name = numbering.find("chapters", n)
    if not name then error(string.format("chapter %d is missing, so chapter %d has nothing to follow on", n, number), 0) end
    local _, scenes = chapterfile.parse(artifact.get(name))
    local sheet = artifact.get(self:name("facts", n, "json")) or facts.pending(self.memory.state.day)
    local summary = artifact.get(self:name("summaries", n, "json"))
    self.sheets[n] = sheet
    self.memory:absorb(n, sheet, summary and summary.summary or "", chapterfile.prose(scenes))
    local part = self.memory:part_to_close(n)
    if part then
      local saved = artifact.get(self:name("parts", n, "json"))
      self.memory:close(part, saved and saved.paragraph)
    end
  end
end

--- "chapters/03.md" for this book.
function book:name(folder, number, ending)
  return numbering.name(folder, number, self.chapters, ending)
end

--- Writes down something that a person should look at. The run goes on.
function book:issue(where, problem)
  self.issues[#self.issues + 1] = { where = where, problem = problem }
  log.warn("%s: %s", where, problem)
end

--- A document as it stands, and whether a person has the last word on it (book.edited). Waits.
function book:read(name)
  local content, info = artifact.get(name)
  self.versions[name] = info and info.version
  self.edited[name] = info ~= nil and info.author == "person" or nil
  return content
end

--- Which checks are on and how they are set: the book's checks.json, which is a person's, or what the book was begun with. Waits.
function book:read_checks()
  local kept = artifact.get("checks.json")
  if kept then self.checks = checks.valid_settings(kept) end
end

--- Saves a document and gives back the version that counts: a person's newer one, if there is one. Waits.
function book:save(name, content)
  artifact.put(name, content)
  return self:read(name)
end

--- The prose of an answer, without what the model put around it. What goes is logged and kept: issues/NN.json lists it.
function book:prose_of(answer, where)
  local prose, taken = remarks.strip(answer.text)
  for _, remark in ipairs(taken) do
    log.info("%s: taken off, it is not prose: %s", where, text.first_words(remark, 40))
    self.taken_off[#self.taken_off + 1] = { where = where, text = remark }
  end
  return prose
end

--- What went since this was last asked for: { {where=, text=}, ... }
function book:take_taken_off()
  local taken = self.taken_off
  self.taken_off = json.array {}
  return taken
end

--- Something that happened while a chapter was written and that its author should read; it becomes an issue of the chapter.
function book:tell(problem)
  self.told[#self.told + 1] = problem
end

--- What was told since this was last asked for.
function book:take_told()
  local told = self.told
  self.told = {}
  return told
end

--- The work has come so far: `part` (0 to 1) of a phase is done (lib/pace.lua).
function book:at(phase, part)
  local share = pace.at(phase, part, self)
  self.pace = self.of_books and pace.of_series(share, self.series.number, self.of_books) or share
end

--- May a pass be made that the book can do without? What may not is listed in the result. Waits.
function book:optional(what)
  if run.optional(what, self.pace or 1) then return true end
  log.warn("skipped, to keep within the budget: %s", what)
  self.skipped[#self.skipped + 1] = what
  return false
end

--- What people have told the writer since the book began. Waits.
function book:wishes()
  for _, note in ipairs(run.notes()) do
    log.info("a note to the writer: %s", note)
    self.notes[#self.notes + 1] = note
  end
  return self.notes
end

--- What the pipeline returns.
function book:result()
  return {
    title = self.blueprint.title, chapters = self.chapters, words = self.words_written,
    issues = #self.issues, findings = self.issues, files = self.files, models = calls.names(self),
    rehearsal = self.rehearsal, skipped = self.skipped,
  }
end

return book
