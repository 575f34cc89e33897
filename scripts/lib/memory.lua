-- lib/memory.lua: what has been told so far, in a size that does not grow with the book.
--
-- A book is cut into parts: its acts, and long acts into runs of at most ten chapters. Within a part the chapters' summaries
-- are listed one after the other, so that the prompt only grows at its end (providers' caches like that). When a part is
-- finished, one call turns its summaries into a paragraph. Paragraphs and summaries share a fixed number of words: the more parts
-- are closed, the shorter the summaries of the current one are shown (they are kept whole in summaries/NN.json).
--
--   local memory = memory.new(structure, cast)
--   memory:absorb(3, facts, summary, prose)        -- after each chapter, in order
--   memory:story_so_far(4), memory:state_of(names), memory:used_up()
local blocks = require "lib.blocks"
local facts = require "lib.facts"
local names = require "lib.names"
local numbering = require "lib.numbering"
local style = require "lib.style"

local memory = {}
memory.__index = memory

local longest_part = 10
local words_in_all, words_for_closed_parts = 600, 200
local recent_chapters = 4

local function cut_into_parts(structure)
  local parts = {}
  for _, act in ipairs(structure.acts) do
    for _, range in ipairs(numbering.ranges(act.first, act.last, longest_part)) do parts[#parts + 1] = range end
  end
  return parts
end

function memory.new(structure, cast)
  return setmetatable({
    parts = cut_into_parts(structure),
    total = structure.chapters,
    summaries = {},              -- by chapter
    recent = {},                 -- prose of the last chapters, oldest first
    habits = style.new(),        -- openings, endings and phrases of the whole book
    state = facts.new_state(),   -- who is where, holds what, knows what
    names = names.known(cast),
    last_prose = nil,
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
  self.summaries[number] = summary
  self.state:apply(number, sheet)
  for _, name in ipairs(sheet.names or {}) do self.names:add(name) end
  self.habits:take(number, prose)
  self.recent[#self.recent + 1] = { number = number, prose = prose }
  if #self.recent > recent_chapters then table.remove(self.recent, 1) end
  self.last_prose = prose
end

--- The part that ends with this chapter and still wants its paragraph, or nil. The last part never needs one.
function memory:part_to_close(number)
  local part = self:part_of(number)
  if part.last == number and number < self.total then return part end
  return nil
end

--- How many words the paragraph of one closed part may have.
function memory:paragraph_words()
  return numbering.clamp(words_for_closed_parts // math.max(1, #self.parts - 1), 20, 120)
end

--- How many words of each chapter's summary are shown in a part; the same for all of the part's chapters.
local function summary_words(self, part, closed)
  local length = math.max(1, part.last - part.first + 1)
  return numbering.clamp((words_in_all - closed * self:paragraph_words()) // length, 30, 100)
end

--- "Chapter 3. ..." for the chapters first..last, each in at most so many words.
function memory:summaries_of(first, last, words)
  local out = {}
  for number = first, last do
    local summary = self.summaries[number]
    if summary then out[#out + 1] = string.format("Chapter %d. %s", number, blocks.fit(text.first_words(summary, words), 900)) end
  end
  return out
end

--- Keeps a part as one paragraph. Without one (the call failed) the beginnings of its summaries stand in.
function memory:close(part, paragraph)
  local fallback = table.concat(self:summaries_of(part.first, part.last, 20), " ")
  part.paragraph = text.first_words(paragraph or fallback, self:paragraph_words() + 10)
end

--- What a reader of chapters 1..number-1 remembers; with one more than the last chapter's number, the whole book. The same for
--- every call of a chapter.
function memory:story_so_far(number)
  local current, place = self:part_of(math.min(number, self.total))
  local words = summary_words(self, current, place - 1)
  local out = {}
  for _, part in ipairs(self.parts) do
    if part.last < current.first and part.paragraph then
      out[#out + 1] = string.format("Chapters %d to %d. %s", part.first, part.last, blocks.fit(part.paragraph, 1000))
    end
  end
  for _, summary in ipairs(self:summaries_of(current.first, number - 1, words)) do out[#out + 1] = summary end
  if #out == 0 then return "# The story so far\n\nThe book begins here." end
  return "# The story so far\n\n" .. table.concat(out, "\n")
end

--- The summaries that a chapter's prompts are made from.
function memory:sources(number)
  local current, from = self:part_of(number), {}
  for n = current.first, number - 1 do from[#from + 1] = numbering.name("summaries", n, self.total, "json") end
  return from
end

--- The last words of the chapter before, so that the next one can take up the thread.
function memory:tail(words)
  return self.last_prose and text.last_words(self.last_prose, words) or ""
end

function memory:state_of(people)
  return self.state:text(people)
end

--- Phrases, openings and endings that the book has used often enough.
function memory:used_up()
  return self.habits:used_up(12)
end

return memory
