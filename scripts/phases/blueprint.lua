-- phases/blueprint.lua: what the book is. Several ideas as plain prose, compared two by two by a judge; the best one is then put
-- into fields by a second, cheap call, because inventing inside a form makes for duller inventions.
--
-- Reads: the brief, given/blueprint (an outline of the author's own: it stays word for word, gaps are filled).
-- Leaves: brief.json (what was asked for), musts.json (lib/musts.lua), blueprint.json, blueprint.md, voice.md (lib/voice.lua),
-- conflicts/blueprint.json, and book.blueprint, book.musts.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local given = require "lib.given"
local musts = require "lib.musts"
local names = require "lib.names"
local numbering = require "lib.numbering"
local prompts = require "lib.prompts"
local ranking = require "lib.ranking"
local schema = require "lib.schema"
local series = require "lib.series"
local voice = require "lib.voice"

local blueprint = {}

local most_words = 900

-- Where each candidate begins to think. Different doors lead to different books.
local doors = {
  "Begin with the person who has most to lose, and with what this person wrongly believes about it.",
  "Begin with the place and its trade: what can only happen there? Let the people grow out of it.",
  "Begin with the last chapter: what has been lost for good, and was it worth it? Work back from there.",
  "Begin with two people who are both right and cannot both have it.",
  "Begin with something that everybody in the story knows and nobody says.",
  "Begin with the form: an unusual order of time or an unusual teller that this story needs and another would not.",
}

local ideation = [[
Invent a blueprint for this book, as you would explain it to an editor whom you respect: in plain prose, without headings or lists.

%s

Say who the book is about, what they want and what stands in the way; what question the book asks without answering it aloud; how
it moves from its first page to its last; how it ends and what is lost for good. Give every person a name of the right place and
time, no two of them alike in sound or initial. Set a second line of events against the first. Leave one thing unexplained.

First note to yourself, silently, the three ideas that anyone would have on reading this brief, and use none of them. No twist for
its own sake, no prophecy, no chosen one, no everything-was-a-dream, unless the brief asks for it. At most %d words.]]

local fill_gaps = [[
The author has an outline, given above. Explain in plain prose what this book needs besides it: people who are not named yet, what
each person wants and what hurts, how the world works, how it sounds, how it ends. Where the outline already says something, take
it over in its own words. Do not improve on it, do not contradict it. At most %d words.]]

local comparison = [[
Two blueprints for the same book:

FIRST
%s

SECOND
%s

Which would make the better book for this brief? Weigh, in this order: people whose wants collide; a chain of cause and effect
that can carry the whole length; a loss that cannot be undone; freshness (the less it resembles what anyone would write, the
better); a question that stays open. Length and polish of the text count nothing. Answer with your reason, then the winner.]]

local to_fields = [[
Put this blueprint into the fields of the form. Take over what it says; where a field is not covered, add what fits it best.

<<<
%s
>>>

Keep every name exactly as it is written. The cast holds everyone who matters to more than one chapter: for a voice, say how the
person speaks, in terms of sentence length, habits and evasions, not of character. The style sheet tells another writer how this
book sounds; under "avoid" stand the mannerisms this kind of book tends to fall into. Offer titles that could not stand on another book.]]

local person = schema.object {
  { "name", schema.text(80) },
  { "role", schema.text(160, "who this is, and to whom, in a few words") },
  { "aliases", schema.list(schema.text(60), 0, 4, "what else the book calls this person: first name, title and surname, pet name") },
  { "looks", schema.note(200, "age, and what one sees first") },
  { "weight", schema.choice({ "main", "supporting" }) },
  { "want", schema.text(300) },
  { "wound", schema.text(300, "what hurts and misleads this person") },
  { "voice", schema.text(300) },
}

local shape = schema.object {
  { "title", schema.text(120) },
  { "titles", schema.list(schema.text(120), 1, 6, "other titles that were considered") },
  { "premise", schema.text(900) },
  { "theme_question", schema.text(300, "the question the book asks, as a question") },
  { "ending", schema.text(600) },
  { "world", schema.object {
    { "place", schema.text(400) }, { "time", schema.text(200) },
    { "rules", schema.text(800, "what is possible and what is not, what things cost, who has power") },
    { "texture", schema.text(600, "trades, food, noises, weather: what one would notice there") } } },
  { "cast", schema.list(person, 2, 14) },
  { "style", schema.object {
    { "viewpoint", schema.text(200) }, { "tense", schema.text(100) }, { "register", schema.text(300) },
    { "rhythm", schema.text(300) }, { "imagery", schema.text(300) }, { "dialogue", schema.text(300) },
    { "avoid", schema.text(500) } } },
}

-- What the author said when he turned earlier blueprints down.
local function with_notes(task_text, notes)
  if #notes == 0 then return task_text end
  return task_text .. "\n\nThe author has read earlier blueprints and turned them down. This one has to be another one, and:\n" .. blocks.bullets(notes)
end

--- Plain ideas, all at the same time; each has its own key, so that equal requests count as different. `round`: 1, and one more each
--- time that the author wants others.
local function invent(book, round, notes)
  local numbers = {}
  for i = 1, book.input.candidates or 1 do numbers[i] = i end
  local function key(i) return (round > 1 and "round-" .. round .. "-" or "") .. "candidate-" .. i end
  return task.map(numbers, function(i)
    local door = doors[(i + (round - 1) * #numbers - 1) % #doors + 1]
    local prompt = prompts.brief(book):last("task", with_notes(string.format(ideation, door, most_words), notes))
    return calls.whole(book, { role = "planner", blocks = prompt:list(), max_words = most_words, key = key(i) })
  end, { key = key })
end

--- The ideas, the best one first.
local function rank(book, ideas)
  if #ideas < 2 or not book:optional("the comparison of the blueprints") then return ideas end
  return ranking.of(book, ideas, function(first, second) return prompts.brief(book):last("task", string.format(comparison, first, second)) end)
end

local function drop_doubled_names(cast)
  local seen, kept = {}, json.array {}
  for _, entry in ipairs(cast) do
    local folded = text.fold(text.trim(entry.name))
    if not seen[folded] then
      seen[folded] = true
      kept[#kept + 1] = entry
    end
  end
  return kept
end

local function copied(value) return json.decode(json.encode(value)) end

-- The author's fields with his people called as the cast calls them: "Ida" is Ida Brandt of the book before.
local function as_called(value, cast)
  local out = copied(value)
  for _, entry in ipairs(type(out.cast) == "table" and out.cast or {}) do
    if type(entry) == "table" and type(entry.name) == "string" then entry.name = names.of_cast(entry.name, cast) end
  end
  return out
end

--- Lays over the fields what the series knows, and over that what the author fixed: he may change his own people and style.
local function with_series(fields, carried, value)
  series.same_people(fields.cast, carried)
  if type(carried.style) == "table" then given.overlay(fields.style, carried.style) end
  if value then given.overlay(fields, as_called(value, fields.cast)) end
end

--- From prose to fields, with what the author fixed laid over it.
local function into_fields(book, idea)
  local prompt = prompts.brief(book)
  local author = book.given.blueprint
  if author then prompt:stable("author", given.rule(author, "outline"), author.from) end
  prompt:last("task", string.format(to_fields, idea))
  local fields = calls.json(book, { role = "extractor", blocks = prompt:list(), max_words = 1800, schema = shape })
  if author and author.value then schema.fill(given.overlay(fields, copied(author.value)), shape) end
  fields.cast = drop_doubled_names(fields.cast)
  if book.carried then with_series(fields, book.carried, author and author.value) end
  if text.trim(book.input.title or "") ~= "" then fields.title = text.trim(book.input.title) end
  return fields
end

local function readable(fields, author)
  local out = { "# " .. fields.title, fields.premise, "**The question:** " .. fields.theme_question, "**The end:** " .. fields.ending,
    "## World", fields.world.place, fields.world.time, fields.world.rules, fields.world.texture, "## Cast" }
  for _, entry in ipairs(fields.cast) do
    out[#out + 1] = string.format("**%s** (%s). %s\n\nLooks: %s\n\nWound: %s\n\nVoice: %s", entry.name, entry.role, entry.want, entry.looks, entry.wound,
      entry.voice)
  end
  out[#out + 1] = "## Style"
  for _, key in ipairs { "viewpoint", "tense", "register", "rhythm", "imagery", "dialogue", "avoid" } do
    if fields.style[key] then out[#out + 1] = "*" .. key .. ":* " .. tostring(fields.style[key]) end
  end
  out[#out + 1] = "## Other titles\n\n" .. blocks.bullets(fields.titles)
  if author then out[#out + 1] = "## The author's outline, word for word\n\n" .. author.text end
  return table.concat(out, "\n\n") .. "\n"
end

--- A table or text that a person left instead of ours. Text is put into fields as an outline of the author's own.
local function with_edits(book, fields, edits)
  if type(edits) == "table" then return edits end
  if type(edits) == "string" and text.trim(edits) ~= "" then
    book.given.blueprint = { text = edits, from = { "given/blueprint" } }
    return into_fields(book, edits)
  end
  return fields
end

local function ideas_for(book, round, notes)
  local author = book.given.blueprint
  if not author then return rank(book, invent(book, round, notes)) end
  local prompt = prompts.brief(book):stable("author", given.rule(author, "outline"), author.from)
    :last("task", with_notes(string.format(fill_gaps, most_words), notes))
  return { calls.whole(book, { role = "planner", blocks = prompt:list(), max_words = most_words, key = round > 1 and "round-" .. round or nil }) }
end

local function take_note(notes, answer)
  if type(answer.edits) == "string" and text.trim(answer.edits) ~= "" then notes[#notes + 1] = text.trim(answer.edits) end
end

--- Shows a round's candidates one after the other. Returns the one that a person takes, or nil; `decisions` gets what was turned down.
local function taken(book, ideas, notes, decisions)
  for i, idea in ipairs(ideas) do
    local fields = into_fields(book, idea)
    if not book.input.review then return fields end
    local answer = gate.ask { title = "Approve the blueprint of \"" .. fields.title .. "\"?", show = fields,
      choices = { "approve", "again", "reject" }, schema = shape }
    if answer.choice == "approve" then return with_edits(book, fields, answer.edits) end
    decisions[#decisions + 1] = answer.seq
    take_note(notes, answer)
    log.info("blueprint %d of %d turned down by %s", i, #ideas, answer.by)
    if answer.choice == "again" then return nil end
  end
  local answer = gate.ask { title = "None of the blueprints was taken. Write others?", choices = { "again", "give up" },
    show = "All blueprints were turned down. Say what should be different, and others are written; or give up, and the run ends." }
  decisions[#decisions + 1] = answer.seq
  take_note(notes, answer)
  if answer.choice == "again" then return nil end
  error({ kind = "script", rejected = decisions, message = "every blueprint was turned down; change the brief, or give an outline of your own "
    .. "with --give blueprint=FILE. A retry shows the blueprints again" })
end

--- Rounds of candidates until a person takes one.
local function approved(book)
  local round, notes, decisions = 0, {}, {}
  local fields
  repeat
    round = round + 1
    fields = taken(book, ideas_for(book, round, notes), notes, decisions)
  until fields
  return fields
end

function blueprint.run(book)
  run.phase("Blueprint")
  book:at("blueprint", 0.75)
  artifact.put("brief.json", book:wanted())
  if not book.language.known then
    book:issue("language", string.format("nobody here knows the language \"%s\": the book is written in it, but its files carry no language, "
      .. "which shops refuse. Give its tag as well, such as \"%s (xx)\"", book.language.name, book.language.name))
  end
  musts.find(book, prompts.brief)
  local fields = approved(book)
  local author = book.given.blueprint
  artifact.put("blueprint.md", readable(fields, author))
  book.blueprint = schema.fill(book:save("blueprint.json", fields), shape)
  local _, copy = artifact.get("blueprint.md")
  if copy and copy.author == "person" then
    log.warn("blueprint.md was edited, but it is only a reading copy: edit blueprint.json, then `quire resume RUN --with artifacts`")
  end
  if author then given.conflicts(book, author, "blueprint", readable(fields)) end
  voice.find(book)

  project.set { title = book.blueprint.title, kind = "book", chapters = book.chapters }
  run.summary(string.format("%s, %s", book.blueprint.title, numbering.count(book.chapters, "chapter")))
  log.info("Begun \"%s\": %s of about %d words in %s", book.blueprint.title, numbering.count(book.chapters, "chapter"), book.words, book.language.name)
  if book.series then log.info("Book %d of the series \"%s\"", book.series.number, book.series.title) end
end

return blueprint
