-- lib/paragraphs.lua: where sentences and paragraphs of prose end, as people and models set them apart: by an empty line, by an
-- ideographic indent, or by one line each.
local paragraphs = {}

local sentence_ends = {}
for _, mark in ipairs { ".", "!", "?", "…", "。", "！", "？", "｡", "؟", "۔", "।", "॥", "։", "።", "—", "―", "–" } do sentence_ends[mark] = true end
local closers = {}
for _, mark in ipairs { "\"", "'", ")", "]", "*", "_", "”", "’", "»", "«", "“", "‘", "›", "‹", "」", "』", "）", "】", "》", "〉" } do
  closers[mark] = true
end

local function last_character(s)
  local start = utf8.offset(s, -1)
  return start and string.sub(s, start), start
end

-- Thai, Lao, Burmese and Khmer close sentences with a blank, so that any of their letters may be the last.
local function ends_without_mark(character)
  local code = utf8.codepoint(character)
  return (code >= 0x0E00 and code <= 0x0EFF) or (code >= 0x1000 and code <= 0x109F) or (code >= 0x1780 and code <= 0x17FF)
end

--- Does the text end where a sentence ends?
function paragraphs.complete(prose)
  local rest = text.trim(prose)
  local character, start = last_character(rest)
  while character and closers[character] do
    if sentence_ends[character] then return true end
    rest = text.trim(string.sub(rest, 1, start - 1))
    character, start = last_character(rest)
  end
  return character ~= nil and (sentence_ends[character] or ends_without_mark(character)) or false
end

-- What closes what opens. A German „ is closed by “ or ”; guillemets that point inwards close with the other one.
local pairs_of = { ["“"] = "”", ["„"] = "“", ["«"] = "»", ["»"] = "«", ["‹"] = "›", ["「"] = "」", ["『"] = "』", ["《"] = "》", ["\""] = "\"" }

local function closes(open, character)
  return character == pairs_of[open] or (open == "„" and character == "”")
end

--- The text with the marks that its last paragraph left open, because it was cut in somebody's speech:
--- paragraphs.close_quotes("“Stay.") == "“Stay.”". An opening mark in the paragraph of a speech that goes on below is none of these.
function paragraphs.close_quotes(prose)
  local last = string.match(prose, "[^\n]*$")
  if not utf8.len(last) then return prose end
  local open = {}
  for _, code in utf8.codes(last) do
    local character = utf8.char(code)
    local top = open[#open]
    if top and closes(top.mark, character) then
      open[#open] = nil
    elseif pairs_of[character] and not (top and top.mark == character) then
      open[#open + 1] = { mark = character }
    elseif top and not top.behind then
      top.behind = character
    end
  end
  for i = #open, 1, -1 do
    local blank = open[i].mark == "«" and (open[i].behind == "\u{a0}" or open[i].behind == "\u{202f}" or open[i].behind == " ") and open[i].behind or ""
    prose = prose .. blank .. pairs_of[open[i].mark]
  end
  return prose
end

--- The text up to its last finished sentence, its speech closed; "" when there is none.
function paragraphs.trim_to_sentence(prose)
  local sentences = text.sentences(prose)
  for i = #sentences, 1, -1 do
    if paragraphs.complete(sentences[i]) then
      local at, from = nil, 1
      repeat
        local found, stop = string.find(prose, sentences[i], from, true)
        if found then at, from = stop, stop + 1 end
      until not found
      if at then return paragraphs.close_quotes(text.trim(string.sub(prose, 1, at))) end
    end
  end
  return ""
end

-- Lines that each end as a sentence are paragraphs, although no empty line stands between them; lines that were wrapped at the same
-- width are one.
local function is_one_line_each(lines)
  local wrapped = true
  for i, line in ipairs(lines) do
    if not paragraphs.complete(line) then return false end
    local length = text.length(line)
    if i < #lines and (length < 60 or length > 100) then wrapped = false end
  end
  return #lines > 1 and not wrapped
end

--- The paragraphs of some prose: paragraphs.split("She ran.\nHe sat.") == { "She ran.", "He sat." }
function paragraphs.split(prose)
  local out = {}
  for _, paragraph in ipairs(text.paragraphs(prose)) do
    local lines = text.lines(paragraph)
    if is_one_line_each(lines) then
      for _, line in ipairs(lines) do out[#out + 1] = text.trim(line) end
    else
      out[#out + 1] = paragraph
    end
  end
  return out
end

return paragraphs
