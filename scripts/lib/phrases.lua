-- lib/phrases.lua: phrases that come back, in a chapter or from chapter to chapter. Each chapter is taken in once, so that a phrase is seen
-- that stands in every chapter although none has it twice.
--
-- Five words are a phrase when two of them are neither common in this book nor a name; where no blanks stand between words, nine characters are.
-- Counted are hashes, and now and then those are forgotten that come too seldom ever to matter: a book of a hundred chapters takes little more
-- room than one of ten.
--
--   local known = phrases.new()
--   known:take(1, reading)
--   known:worn(12)      -- { { text = "ran a hand through his", chapters = 4, count = 6, last = 9 }, ... }
local phrases = {}
phrases.__index = phrases

local of_words, of_characters = { length = 5, telling = 2 }, { length = 9, telling = 0 }
local letters, common_share = 4, 1 / 900
local every, kept_share = 5, 0.12   -- chapters between two clearings; what came in a smaller share of the chapters since its first, goes
local prime = 1000003
-- An entry: how often, in how many chapters, the first and the last of them.
local TIMES, CHAPTERS, FIRST, LOW = 40, 20, 10, 1023

function phrases.new()
  return setmetatable({ seen = {}, texts = {}, words = {}, names = {}, ids = {}, all = 0, chapters = 0, next_id = 1 }, phrases)
end

-- Words that stand in capitals where no sentence begins.
local function take_names(self, prose)
  local within = false
  for word in string.gmatch(prose, "%S+") do
    local name = within and string.match(word, "^%u[%a\128-\255]+")
    if name then self.names[text.fold(name)] = true end
    within = string.find(word, "[%l,;]$") ~= nil
  end
end

local function take_words(self, words)
  for _, word in ipairs(words) do self.words[word] = (self.words[word] or 0) + 1 end
  self.all = self.all + #words
end

local function tells(self, word)
  return #word >= letters and self.words[word] <= math.max(20, self.all * common_share) and not self.names[word]
end

local function number_of(self, word)
  local id = self.ids[word]
  if not id then
    id, self.next_id = self.next_id, self.next_id + 1
    self.ids[word] = id
  end
  return id
end

local function count(self, key, number, words, from, to, blank)
  local entry, here = self.seen[key], self.chapters
  if not entry then
    self.seen[key] = 1 << TIMES | 1 << CHAPTERS | here << FIRST | here
    return
  end
  entry = entry + (1 << TIMES)
  if entry & LOW ~= here then entry = (entry + (1 << CHAPTERS)) & ~LOW | here end
  self.seen[key] = entry
  local known = self.texts[key]
  if not known then
    known = { text = table.concat(words, blank, from, to) }
    self.texts[key] = known
  end
  known.last = number
end

local function chapters_of(entry) return entry >> CHAPTERS & LOW end

local function forget_rare(self)
  for key, entry in pairs(self.seen) do
    if chapters_of(entry) < (self.chapters - (entry >> FIRST & LOW)) * kept_share then
      self.seen[key], self.texts[key] = nil, nil
    end
  end
end

--- Takes in a chapter; chapters come in order.
function phrases:take(number, read)
  local words, unspaced = read:units()
  local form = unspaced and of_characters or of_words
  self.chapters = self.chapters + 1
  take_names(self, read.prose)
  take_words(self, words)
  local tell, ids, telling = {}, {}, 0
  for i, word in ipairs(words) do
    ids[i], tell[i] = number_of(self, word), tells(self, word) and 1 or 0
    telling = telling + tell[i] - (i > form.length and tell[i - form.length] or 0)
    if i >= form.length and telling >= form.telling then
      local key = 7
      for k = i - form.length + 1, i do key = key * prime + ids[k] end
      count(self, key, number, words, i - form.length + 1, i, unspaced and "" or " ")
    end
  end
  if self.chapters % every == 0 then forget_rare(self) end
end

local function most_first(a, b)
  if a.chapters ~= b.chapters then return a.chapters > b.chapters end
  if a.count ~= b.count then return a.count > b.count end
  return a.text < b.text
end

-- Are two phrases pieces of one longer one?
local function overlap(a, b)
  local words, shared = {}, 0
  for word in string.gmatch(a, "%S+") do words[word] = true end
  for word in string.gmatch(b, "%S+") do shared = shared + (words[word] and 1 or 0) end
  return shared >= 3
end

--- Those of the most chapters, in at least `least` of them (default 1, and twice); of the pieces of a longer phrase one.
function phrases:worn(limit, least)
  local list, out = {}, {}
  for key, known in pairs(self.texts) do
    local entry = self.seen[key]
    if chapters_of(entry) >= (least or 1) then
      list[#list + 1] = { text = known.text, chapters = chapters_of(entry), count = entry >> TIMES, last = known.last }
    end
  end
  table.sort(list, most_first)
  for _, phrase in ipairs(list) do
    local piece = false
    for _, taken in ipairs(out) do piece = piece or overlap(taken.text, phrase.text) end
    if not piece then out[#out + 1] = phrase end
    if #out >= limit then break end
  end
  return out
end

return phrases
