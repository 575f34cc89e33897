-- lib/style.lua: habits of a whole book, counted in code. A reader of one chapter cannot see that every chapter begins alike;
-- a count can. What is used up is told to the writer, what is left at the end is listed and in part repaired.
local style = {}
style.__index = style

local phrase_length = 5
local opening_words = 3

function style.new()
  return setmetatable({ phrases = {}, order = {}, openings = {}, endings = {} }, style)
end

local function edge(sentence, from_end)
  local words = text.fold(from_end and text.last_words(sentence, opening_words) or text.first_words(sentence, opening_words))
  return text.trim(string.gsub(string.gsub(words, "%p+", ""), "…", ""))
end

local function edges(prose)
  local paragraphs = text.paragraphs(prose)
  if #paragraphs == 0 then return "", "" end
  return edge(paragraphs[1], false), text.first_words(paragraphs[#paragraphs], 20)
end

local function remember_phrases(self, number, prose)
  for _, phrase in ipairs(text.repeated(prose, phrase_length, 2)) do
    local known = self.phrases[phrase.text]
    if not known then
      known = { text = phrase.text, count = 0, chapters = 0, first = number }
      self.phrases[phrase.text] = known
      self.order[#self.order + 1] = known
    end
    known.count = known.count + phrase.count
    known.chapters = known.chapters + 1
  end
end

--- Takes in a chapter's prose (without its title).
function style:take(number, prose)
  remember_phrases(self, number, prose)
  local opening, ending = edges(prose)
  self.openings[#self.openings + 1] = { number = number, text = opening }
  self.endings[#self.endings + 1] = { number = number, text = ending }
end

local function by_count(a, b)
  return a.count > b.count
end

--- The most worn phrases: { {text=, count=, chapters=}, ... }
function style:worn(limit)
  local list, out = {}, {}
  for _, phrase in ipairs(self.order) do list[#list + 1] = phrase end
  table.sort(list, by_count)
  for i = 1, math.min(limit, #list) do out[i] = list[i] end
  return out
end

--- Openings that several chapters share: { {text=, chapters={1,4}}, ... }
function style:shared_openings()
  local groups, out = {}, {}
  for _, opening in ipairs(self.openings) do
    local group = groups[opening.text]
    if not group then
      group = { text = opening.text, chapters = {} }
      groups[opening.text] = group
      out[#out + 1] = group
    end
    group.chapters[#group.chapters + 1] = opening.number
  end
  local shared = {}
  for _, group in ipairs(out) do
    if #group.chapters > 1 and group.text ~= "" then shared[#shared + 1] = group end
  end
  return shared
end

--- What the writer should leave alone now: worn phrases and the last chapters' openings and endings, in at most `limit` lines.
function style:used_up(limit)
  local out = {}
  for _, phrase in ipairs(self:worn(limit - 6)) do out[#out + 1] = "the phrase \"" .. text.first_words(phrase.text, 12) .. "\"" end
  for i = math.max(1, #self.openings - 2), #self.openings do
    out[#out + 1] = "a chapter that opens with \"" .. self.openings[i].text .. "\""
    out[#out + 1] = "a chapter that ends like \"" .. self.endings[i].text .. "\""
  end
  return out
end

return style
