-- lib/musts.lua: what the author fixed. The brief is read once, before anything else is asked: each fixed point with the words of the
-- brief that fix it, and the places where the brief contradicts itself, which a person is asked about. The points are a document of the
-- book, to be edited; writers see those that hold in their chapter, and at the end of each act the text is held against them.
--
--   musts.json = { musts = { {id, text, quote, first, last, secret, ban}, ... }, left_out = {texts without words of the brief} }
--
-- A point holds in the chapters first..last. A secret one is told to nobody who writes a chapter before its first.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local facts = require "lib.facts"
local fields = require "lib.fields"
local numbering = require "lib.numbering"
local schema = require "lib.schema"
local secrets = require "lib.secrets"

local musts = {}

local short_brief = 6000   -- characters; a longer one is told to writers by its points
local chapters_a_check = 5

local read_brief = [[
Read the author's brief above as you would a contract. List each point that it fixes: people and what is true of them, places, facts,
events, what may not happen, the ending, the manner of telling. One point an entry, in a sentence of your own, with the exact words of
the brief that fix it. Leave out what it only suggests. The book has %d chapters: say from which to which the point holds. It is
secret only if the brief wants it hidden from the reader at first; then its first chapter is the one that may reveal it.

Then list where the brief contradicts itself, so that no book could do both: the exact words of either place, and what clashes.
Usually there is no such place. Texts in %s.]]

local check_chapters = [[
Chapters %d to %d of the book:

<<<
%s
>>>

These points were fixed by the author, each for some chapters:
%s

Say of each what these chapters do: "kept" if they show it, "broken" if they tell otherwise, "open" if they do not touch it. For kept and
broken give a few exact words of the chapter; for broken say also what is wrong. A point that is only not mentioned is open.]]

local function shape(chapters)
  local must = schema.object {
    { "text", schema.text(400, "the point, in a sentence") },
    { "quote", schema.text(400, "the exact words of the brief that fix it") },
    { "first", schema.integer(1, chapters, "the first chapter in which it holds") },
    { "last", schema.integer(1, chapters, "the last one") },
    { "secret", schema.flag("true if the reader must not know it before its first chapter") },
    { "ban", schema.flag("true if it says what may not happen") } }
  local contradiction = schema.object {
    { "one", schema.text(400, "exact words of the brief") }, { "other", schema.text(400, "the exact words that clash with them") },
    { "problem", schema.text(300) } }
  return schema.object {
    { "musts", schema.list(must, 0, 80) },
    { "contradictions", schema.list(contradiction, 0, 8) } }
end

------------------------------------------------------------------------------------------------------ reading the brief

local function read(book, prompt, key)
  local asked = prompt:last("task", string.format(read_brief, book.chapters, book.language.name))
  return calls.try_json(book, { role = "extractor", blocks = asked:list(), max_words = 1600, schema = shape(book.chapters), key = key })
end

--- The points whose words are in the brief, and the texts of the others.
local function believed(answer, brief)
  local kept, left_out = json.array {}, json.array {}
  for _, must in ipairs(answer.musts) do
    if facts.quoted(brief, must.quote) then
      must.id = "M" .. #kept + 1
      if must.last < must.first then must.first, must.last = must.last, must.first end
      kept[#kept + 1] = must
    else
      left_out[#left_out + 1] = must.text
    end
  end
  return kept, left_out
end

local function real_contradictions(answer, brief)
  local out = json.array {}
  for _, found in ipairs(answer.contradictions) do
    if facts.quoted(brief, found.one) and facts.quoted(brief, found.other) and text.fold(found.one) ~= text.fold(found.other) then
      out[#out + 1] = found
    end
  end
  return out
end

--- A person says what holds. Returns whether the brief has changed.
local function ask_person(book, contradictions)
  local answer = gate.ask { title = string.format("The brief contradicts itself in %s. Change it, or go on as it is?",
    numbering.count(#contradictions, "place")), choices = { "go on", "stop" },
    show = { brief = book.input.brief, contradictions = contradictions } }
  if answer.choice == "stop" then
    error({ kind = "invalid", rejected = { answer.seq }, message = "the brief contradicts itself: " .. contradictions[1].problem,
      hint = "change the brief and start again, or retry this run and answer its question" })
  end
  local edited = type(answer.edits) == "table" and answer.edits.brief or answer.edits
  if type(edited) ~= "string" or text.trim(edited) == "" or edited == book.input.brief then return false end
  book.input.brief = edited
  artifact.put("brief.json", book:wanted())
  return true
end

--- Takes down the fixed points of the brief: musts.json and book.musts. `prompts_brief(book)` gives a prompt that ends with the brief. Waits.
function musts.find(book, prompts_brief)
  local answer, err = read(book, prompts_brief(book))
  local contradictions = answer and real_contradictions(answer, book.input.brief) or {}
  if #contradictions > 0 and ask_person(book, contradictions) then answer, err = read(book, prompts_brief(book), "changed brief") end
  if not answer then
    book:issue("brief", "its fixed points were not taken down, so nothing checks the book against them: " .. err)
    answer = { musts = {} }
  end
  local kept, left_out = believed(answer, book.input.brief)
  for _, said in ipairs(left_out) do log.info("not a point of the brief, its words are not in it: %s", said) end
  book.musts = book:save("musts.json", { musts = kept, left_out = left_out })
  log.info("The brief fixes %s: musts.json", numbering.count(#kept, "point"))
end

--- The points as they stand now, edited or not. Waits.
function musts.read(book)
  book.musts = book:read("musts.json") or book.musts
end

--------------------------------------------------------------------------------------------------------- in the prompts

-- A list that a person may have edited: what is missing holds for the whole book.
local function list(book)
  local out, points = {}, fields.entries(book.musts and book.musts.musts, "text")
  local ids = fields.ids(points, "M")
  for i, point in ipairs(points) do
    local must = {}
    for field, value in pairs(point) do must[field] = value end
    must.text, must.quote = fields.text_of(point.text), fields.text_of(point.quote)
    must.secret, must.ban = fields.flag_of(point.secret), fields.flag_of(point.ban)
    out[i] = { id = ids[i], first = fields.number_of(point.first) or 1, last = fields.number_of(point.last) or book.chapters, must = must }
  end
  return out
end

local function of_whole_book(entry, book)
  return entry.first <= 1 and entry.last >= book.chapters
end

local function sentence(entry)
  local must = entry.must
  local quote = must.quote and must.quote ~= "" and must.quote ~= must.text and string.format(" (\"%s\")", must.quote) or ""
  return (must.text or "") .. quote .. fields.tail(must, { "id", "text", "quote", "first", "last", "secret", "ban" })
end

local function placed(entry, book)
  local where = of_whole_book(entry, book) and "" or entry.first == entry.last and string.format("Chapter %d: ", entry.first)
    or string.format("Chapters %d to %d: ", entry.first, entry.last)
  return where .. sentence(entry)
end

--- All points, for those who plan.
function musts.text(book)
  local out = {}
  for i, entry in ipairs(list(book)) do out[i] = placed(entry, book) .. (entry.must.secret and " Secret until then." or "") end
  if #out == 0 then return "" end
  return "# What the author fixed\n\nThe book keeps each of these, whatever else is planned:\n" .. blocks.bullets(out)
end

local function whole_brief_is_told(book)
  local entries = list(book)
  if #entries == 0 then return true end
  for _, entry in ipairs(entries) do
    if entry.must.secret and entry.first > 1 then return false end
  end
  return text.length(book.input.brief) <= short_brief
end

--- What those who write are told of the brief: all of it where it is short and keeps no secret (or nothing was taken down), else the
--- points that hold for the whole book.
function musts.brief_for_writers(book)
  if whole_brief_is_told(book) then return "# The author's brief\n\n" .. book.input.brief end
  local out = {}
  for _, entry in ipairs(list(book)) do
    if of_whole_book(entry, book) then out[#out + 1] = sentence(entry) end
  end
  return #out > 0 and "# What the author fixed\n\n" .. blocks.bullets(out) or ""
end

--- The points that hold in this chapter and not in the whole book; "" when there are none.
function musts.of_chapter(book, number)
  local out = {}
  for _, entry in ipairs(list(book)) do
    if not of_whole_book(entry, book) and number >= entry.first and number <= entry.last then out[#out + 1] = sentence(entry) end
  end
  return #out > 0 and "# What the author fixed for this chapter\n\n" .. blocks.bullets(out) or ""
end

------------------------------------------------------------------------------------------------------------- the checks

local function verdict_shape(entries)
  local points = {}
  for i, entry in ipairs(entries) do
    points[i] = { entry.id, schema.object {
      { "verdict", schema.choice { "kept", "broken", "open" } }, { "quote", schema.note(300, "exact words of the chapter") },
      { "problem", schema.note(300, "what is wrong, if it is broken") } } }
  end
  return schema.object { { "points", schema.object(points) } }
end

--- What these chapters may be held against: the author's points, and what the reader may not know yet.
local function entries_for(book, range)
  local out = {}
  for _, all in ipairs { list(book), secrets.bans(book) } do
    for _, entry in ipairs(all) do
      if entry.first <= range.last and entry.last >= range.first then out[#out + 1] = entry end
    end
  end
  return out
end

-- Only what stands in the text counts: a "kept" or "broken" without its words is taken for "open".
local function chapter_with(quote, range, prose_of)
  for number = range.first, range.last do
    if facts.quoted(prose_of(number), quote) then return number end
  end
  return nil
end

--- Asks the judge. Returns the points' verdicts with their chapter, { {entry=, chapter=, verdict=, quote=, problem=}, ... }; nil and why.
local function judged(book, how, entries, range, prose_of)
  local told, listed, out = {}, {}, {}
  for i, entry in ipairs(entries) do listed[i] = entry.id .. ". " .. placed(entry, book) end
  for number = range.first, range.last do told[#told + 1] = string.format("Chapter %d\n\n%s", number, prose_of(number)) end
  local asked = how.prompt:copy():last("task", string.format(check_chapters, range.first, range.last, table.concat(told, "\n\n"),
    table.concat(listed, "\n")))
  local answer, err = calls.try_json(book, { role = "judge", blocks = asked:list(), max_words = 200 + 50 * #entries,
    schema = verdict_shape(entries) })
  if not answer then return nil, err end
  for _, entry in ipairs(entries) do
    local point = answer.points[entry.id]
    local chapter = point.verdict ~= "open" and chapter_with(point.quote, range, prose_of)
    if chapter then
      out[#out + 1] = { entry = entry, chapter = chapter, verdict = point.verdict, quote = point.quote, problem = point.problem }
    end
  end
  return out
end

local function broken_in(verdicts, chapter)
  local out, entries = {}, {}
  for _, found in ipairs(verdicts) do
    if found.verdict == "broken" and found.chapter == chapter then
      out[#out + 1] = found
      entries[#entries + 1] = found.entry
    end
  end
  return out, entries
end

--- A fault as the writer is told it, with the point that it breaks.
local function as_fault(found)
  local problem = found.entry.secret and "The reader may not know this yet; leave out what gives it away."
    or string.format("The author fixed otherwise: %s. %s", sentence(found.entry), found.problem or "")
  return { quote = found.quote, problem = text.trim(problem) }
end

local function report(found)
  local against = found.entry.secret and string.format("tells what the reader may not know yet (%s: %s)", found.entry.secret, found.entry.must.text)
    or string.format("against what the author fixed (%s: %s)", found.entry.id, sentence(found.entry))
  return string.format("%s: \"%s\" %s", against, found.quote, found.problem or "")
end

--- One chapter's broken points: its scenes are written again, and the judge is asked about these points once more. Returns the reports of what
--- stays broken.
local function mended(book, how, chapter, broken, entries)
  local faults, out = {}, {}
  for i, found in ipairs(broken) do faults[i] = as_fault(found) end
  local prose = how.mend(chapter, faults)
  local again = prose and judged(book, how, entries, { first = chapter, last = chapter }, function() return prose end)
  local still = again and broken_in(again, chapter) or broken
  local stays = {}
  for i, found in ipairs(still) do out[i], stays[found.entry] = report(found), true end
  for _, found in ipairs(broken) do
    if not stays[found.entry] then
      found.verdict = "mended"
      log.info("chapter %d was mended; it said %s", chapter, report(found))
    end
  end
  return out
end

--- Holds the chapters of a range, whose texts prose_of(number) gives, against the author's points and mends what is broken, once.
--- how = { prompt = what the judge is told first, mend = function(chapter, faults) -> the chapter's new prose, or nil }. Returns the reports of
--- what stays broken, { {chapter=, problem=}, ... }, and all verdicts; nil and why when no judge answered. Waits.
function musts.hold(book, how, range, prose_of)
  local entries = entries_for(book, range)
  if #entries == 0 then return {}, {} end
  local verdicts, err = judged(book, how, entries, range, prose_of)
  if not verdicts then return nil, err end
  local out = {}
  for chapter = range.first, range.last do
    local broken, points = broken_in(verdicts, chapter)
    if #broken > 0 then
      for _, problem in ipairs(mended(book, how, chapter, broken, points)) do out[#out + 1] = { chapter = chapter, problem = problem } end
    end
  end
  return out, verdicts
end

local function check_range(book, how, range)
  local stays, verdicts = musts.hold(book, how, range, function(number) return book.memory:prose_of(number) end)
  if not stays then
    book.musts_unchecked = true
    return book:issue(string.format("chapters %d to %d", range.first, range.last), "not held against what the author fixed: " .. verdicts)
  end
  for _, one in ipairs(stays) do book:issue("chapter " .. one.chapter, one.problem) end
  for _, found in ipairs(verdicts) do
    local id = found.entry.id
    if found.verdict == "broken" or not book.musts_seen[id] then
      book.musts_seen[id] = { verdict = found.verdict, chapter = found.chapter, quote = found.quote, problem = found.problem }
    end
  end
end

--- What no chapter has shown. A ban is kept by silence.
local function report_unserved(book)
  for _, entry in ipairs(list(book)) do
    if not entry.must.ban and not book.musts_seen[entry.id] then
      book:issue("book", string.format("nothing was found that keeps what the author fixed (%s): %s", entry.id, sentence(entry)))
    end
  end
end

--- Holds the act that ends with this chapter against the author's points, mends what is broken, and at the end of the book tells what was never
--- kept. `how` as for musts.hold. Waits.
function musts.check_after(book, number, how)
  if #list(book) + #secrets.bans(book) == 0 then return end
  for _, act in ipairs(book.structure.acts) do
    if act.last == number then
      for _, range in ipairs(numbering.ranges(act.first, act.last, chapters_a_check)) do check_range(book, how, range) end
      if number == book.chapters and not book.musts_unchecked then report_unserved(book) end
      artifact.put("checks/musts.json", book.musts_seen)
    end
  end
end

return musts
