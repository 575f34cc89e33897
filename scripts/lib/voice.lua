-- lib/voice.lua: how the book sounds, as something that a writer can hear. Adjectives do not carry a voice; a page that sounds right,
-- sentences that sound wrong, and lines that the people say do.
--
-- The page comes from the author, where he gave a sample (the input field "style") or pages of his own (--give voice=FILE); else from trial
-- passages that a judge compares in pairs. It stands in voice.md, which every scene is told. At the end of each act the text itself is
-- listened to: what it sounds like by now stands in voice/NN.md (NN: the act's last chapter) and holds from the next chapter on.
--
--   voice.find(book)            before anything is planned          voice.read(book, number)    what chapter `number` is told
--   voice.renew(book, number)   after each chapter of the book
--
-- Whatever a person wrote into one of these documents is told as it stands from then on, but for what its reader may not know yet, and nothing is
-- renewed any more. A later book of a series begins with the voice that the one before ended with.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local facts = require "lib.facts"
local prompts = require "lib.prompts"
local ranking = require "lib.ranking"
local schema = require "lib.schema"

local voice = {}

local page_words, how_words = 160, 90
local least_sample = 50              -- words; a shorter wish about the style is no sample
local most_own_page = 1200           -- words of the author's own pages that writers see; of longer ones they see a passage
local pages_of_act = 2000            -- words of an act that are listened to
local most_unlike, most_lines = 4, 3

local trial = [[
You are the writer. Write a trial page of this book, about %d words, in %s: an ordinary moment early in it, two people who want different
things, some of it in speech. It is not a part of the book and may give nothing of its course away; it is to find out how the book sounds.
%s Keep to the style sheet. Only the prose.]]

-- Different doors lead to different voices.
local doors = {
  "Tell it as plainly as the style sheet allows: let verbs and things do the work.",
  "Tell it as a particular mind would: let what is noticed, and in which order, be somebody's own.",
  "Tell it with the longest breath that the style sheet allows, and break it where it hurts.",
}

local comparison = [[
Two trial pages of the same book:

FIRST
%s

SECOND
%s

Which voice would you follow through the whole book? Weigh, in this order: a sound that is this book's own and keeps to the style sheet;
people who can be told apart by what they say; sentences that nobody would skip. Answer with your reason, then the winner.]]

local take_down = [[
This page shows how the book is to sound:

<<<
%s
>>>
%s
Say in at most %d words what its sentences do, as advice to whoever writes the next page: their length and turns, what is noticed, how
speech is set, what is left unsaid. No praise and no adjectives for the whole.

Then write up to four sentences in the manner that this book must not fall into, each with the sentence that would stand there instead.
Then, for each person of the cast, two or three lines that only this person would say, in ordinary moments that give nothing of the story
away. All in %s.]]

local its_author = "\nIt is by the author: keep to what stands there. Pick also the passage that sounds most like him, by its first words, exactly.\n"

local listen = [[
You take down how the book sounds, for those who write its next chapters. So far they were told:

<<<
%s
>>>

These are pages of chapters %d to %d:

<<<
%s
>>>

Say again in at most %d words what its sentences do where it is at its best, as advice to whoever writes the next page. Copy, exactly, up to
three sentences of these pages that do not sound like it or lean on a habit, each with the sentence that should have stood there. Copy,
exactly, two or three lines of speech of each person of the cast who speaks here. All in %s.]]

local function shape(book, picks)
  local people = {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local unlike = schema.object { { "line", schema.text(300) }, { "instead", schema.text(300) } }
  local speaker = schema.object { { "who", schema.choice(people) }, { "lines", schema.list(schema.text(200), 1, 3) } }
  local parts = { { "how", schema.text(900) }, { "unlike", schema.list(unlike, 0, 4) }, { "speech", schema.list(speaker, 0, #people) } }
  if picks then parts[#parts + 1] = { "passage", schema.note(120, "the first words of the passage, exactly") } end
  return schema.object(parts)
end

---------------------------------------------------------------------------------------------------------- the document

local function speech_text(speech)
  local out = {}
  for _, speaker in ipairs(speech) do out[#out + 1] = "**" .. speaker.who .. "**\n" .. blocks.bullets(speaker.lines) end
  return table.concat(out, "\n\n")
end

--- What was taken down, as a person reads and edits it.
local function document(sound)
  local out = { sound.how }
  if sound.page ~= "" then out[#out + 1] = "## A page that sounds right\n\n" .. sound.page end
  local unlike = {}
  for i, one in ipairs(sound.unlike) do unlike[i] = one.line .. "\n  Rather: " .. one.instead end
  if #unlike > 0 then out[#out + 1] = "## Not like this\n\n" .. blocks.bullets(unlike) end
  if #sound.speech > 0 then out[#out + 1] = "## How its people speak\n\n" .. speech_text(sound.speech) end
  return table.concat(out, "\n\n") .. "\n"
end

--- Each person once, with at most three lines.
local function each_once(speech)
  local out, by_name = {}, {}
  for _, speaker in ipairs(speech) do
    local known = by_name[speaker.who]
    if not known then
      known = { who = speaker.who, lines = {} }
      by_name[speaker.who] = known
      out[#out + 1] = known
    end
    for _, line in ipairs(speaker.lines) do
      if #known.lines < most_lines then known.lines[#known.lines + 1] = line end
    end
  end
  return out
end

local function save(book, name, sound)
  sound.speech = each_once(sound.speech)
  book.sound = sound
  artifact.put(name, document(sound))
end

---------------------------------------------------------------------------------------------------- before the first page

--- The author's own words that show how the book is to sound, and the document they stand in; nil when there are none.
local function own_pages(book)
  if book.given.voice then return book.given.voice.text, book.given.voice.from end
  local style = text.trim(book.input.style or "")
  if text.words(style) >= least_sample then return style, nil end
  return nil
end

--- The paragraphs of the author's pages from the one that holds `first_words`; from their beginning where none does.
local function passage_of(pages, first_words)
  local paragraphs, from = text.paragraphs(pages), 1
  for i, paragraph in ipairs(paragraphs) do
    if facts.quoted(paragraph, first_words) then
      from = i
      break
    end
  end
  local out, words = {}, 0
  for i = from, #paragraphs do
    out[#out + 1], words = paragraphs[i], words + text.words(paragraphs[i])
    if words >= 2 * page_words then break end
  end
  return table.concat(out, "\n\n")
end

local function trials(book)
  local numbers = {}
  for i = 1, math.min(book.input.candidates or 1, #doors) do numbers[i] = i end
  local function key(i) return "voice-" .. i end
  local written = task.map(numbers, function(i)
    local prompt = prompts.bible(book, 1):last("task", string.format(trial, page_words, book.language.name, doors[i]))
    local answer = calls.try_prose(book, { role = "writer", blocks = prompt:list(), max_words = 2 * page_words, key = key(i) })
    return answer and book:prose_of(answer, "trial page " .. i) or ""
  end, { key = key })
  local pages = {}
  for _, page in ipairs(written) do
    if page ~= "" then pages[#pages + 1] = page end
  end
  return pages
end

local function best_trial(book)
  return ranking.of(book, trials(book), function(first, second)
    return prompts.base(book):last("task", string.format(comparison, first, second))
  end)[1]
end

--- Finds out how the book sounds: voice.md. Where a person has written that already, nothing is asked. Waits.
function voice.find(book)
  book:read("voice.md")
  if book.edited["voice.md"] then return end
  local before = book.carried and book.carried.voice
  if before then
    book.sound, book.voice_stays = before.sound, before.by_person
    artifact.put("voice.md", before.text .. "\n")
    return
  end
  local own, from = own_pages(book)
  local page = own or best_trial(book)
  if not page then
    book:issue("voice", "no trial page was written, so the scenes are told how the book sounds by its style sheet alone")
    return
  end
  local prompt = prompts.bible(book, 1):last("task",
    string.format(take_down, page, own and its_author or "", how_words, book.language.name), from)
  local sound, err = calls.try_json(book, { role = "writer", blocks = prompt:list(), max_words = 900, schema = shape(book, own) })
  if not sound then
    book:issue("voice", "how the book sounds was not taken down beyond a page of it: " .. err)
    sound = { how = "Sentences move as they do on this page.", unlike = {}, speech = {} }
  end
  -- A sample in the style sheet is in every prompt already.
  if own and not from then page = "" end
  if from and text.words(own) > most_own_page then page = passage_of(own, sound.passage or "") end
  sound.page, sound.passage = page, nil
  save(book, "voice.md", sound)
end

----------------------------------------------------------------------------------------------------- from the written text

local function known_lines(lines, prose)
  local out = {}
  for _, line in ipairs(lines) do
    if facts.quoted(prose, line) then out[#out + 1] = line end
  end
  return out
end

--- Who was heard in these pages speaks as he does there; the others as before.
local function speech_after(sound, heard, prose)
  local out, placed = {}, {}
  for _, speaker in ipairs(sound.speech) do
    out[#out + 1] = speaker
    placed[speaker.who] = #out
  end
  for _, speaker in ipairs(each_once(heard)) do
    local lines = known_lines(speaker.lines, prose)
    local at = placed[speaker.who] or #out + 1
    if #lines > 0 then
      out[at] = { who = speaker.who, lines = lines }
      placed[speaker.who] = at
    end
  end
  return out
end

local function unlike_after(sound, found, prose)
  local out = {}
  for _, one in ipairs(found) do
    if facts.quoted(prose, one.line) then out[#out + 1] = one end
  end
  for _, one in ipairs(sound.unlike) do
    if #out < most_unlike then out[#out + 1] = one end
  end
  return out
end

--- Pages from the middle of each chapter of an act.
local function pages_from(book, act)
  local share, out = pages_of_act // (act.last - act.first + 1), {}
  for number = act.first, act.last do
    local prose = book.memory:prose_of(number)
    out[#out + 1] = text.last_words(text.first_words(prose, (text.words(prose) + share) // 2), share)
  end
  return table.concat(out, "\n\n")
end

local function listen_to(book, act, told)
  local pages = pages_from(book, act)
  local prompt = prompts.base(book):last("task", string.format(listen, told, act.first, act.last, pages, how_words, book.language.name))
  local heard = calls.try_json(book, { role = "extractor", blocks = prompt:list(), max_words = 700, schema = shape(book) })
  if not heard then return end
  local sound = book.sound or { page = "", unlike = {}, speech = {} }
  save(book, book:name("voice", act.last, "md"), { page = sound.page, how = heard.how, unlike = unlike_after(sound, heard.unlike, pages),
    speech = speech_after(sound, heard.speech, pages) })
end

--- Where an act ends with this chapter and another follows, the next chapters are told how the book sounds by now. Waits.
function voice.renew(book, number)
  if number == book.chapters or book.voice_stays or book.told_voice and book.told_voice.by_person then return end
  for _, act in ipairs(book.structure.acts) do
    if act.last == number then listen_to(book, act, book.told_voice and book.told_voice.text or "the style sheet") end
  end
end

--- What a chapter is told, as it stands now: the newest of the documents before it, but a person's before any of ours. Waits.
function voice.read(book, number)
  local names = {}
  for _, act in ipairs(book.structure.acts) do
    if act.last < number then table.insert(names, 1, book:name("voice", act.last, "md")) end
  end
  names[#names + 1] = "voice.md"
  book.told_voice = nil
  for _, name in ipairs(names) do
    local content = book:read(name)
    local by_person = book.edited[name]
    if content and (by_person or not book.told_voice) then
      book.told_voice = { text = text.trim(content), name = name, by_person = by_person }
      if by_person then return end
    end
  end
end

return voice
