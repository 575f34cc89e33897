-- lib/memory.lua: what has been told so far, in a size that does not grow with the book.
--
-- A book is cut into parts of about five chapters. The last parts, ten chapters at least, are told by their chapters' summaries, one
-- after the other, so that within a part the prompt only grows at its end (providers' caches like that). Older parts are told by a
-- paragraph each, made by one call when the part after them ends. How many parts are told by summaries depends on how much room the
-- paragraphs leave: all of it together is about as long in chapter 100 as in chapter 25.
--
-- Besides that stands prose as it was written: the chapter before, whole, and passages from further back.
--
--   local memory = memory.new(structure, cast)      -- and how the book before left its world, in a series
--   memory:absorb(3, facts, summary, prose)        -- after each chapter, in order
--   memory:story_so_far(4), memory:prose_of(3), memory:passages(plan), memory:state_of(names), memory:used_up()
local facts = require "lib.facts"
local names = require "lib.names"
local numbering = require "lib.numbering"
local style = require "lib.style"

local memory = {}
memory.__index = memory

local longest_part = 5
local words_in_all = 3400
memory.summary_words, memory.paragraph_words = 135, 100   -- how long a summary and a paragraph are to be
local fewest_parts = 2          -- before the current one that are told by summaries
local recent_chapters = 4
local passage_words, most_passages = 260, 3

--- `tag`: of the language that the book is written in. `before`: how an earlier book of the series left its world, or nil.
function memory.new(structure, cast, tag, before)
  return setmetatable({
    parts = numbering.ranges(1, structure.chapters, longest_part),
    total = structure.chapters,
    summaries = {},              -- by chapter
    prose = {},                  -- by chapter
    recent = {},                 -- prose of the last chapters, oldest first
    habits = style.new(tag),     -- openings, endings and phrases of the whole book
    state = facts.new_state(before),   -- who is where, holds what, knows what
    names = names.known(cast),
    cast = cast, tag = tag, before = before,
    sheets = {},                 -- by chapter
  }, memory)
end

--- The part that a chapter lies in: { first=, last=, paragraph= or nil }
function memory:part_of(number)
  for i, part in ipairs(self.parts) do
    if number >= part.first and number <= part.last then return part, i end
  end
  error("no part of the book holds chapter " .. number)
end

--- Takes in a finished chapter. Call it in order: 1, 2, 3, ...
function memory:absorb(number, sheet, summary, prose)
  self.summaries[number], self.sheets[number] = summary, sheet
  self.state:apply(number, sheet)
  self.state:seen_in(number, prose)
  for _, name in ipairs(sheet.names or {}) do self.names:add(name) end
  self.habits:take(number, prose)
  self.recent[#self.recent + 1] = { number = number, prose = prose }
  if #self.recent > recent_chapters then table.remove(self.recent, 1) end
  self.prose[number] = prose
end

--- A chapter that was taken in before is another one now; what came after it stays.
function memory:revise(number, sheet, summary, prose)
  local sheets, summaries, proses = self.sheets, self.summaries, self.prose
  sheets[number], summaries[number], proses[number] = sheet, summary, prose
  self.recent, self.habits, self.state, self.names = {}, style.new(self.tag), facts.new_state(self.before), names.known(self.cast)
  for n = 1, #proses do self:absorb(n, sheets[n], summaries[n], proses[n]) end
end

--- How many of the first parts are told by paragraphs while the part at `place` is written.
local function folded(place)
  local before = place - 1
  local room = words_in_all - longest_part * memory.summary_words - before * memory.paragraph_words
  local whole = room // (longest_part * memory.summary_words - memory.paragraph_words)
  return math.max(0, before - math.max(fewest_parts, whole))
end

--- The part that wants its paragraph now that this chapter is done: the one before the part that ends here, if the book is so long that
--- it will be told by one. Nil for most chapters.
function memory:part_to_close(number)
  local part, place = self:part_of(number)
  if part.last == number and number < self.total and place - 1 <= folded(#self.parts) then return self.parts[place - 1] end
  return nil
end

--- "Chapter 3. ..." for the chapters first..last.
function memory:summaries_of(first, last)
  local out = {}
  for number = first, last do
    local summary = self.summaries[number]
    if summary then out[#out + 1] = string.format("Chapter %d. %s", number, summary) end
  end
  return out
end

--- Keeps a part as one paragraph. Without one (the call failed) the beginnings of its summaries stand in.
function memory:close(part, paragraph)
  if paragraph then
    part.paragraph = text.first_words(paragraph, memory.paragraph_words + 20)
    return
  end
  local beginnings = {}
  for number = part.first, part.last do
    beginnings[#beginnings + 1] = text.first_words(self.summaries[number] or "", memory.paragraph_words // longest_part)
  end
  part.paragraph = table.concat(beginnings, " ")
end

--- What a reader of chapters 1..number-1 remembers; with one more than the last chapter's number, the whole book. The same for
--- every call of a chapter.
function memory:story_so_far(number)
  local _, place = self:part_of(math.min(number, self.total))
  local old, out = folded(place), {}
  for i = 1, old do
    local part = self.parts[i]
    if part.paragraph then out[#out + 1] = string.format("Chapters %d to %d. %s", part.first, part.last, part.paragraph) end
  end
  for _, summary in ipairs(self:summaries_of(self.parts[old + 1].first, number - 1)) do out[#out + 1] = summary end
  if #out == 0 then return "# The story so far\n\nThe book begins here." end
  return "# The story so far\n\n" .. table.concat(out, "\n")
end

--- The chapters whose events a writer of this chapter should have in mind: this part's and the next one's.
function memory:horizon(number)
  local part, place = self:part_of(number)
  return part.first, (self.parts[place + 1] or part).last
end

--- The summaries that a chapter's prompts are made from.
function memory:sources(number)
  local _, place = self:part_of(number)
  local from = {}
  for n = self.parts[folded(place) + 1].first, number - 1 do from[#from + 1] = numbering.name("summaries", n, self.total, "json") end
  return from
end

--- A finished chapter, whole; "" for one that is not written.
function memory:prose_of(number)
  return self.prose[number] or ""
end

-- A name, or the part of it that people are called by, in folded prose.
local function named(folded_prose, name)
  local whole = text.fold(name)
  if string.find(folded_prose, whole, 1, true) then return true end
  local first = string.match(whole, "^%S+")
  return first ~= nil and text.length(first) >= 3 and string.find(folded_prose, first, 1, true) ~= nil
end

--- The words around the last place of a chapter that names one of `people`; its last words where none does.
local function passage_of(prose, people)
  local paragraphs, last = text.paragraphs(prose), nil
  for i, paragraph in ipairs(paragraphs) do
    local folded_text = text.fold(paragraph)
    for _, name in ipairs(people) do
      if named(folded_text, name) then last = i end
    end
  end
  last = math.min(#paragraphs, (last or #paragraphs) + 1)
  return text.last_words(table.concat(paragraphs, "\n\n", 1, last), passage_words)
end

--- Where someone who was not in the chapter before was last seen: the chapter's number, or nil.
local function last_seen(self, name, before)
  for number = before, 1, -1 do
    if named(text.fold(self:prose_of(number)), name) then return number < before and number or nil end
  end
  return nil
end

--- Passages from before the last chapter: of the chapters that the plan names, and of the last scenes of people who come back.
--- { {chapter=, about=, text=}, ... }
function memory:passages(plan, people)
  local out, taken = {}, {}
  local function add(number, about, whom)
    if taken[number] or #out == most_passages or self:prose_of(number) == "" then return end
    taken[number] = true
    out[#out + 1] = { chapter = number, about = about, text = passage_of(self:prose_of(number), whom) }
  end
  for _, number in ipairs(plan.recalls or {}) do
    if number < plan.number - 1 then add(number, "which this chapter takes up", people) end
  end
  for _, name in ipairs(people) do
    local number = last_seen(self, name, plan.number - 1)
    if number then add(number, "where " .. name .. " was last seen", { name }) end
  end
  return out
end

function memory:state_of(people)
  return self.state:text(people)
end

--- Phrases, openings and endings that the book has used often enough.
function memory:used_up()
  return self.habits:used_up(12)
end

return memory
