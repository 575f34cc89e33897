-- lib/task_talk.lua: is a text prose, or does somebody talk about the task? The one place that judges it, in all languages of
-- lib/task_words.lua; lib/refusals.lua asks for whole answers, lib/remarks.lua for what stands before and behind the prose.
--
-- No word decides alone. A sentence is a refusal when a first person denies to do what a writer does, to the task itself; greetings and
-- offers need several signs as well. What speaks for prose counts against it: speech, who speaks, and sentences about something else.
-- A find is "certain" (it may be acted upon) or "possible" (it is told, and nothing is taken away for it).
local words = require "lib.task_words"

local talk = {}

local longest_gap = 90   -- bytes of a ".." in a phrase
local longest_sentence = 320 -- bytes; talk about the task comes in sentences that are shorter
local languages = {}
for code in pairs(words) do languages[#languages + 1] = code end
table.sort(languages)
local unspaced = { zh = true, ja = true, ko = true, ar = true } -- words are found inside others

--------------------------------------------------------------------------------------------------------------- phrases

-- In small letters, without marks, one blank between words and at both ends, so that " can't " is found as a word.
local function plain(said)
  local folded = string.gsub(text.fold(said), "’", "'")
  for _, mark in ipairs { "“", "”", "„", "«", "»", "—", "–", "…", "：", "，", "。", "！", "？", "「", "」", "、", "¿", "¡", "،", "؟", "\u{a0}", "\u{202f}" } do
    folded = string.gsub(folded, mark, " ")
  end
  return " " .. string.gsub(string.gsub(folded, "[%s%.,;:!%?%(%)%[%]\"%*_`#>]+", " "), "^ +", "") .. " "
end

local function compile(phrase, code)
  local parts = { ends = string.sub(phrase, -1) == "$" }
  phrase = string.gsub(phrase, "%$$", "")
  for part in string.gmatch(phrase .. " .. ", "(.-) %.%. ") do
    local stem = string.match(part, "^(.*)~$")
    local core = stem or part
    if unspaced[code] then
      parts[#parts + 1] = text.trim(plain(core))
    else
      parts[#parts + 1] = " " .. text.trim(plain(core)) .. (stem and "" or " ")
    end
  end
  return parts
end

for code, row in pairs(words) do
  for name, list in pairs(row) do
    for i, phrase in ipairs(list) do list[i] = compile(phrase, code) end
    row[name] = list
  end
end

-- Where the phrase stands in the plain sentence: first and last byte, or nil.
local function find(sentence, parts, init)
  local first, at = nil, init or 1
  for i, part in ipairs(parts) do
    local from, to = string.find(sentence, part, at, true)
    if not from or (i > 1 and from - at > longest_gap) then return nil end
    first, at = first or from, to -- the blank that ends a word may begin the next
  end
  if parts.ends and text.trim(string.sub(sentence, at)) ~= "" then return nil end
  return first, at
end

local function any(sentence, list, init)
  for _, parts in ipairs(list) do
    local from, to = find(sentence, parts, init)
    if from then return from, to end
  end
  return nil
end

--------------------------------------------------------------------------------------------------------------- sentences

local speech_marks = { "“", "„", "«", "»", "「", "『", "\"", "—", "–", "- ", "‘", "‚" }

--- Does the text begin as somebody's speech?
function talk.is_speech(said)
  local start = text.trim(said)
  for _, mark in ipairs(speech_marks) do
    if string.sub(start, 1, #mark) == mark then return true end
  end
  return false
end

local function kind_in(sentence, row)
  if any(sentence, row.comply) then return "refusal" end
  if any(sentence, row.cannot) then
    local made = any(sentence, row.make)
    if (made and any(sentence, row.task)) or any(sentence, row.machine) then return "refusal" end
  end
  if any(sentence, row.machine) then return "machine" end
  if any(sentence, row.turn) then return "turn" end
  if any(sentence, row.ground) and (any(sentence, row.task) or any(sentence, row.work)) then return "ground" end
  if any(sentence, row.sorry) and #sentence < 60 then return "sorry" end
  return nil
end

-- What a sentence is, in the language whose words it has: the first of refusal, machine, turn, ground, sorry; "story" for all else.
local rank = { refusal = 1, machine = 2, turn = 3, ground = 4, sorry = 5 }
local function kind_of(sentence)
  if #sentence > longest_sentence then return "story" end
  local best
  for _, code in ipairs(languages) do
    local kind = kind_in(sentence, words[code])
    if kind and (not best or rank[kind] < rank[best]) then best = kind end
  end
  return best or "story"
end

local function says(sentence)
  for _, code in ipairs(languages) do
    if any(sentence, words[code].said) then return true end
  end
  return false
end

-- Sentences, and the rows of a list, which are one each.
local function sentences_of(said)
  local out = {}
  for _, line in ipairs(text.lines(said)) do
    if string.find(line, "^%s*[%-%*•]%s") or string.find(line, "^%s*%d+[%.%)]%s") then
      out[#out + 1] = { text = line, row = true }
    else
      for _, sentence in ipairs(text.sentences(line)) do out[#out + 1] = { text = sentence } end
    end
  end
  return out
end

-- How many sentences of each kind; `first`: of the first that is no apology; `second`: of the one behind it.
local function count(said)
  local found = { refusal = 0, machine = 0, turn = 0, ground = 0, sorry = 0, story = 0, speech = talk.is_speech(said) }
  local refused = false
  for _, sentence in ipairs(sentences_of(said)) do
    local bare = plain(sentence.text)
    local kind = kind_of(bare)
    if sentence.row and refused and kind == "story" then kind = "turn" end
    found[kind] = found[kind] + 1
    refused = refused or kind == "refusal"
    if kind ~= "sorry" and not found.first then
      found.first = kind
    elseif kind ~= "sorry" and not found.second then
      found.second = kind
    end
    if says(bare) then found.speech = true end
  end
  return found
end

--------------------------------------------------------------------------------------------------------------- judgements

--- Is the text somebody's refusal to do the task? "certain", "possible", or nil for prose.
function talk.refusal(said)
  local found = count(said)
  if found.refusal == 0 or found.speech then return nil end
  if found.first ~= "refusal" and found.second ~= "refusal" and found.first ~= "machine" then return nil end
  local task = found.refusal + found.machine + found.turn + found.ground
  if found.story == 0 or (found.story == 1 and task >= 3) then return "certain" end
  return found.story <= 2 and "possible" or nil
end

--- The same of a paragraph that stands beside prose. A narrator may refuse to write a scene; only what also gives the reasons or the
--- choices of a program is certain.
function talk.refusal_beside(paragraph)
  local found = count(paragraph)
  if found.refusal == 0 or found.speech then return nil end
  local more = found.machine + found.turn + found.ground
  return found.story == 0 and found.refusal + more >= 2 and more >= 1 and "certain" or "possible"
end

-- The last of the work's nouns that stands near `init`: where it begins, and where the text behind it does.
local function noun_of(sentence, row, init, plain_script)
  local from, behind
  for _, parts in ipairs(row.work) do
    local first, last = find(sentence, parts, init)
    if first and first - init <= 40 and (not behind or last > behind) then from, behind = first, last + (plain_script and 1 or 0) end
  end
  return from, behind
end

local function greeting_in(sentence, code, colon, next_is_mark, accepted)
  local row = words[code]
  local from, to = any(sentence, row.here)
  if not from or from > 40 then return 0 end
  local noun_from, behind = noun_of(sentence, row, to, unspaced[code])
  if not noun_from then return 0 end
  local rest = text.trim(string.sub(sentence, behind))
  local number = string.find(rest, "^%d+$") or string.find(rest, "^%d+ ") or string.find(string.sub(sentence, to, noun_from), "%d") ~= nil
  local ordered = any(sentence, row.ordered, to)
  if rest ~= "" and not number and not ordered then return 0 end -- "Here is the chapter of his life that he hid."
  return 1 + (accepted or 0) + (colon and 1 or 0) + (ordered and 1 or 0) + (number and 1 or 0) + (next_is_mark and 1 or 0)
end

-- How the paragraph agrees to a task: 1 for "Certainly!" or "Certainly," before more, half for "Sure.", which people say as well.
local function accepts(paragraph, bare, row)
  local from, to = any(bare, row.accept)
  if not from or from > 1 + #string.match(bare, "^ *") then return 0 end
  local word = string.sub(bare, from, to)
  local behind = string.match(text.fold(paragraph), "^[%s%*_]*[^%.,!:，！。：、]+([%.,!:，！、]?)") or ""
  return #word < 40 and (behind == "." and 0.5 or behind ~= "" and 1 or 0.5) or 0
end

--- Does the paragraph, the first of an answer, hand over what was ordered? `next_is_mark`: a heading or a rule stands behind it.
function talk.greeting(paragraph, next_is_mark)
  if talk.is_speech(paragraph) then return nil end
  local bare = plain(paragraph)
  local colon = string.find(paragraph, "[:：][%s%*_]*$") ~= nil or string.find(paragraph, "：[%s%*_]*$") ~= nil
  local best = 0
  for _, code in ipairs(languages) do
    best = math.max(best, greeting_in(bare, code, colon, next_is_mark, accepts(paragraph, bare, words[code])))
  end
  return best >= 2 and "certain" or best >= 1 and "possible" or nil
end

--- Is the paragraph, the last of an answer, an offer to go on or to change it? `after_rule`: a rule stands before it.
function talk.offer(paragraph, after_rule)
  if talk.is_speech(paragraph) then return nil end
  local bare = plain(paragraph)
  if says(bare) then return nil end
  local best = 0
  for _, code in ipairs(languages) do
    local row = words[code]
    local strong = any(bare, row.offer)
    local weak = not strong and any(bare, row.ask)
    if (strong or weak) and (strong or weak) < 60 then
      local signs = (strong and 2 or 1) + (any(bare, row.act) and 1 or 0) + (any(bare, row.part) and 1 or 0) + (after_rule and 1 or 0)
      best = math.max(best, signs)
    end
  end
  return best >= 4 and "certain" or best >= 2 and "possible" or nil
end

return talk
