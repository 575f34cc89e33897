-- lib/evidence.lua: what checks look at: a scene, a chapter, a plan or a whole book, and what is known around it. The fields are described in
-- scripts/api.lua (---@class Evidence).
local chapterfile = require "lib.chapterfile"
local reading = require "lib.reading"
local secrets = require "lib.secrets"

local evidence = {}

-- The documents behind what a check says it reads.
local function documents(book, number)
  return function(place)
    if place == "text" then return { book:name("chapters", number, "md") } end
    if place == "plan" then return { book:name("plans", number, "json") } end
    if place == "facts" then return { book:name("facts", number, "json") } end
    if place == "structure" then return { "structure.json" } end
    if place == "cast" then return { "blueprint.json" } end
    if place == "secrets" then return { "secrets.json" } end
    local out = {}
    if place == "state" then
      for n = 1, number - 1 do out[n] = book:name("facts", n, "json") end
    elseif place == "earlier" then
      for _, earlier in ipairs(book.memory.recent) do out[#out + 1] = book:name("chapters", earlier.number, "md") end
    end
    return out
  end
end

local function around(book, number)
  local style = book.blueprint.style or {}
  return { number = number, tag = book.language.tag, language = { name = book.language.name, tag = book.language.tag, or_english = book.rehearsal },
    structure = book.structure, cast = book.blueprint.cast, state = book.memory.state, names = book.memory.names,
    secrets = secrets.list(book), earlier = book.memory.recent,
    tense = book.input.tense or style.tense, viewpoint = book.input.viewpoint or style.viewpoint, document = documents(book, number) }
end

--- A chapter before the next one is written: its scenes, the plan, and the facts that were taken down after it.
function evidence.chapter(book, plan, scenes, sheet)
  local it = around(book, plan.number)
  it.plan, it.scenes, it.sheet = plan, scenes, sheet
  it.reading = reading.of(chapterfile.prose(scenes), it.tag)
  return it
end

--- One of its scenes.
function evidence.scene(chapter, i)
  local it = {}
  for field, value in pairs(chapter) do it[field] = value end
  it.scene, it.reading = i, reading.of(chapter.scenes[i], it.tag)
  it.budget = chapter.plan and chapter.plan.scenes[i] and chapter.plan.scenes[i].words
  return it
end

--- A plan whose chapter is not written yet.
function evidence.plan(book, plan)
  local it = around(book, plan.number)
  it.plan = plan
  return it
end

--- The whole book. `chapters`: { {number, title, scenes}, ... } as lib/bookfile.lua reads them; `sheets`: the facts, by number.
function evidence.book(book, chapters, sheets)
  local it = around(book, 0)
  local texts, facts_of = {}, {}
  it.chapters, it.sheet = {}, { paid = book.memory.state.paid }
  for i, chapter in ipairs(chapters) do
    it.chapters[i] = { number = chapter.number, title = chapter.title, prose = chapterfile.prose(chapter.scenes), sheet = sheets and sheets[chapter.number] }
    texts[i], facts_of[i] = book:name("chapters", chapter.number, "md"), book:name("facts", chapter.number, "json")
  end
  it.reading = it.chapters
  it.document = function(place)
    return place == "text" and texts or place == "facts" and facts_of or place == "structure" and { "structure.json" } or { "blueprint.json" }
  end
  return it
end

return evidence
