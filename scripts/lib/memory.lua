-- lib/memory.lua: what has been told so far, in a size that does not grow with the book.
--
-- A book is cut into parts of about five chapters. The current part and the one before it are told by their chapters' summaries,
-- one after the other, so that within a part the prompt only grows at its end (providers' caches like that). Older parts are
-- told in a sentence or two, made by one call when the part after them ends. All of it together has a fixed number of words: the
-- more parts lie behind, the shorter the summaries are shown (they are kept whole in summaries/NN.json).
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

local longest_part = 5
local words_in_all, words_for_old_parts = 660, 260
local recent_chapters = 4

function memory.new(structure, cast)
  return setmetatable({
    parts = numbering.ranges(1, structure.chapters, longest_part),
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

--- The part that wants its paragraph now that this chapter is done: the one before the part that ends here. Nil for most chapters.
function memory:part_to_close(number)
  local part, place = self:part_of(number)
  if part.last == number and number < self.total then return self.parts[place - 1] end
  return nil
end

--- How many words the paragraph of one old part may have.
function memory:paragraph_words()
  return numbering.clamp(words_for_old_parts // math.max(1, #self.parts - 2), 20, 100)
end

--- How many words of each summary are shown; the same for all chapters of a part.
local function summary_words(self, old_parts)
  return numbering.clamp((words_in_all - old_parts * self:paragraph_words()) // (2 * longest_part), 30, 80)
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
  part.paragraph = text.first_words(paragraph or fallback, self:paragraph_words() + 5)
end

--- What a reader of chapters 1..number-1 remembers; with one more than the last chapter's number, the whole book. The same for
--- every call of a chapter.
function memory:story_so_far(number)
  local _, place = self:part_of(math.min(number, self.total))
  local old, out = math.max(0, place - 2), {}
  for i = 1, old do
    local part = self.parts[i]
    if part.paragraph then out[#out + 1] = string.format("Chapters %d to %d. %s", part.first, part.last, blocks.fit(part.paragraph, 1000)) end
  end
  local first = self.parts[old + 1].first
  for _, summary in ipairs(self:summaries_of(first, number - 1, summary_words(self, old))) do out[#out + 1] = summary end
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
  for n = self.parts[math.max(1, place - 1)].first, number - 1 do from[#from + 1] = numbering.name("summaries", n, self.total, "json") end
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
