-- lib/style.lua: habits of a whole book, counted in code. A reader of one chapter cannot see that every chapter begins alike;
-- a count can. What is used up is told to the writer, what is left at the end is listed and in part repaired.
local edges = require "lib.edges"
local phrases = require "lib.phrases"
local reading = require "lib.reading"

local style = {}
style.__index = style

local opening_words = 3

--- `tag`: of the book's language.
function style.new(tag)
  return setmetatable({ phrases = phrases.new(), tag = tag, openings = {}, endings = {} }, style)
end

--- Takes in a chapter's prose (without its title).
function style:take(number, prose)
  self.phrases:take(number, reading.of(prose, self.tag))
  local paragraphs = text.paragraphs(prose)
  self.openings[#self.openings + 1] = { number = number, text = edges.of(paragraphs[1] or "", opening_words) or "" }
  self.endings[#self.endings + 1] = { number = number, text = text.first_words(paragraphs[#paragraphs] or "", 20) }
end

--- The most worn phrases: { {text=, count=, chapters=, last=}, ... }
function style:worn(limit)
  return self.phrases:worn(limit)
end

--- Openings that several chapters share: { {text=, chapters={1,4}}, ... }
function style:shared_openings()
  return edges.shared(self.openings, opening_words)
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
