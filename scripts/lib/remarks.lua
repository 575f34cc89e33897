-- lib/remarks.lua: what models say around prose: headings, fences, greetings, offers. Only what is certainly no prose goes: it stands
-- first or last, in a paragraph of its own, and several things speak against it. Whoever calls gets what went, word for word, so that it
-- can be logged and kept. What is only suspected stays where it is; lib/checks.lua puts it before the auditor.
local headings = require "lib.headings"
local paragraphs_of = require "lib.paragraphs"
local talk = require "lib.task_talk"

local remarks = {}

local short, longest = 90, 400 -- characters of a heading, of a greeting or an offer

--- Is the line a scene break, however it is drawn? "* * *", "---", "⁂"
function remarks.is_break(line)
  local bare = string.gsub(line, "%s+", "")
  for _, ornament in ipairs { "⁂", "·", "•", "※", "＊", "＃" } do bare = string.gsub(bare, ornament, "*") end
  return string.match(bare, "^[%*%-_#~]+$") ~= nil and #bare <= 12
end

-- Folded, without the marks of emphasis and the brackets around the whole line.
local function bare(line)
  local folded = string.gsub(text.fold(text.trim(line)), "’", "'")
  return (string.gsub(string.gsub(folded, "^[%s%*_%[%(#>]+", ""), "[%s%*_%]%)#]+$", ""))
end

--------------------------------------------------------------------------------------------------------------- headings

-- "# The Stair", "Chapter 7", "Scene 2: The Stair". "Chapter 7 of the manual was missing." is a sentence, "#1 on the list" is no heading.
local function is_heading(line)
  if string.find(line, "\n") or text.length(line) > short then return false end
  local found = headings.read(line)
  if found and found.unit and (found.marked or found.title == "") then return true end
  if found and found.unit and found.apart then return not headings.ends_as_sentence(found.title) end
  return string.find(line, "^#+%s+%S") ~= nil and not string.find(line, "%.$") and not string.find(line, "。$") and not string.find(line, "…$")
end

----------------------------------------------------------------------------------------------------- greetings and offers

-- "Certainly! Here is the scene:" - it greets, and it names what was ordered. "Here is what the keeper wrote that night:" is prose.
local function is_greeting(paragraph, before_mark)
  if string.find(paragraph, "\n") or text.length(paragraph) > longest then return false end
  return talk.greeting(paragraph, before_mark) == "certain" or talk.refusal_beside(paragraph) == "certain"
end

local function is_offer(paragraph, after_rule)
  if text.length(paragraph) > longest then return false end
  return talk.offer(paragraph, after_rule) == "certain" or talk.refusal_beside(paragraph) == "certain"
end

-- "[End of scene 2]", "(Word count: 612)", "**End of Chapter 3**". "End of story." is something that people say.
local function is_label(paragraph)
  local plain = bare(paragraph)
  if string.find(paragraph, "\n") or text.length(paragraph) > short then return false end
  if string.find(plain, "^word count:?%s*[~%d]") or string.find(plain, "^%d+ words$") then return true end
  local label = string.match(plain, "^end of (.+)$") or string.match(plain, "^end (.+)$")
  local found = label and headings.read(label)
  if found then return found.unit ~= nil and found.title == "" end
  return string.find(paragraph, "^[%*_%[%(]") ~= nil and (label == "scene" or label == "chapter" or label == "of scene")
end

------------------------------------------------------------------------------------------------------------------- around

-- Breaks of the model's own become ends of paragraphs; rules[n]: one stood before paragraph n.
local function cut(prose)
  local lines, rules, paragraphs = {}, {}, {}
  local function close()
    for _, paragraph in ipairs(paragraphs_of.split(table.concat(lines, "\n"))) do paragraphs[#paragraphs + 1] = paragraph end
    lines = {}
  end
  for _, line in ipairs(text.lines(prose)) do
    if remarks.is_break(line) then
      close()
      rules[#paragraphs + 1] = true
    else
      lines[#lines + 1] = line
    end
  end
  close()
  return paragraphs, rules
end

-- The paragraphs between two places, and what is taken off at either end.
local around = {}
around.__index = around

-- Is what comes behind a first paragraph (or behind its first line) a heading or a rule?
function around:mark_follows(rest)
  local line = string.match(rest, "^[^\n]*")
  if line ~= "" then return is_heading(line) end
  local following = self.paragraphs[self.first + 1]
  return self.rules[self.first + 1] == true or (following ~= nil and is_heading(string.match(following, "^[^\n]*")))
end

-- Takes off a paragraph, or its first (last) line, when it is a remark. Returns whether it did.
function around:take_first()
  local paragraph = self.paragraphs[self.first]
  if not paragraph then return false end
  local line, rest = string.match(paragraph, "^([^\n]*)\n(.*)$")
  for _, part in ipairs { { paragraph, "" }, line and { line, rest } } do
    if is_heading(part[1]) or is_greeting(part[1], self:mark_follows(part[2])) then return self:took(self.first, part[1], text.trim(part[2])) end
  end
  return false
end

function around:take_last()
  local paragraph = self.paragraphs[self.last]
  if not paragraph then return false end
  local rest, line = string.match(paragraph, "^(.*)\n([^\n]*)$")
  for _, part in ipairs { { paragraph, "" }, line and { line, rest } } do
    if is_label(part[1]) or is_offer(part[1], self.rules[self.last]) then return self:took(self.last, part[1], text.trim(part[2])) end
  end
  return false
end

-- A fence around all that is left. One without the other is a mark of the text.
function around:take_fence()
  local first, last = self.paragraphs[self.first], self.paragraphs[self.last]
  local head = first and string.match(first, "^```%a*\n") or first and string.match(first, "^```%a*$")
  if not head or not string.find(last, "```$") or (self.first == self.last and #first < 2 * #head) then return false end
  self.paragraphs[self.last] = text.trim(string.sub(last, 1, -4))
  return self:took(self.first, text.trim(head), text.trim(string.sub(self.paragraphs[self.first], #head + 1)))
end

function around:took(place, remark, rest)
  self.taken[#self.taken + 1] = remark
  self.paragraphs[place] = rest
  while self.first <= self.last and self.paragraphs[self.first] == "" do self.first = self.first + 1 end
  while self.last >= self.first and self.paragraphs[self.last] == "" do self.last = self.last - 1 end
  return true
end

--- The prose without what a model put around it, and the list of what went: remarks.strip("# Scene 1\n\nShe ran.") gives
--- "She ran.", { "# Scene 1" }. The order of the prose stays, and so does every other word of it.
function remarks.strip(prose)
  local paragraphs, rules = cut(prose)
  local self = setmetatable({ paragraphs = paragraphs, rules = rules, first = 1, last = #paragraphs, taken = {} }, around)
  repeat until self.first > self.last or not (self:take_first() or self:take_last() or self:take_fence())
  return table.concat(self.paragraphs, "\n\n", self.first, self.last), self.taken
end

--- A first or last paragraph that may be about the task and stays all the same; nil when there is none.
function remarks.suspected(prose)
  local paragraphs = paragraphs_of.split(prose)
  local head, tail = paragraphs[1], paragraphs[#paragraphs]
  if head and text.length(head) <= longest and (talk.greeting(head) or talk.refusal_beside(head)) then return head end
  if tail and text.length(tail) <= longest and (talk.offer(tail) or talk.refusal_beside(tail)) then return tail end
  return nil
end

return remarks
