-- lib/reading.lua: prose as checks look at it. What they count is cut out once, when the first of them asks, and shared.
--
--   local read = reading.of("“Stay,” she said.", "en")
--   read:narration()             -- the same, without what people say
--   read:has("she said")         -- whole words, whatever stands between them
local paragraphs = require "lib.paragraphs"

local reading = {}
reading.__index = reading

--- `tag`: of the language ("en", "pt-BR").
function reading.of(prose, tag)
  return setmetatable({ prose = prose, tag = string.match(tag or "", "^%a+") or "", cut = {} }, reading)
end

local function once(self, name, make)
  local value = self.cut[name]
  if value == nil then
    value = make(self)
    self.cut[name] = value
  end
  return value
end

-- In small letters; all but letters, digits and apostrophes is one blank.
local function plain(prose)
  local folded = string.gsub(text.fold(prose), "\226\128\153", "'")
  folded = string.gsub(folded, "\226\128[\128-\191]", " ")  -- “ ” ‘ – — …
  folded = string.gsub(folded, "\194[\160-\191]", " ")      -- « » ¿ and the hard blank
  folded = string.gsub(folded, "\227\128[\128-\159]", " ")  -- 「 」 、 。
  folded = string.gsub(folded, "\239\188[\129-\159]", " ")  -- ！ ， ？
  return " " .. string.gsub(folded, "[^%w'\128-\255]+", " ") .. " "
end
reading.plain_of = plain

function reading:plain() return once(self, "plain", function() return plain(self.prose) end) end

function reading:paragraphs() return once(self, "paragraphs", function() return paragraphs.split(self.prose) end) end

function reading:sentences() return once(self, "sentences", function() return text.sentences(self.prose) end) end

--- Its words, in small letters, in order. In languages without blanks: what stands between marks.
function reading:words()
  return once(self, "words", function()
    local out = {}
    for word in string.gmatch(self:plain(), "%S+") do out[#out + 1] = word end
    return out
  end)
end

local unspaced = { zh = true, ja = true, th = true, lo = true, my = true, km = true, yue = true }

--- What phrases are made of: words, or in a language without blanks characters; and whether it is such a one.
function reading:units()
  if not unspaced[self.tag] then return self:words(), false end
  local out = {}
  for _, code in utf8.codes(self:plain()) do
    if code > 0x7F then out[#out + 1] = utf8.char(code) end
  end
  return out, true
end

function reading:count() return once(self, "count", function() return text.words(self.prose) end) end

------------------------------------------------------------------------------------------------------- who is speaking

local closing = { ["\""] = { "\"" }, ["“"] = { "”" }, ["„"] = { "“", "”" }, ["«"] = { "»" }, ["»"] = { "«" }, ["「"] = { "」" }, ["『"] = { "』" },
  ["‘"] = { "’" } }
local by_dash = { fr = true, es = true, pt = true, it = true, pl = true, ru = true, uk = true, cs = true, tr = true, ro = true, hu = true }

-- ‘ opens speech where a word begins and ’ ends it behind a mark; ’ within words is an apostrophe.
local function closes_single(paragraph, from)
  local at = from
  while true do
    local first, last = string.find(paragraph, "’", at, true)
    if not first then return nil end
    local before, after = string.sub(paragraph, first - 1, first - 1), string.sub(paragraph, last + 1, last + 1)
    if string.find(before, "[%.,!%?]") or (string.sub(paragraph, first - 3, first - 1) == "…") then
      if after == "" or string.find(after, "[%s%.,;:!%?]") then return first, last end
    end
    at = last + 1
  end
end

local function close_of(paragraph, mark, from)
  if mark == "‘" then return closes_single(paragraph, from) end
  local first, last
  for _, close in ipairs(closing[mark]) do
    local f, l = string.find(paragraph, close, from, true)
    if f and (not first or f < first) then first, last = f, l end
  end
  return first, last
end

-- The next mark that opens speech: where it stands, and the mark.
local function opening(paragraph, from)
  local at = from
  while true do
    at = string.find(paragraph, "[\"\194\226\227]", at)
    if not at then return nil end
    for _, length in ipairs { 1, 2, 3 } do
      local mark = string.sub(paragraph, at, at + length - 1)
      local word_begins = mark ~= "‘" or at == 1 or string.find(string.sub(paragraph, at - 1, at - 1), "%s")
      if closing[mark] and word_begins then return at, mark end
    end
    at = at + 1
  end
end

local function divide(paragraph, told, said, dashes)
  if dashes and (string.find(paragraph, "^—") or string.find(paragraph, "^–") or string.find(paragraph, "^%- ")) then
    said[#said + 1] = paragraph
    return
  end
  local at = 1
  while true do
    local open, mark = opening(paragraph, at)
    if not open then break end
    told[#told + 1] = string.sub(paragraph, at, open - 1)
    local close, last = close_of(paragraph, mark, open + #mark)
    said[#said + 1] = string.sub(paragraph, open + #mark, (close or #paragraph + 1) - 1)
    at = (last or #paragraph) + 1
    if not close then break end
  end
  told[#told + 1] = string.sub(paragraph, at)
end

local function divided(self)
  return once(self, "divided", function()
    local told, said = {}, {}
    for _, paragraph in ipairs(self:paragraphs()) do
      divide(paragraph, told, said, by_dash[self.tag])
      told[#told + 1] = "\n\n"
    end
    return { told = table.concat(told), said = table.concat(said, "\n\n") }
  end)
end

--- What is told, without what people say; what people say. Both are readings.
function reading:narration() return once(self, "narration", function() return reading.of(divided(self).told, self.tag) end) end

function reading:speech() return once(self, "speech", function() return reading.of(divided(self).said, self.tag) end) end

------------------------------------------------------------------------------------------------------------ looking for

--- How often these words stand in it; where `phrases` is a list, all of them together, and which was met.
function reading:has(phrases)
  local all, met, within = 0, {}, self:plain()
  for _, phrase in ipairs(type(phrases) == "table" and phrases or { phrases }) do
    local wanted, at = " " .. phrase .. " ", 1
    while true do
      local first, last = string.find(within, wanted, at, true)
      if not first then break end
      all, met[#met + 1], at = all + 1, phrase, last
    end
  end
  return all, met
end

local longest_quote = 24   -- words

--- The first sentence with these words, cut where it is long; "" when there is none.
function reading:sentence_with(phrase)
  for _, sentence in ipairs(self:sentences()) do
    if string.find(plain(sentence), " " .. phrase .. " ", 1, true) then return reading.cut_quote(sentence) end
  end
  return ""
end

--- The beginning of a passage, word for word, so that it can be looked up.
function reading.cut_quote(passage)
  local line = string.match(text.trim(passage), "^[^\n]*")
  local words, at = 0, 1
  while words < longest_quote do
    local _, last = string.find(line, "^%s*%S+", at)
    if not last then return line end
    words, at = words + 1, last + 1
  end
  return text.trim(string.sub(line, 1, at - 1))
end

--- How many a thousand words `count` is; 0 in a text that is too short to say.
function reading:per_1000(count)
  local words = self:count()
  return words >= 200 and count * 1000 / words or 0
end

return reading
