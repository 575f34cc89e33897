-- lib/prompts.lua: the parts that many prompts share, from the most stable to the least:
--
--   rules    how this house writes            the same for every book
--   style    language, voice, manner          the same for the whole book
--   brief    what the author asked for        the same for the whole book: whole where it is planned, and where it is written as lib/musts.lua says
--   bible    premise, world, cast, acts       the same for the whole book, once they exist
--   voice    how the book sounds              the same for an act (lib/voice.lua)
--   events   what happens about now           the same for a part of about five chapters
--   story    what has happened so far         grows by one summary a chapter, folds up when a part ends (lib/memory.lua)
--
-- prompts.story(book, number) is therefore the same, byte by byte, for every call of a chapter. What a person wrote or edited stands here
-- as it is, with the fields that he added, but for what the chapter's reader may not know yet (lib/secrets.lua).
local blocks = require "lib.blocks"
local fields = require "lib.fields"
local given = require "lib.given"
local musts = require "lib.musts"
local secrets = require "lib.secrets"

local prompts = {}

prompts.rules = [[
You are one of several hands that make a book together: one plans, one writes, one takes down what has become fact, one reads with
a cold eye. Your part in this call is told at the very end. What stands before it is the material that all hands share; treat it as
reference, not as a model of how to sound, but for what stands under "How the book sounds".

What this house holds to:

1. People want things, and somebody or something is in the way. A scene in which nothing is wanted, risked or changed does not
   belong in the book. A scene ends in another place than it began: something is known, lost, owed, promised or broken.
2. Things happen because of other things. "Therefore" and "but" join the scenes, never merely "and then". What is lost stays lost;
   not every wound heals, not every question is answered, and some of what people do remains unexplained.
3. The page shows; it does not interpret itself. Nobody states the theme. No closing sentence sums up what a scene meant. Feelings
   are found in what a person notices, does, and avoids saying; a line of dialogue may mean something else than it says.
4. Be particular. The exact object, the exact trade, the weather of that hour. Prefer the detail that only this person in this place
   would notice to the one that any book could hold. One good image is better than three.
5. People sound different from each other. A reader should know who speaks without being told. Speech is interrupted, evaded, misheard.
6. Vary openings, endings, sentence lengths and the shape of scenes. Do not begin with weather or waking, do not end on a lesson, a
   sigh, a look into the distance or a clever last line; do not use the same gesture, simile or turn of phrase twice.
7. Facts hold. Names are spelt as in the cast, the dead stay dead, nobody knows what he has not learnt, nobody holds what he has
   given away, and time only runs backwards where the plan says so.
8. Nothing but the work itself: no greeting, no comment, no heading, no note, no list of what you did, no placeholder, no mention of
   prompts, plans, chapters' numbers or word counts inside the story.]]

local line = fields.line

local function lines(...)
  local kept = {}
  for i = 1, select("#", ...) do
    local entry = select(i, ...)
    if entry then kept[#kept + 1] = entry end
  end
  return table.concat(kept, "\n")
end

local function manner(sample)
  if text.trim(sample or "") == "" then return nil end
  if not string.find(sample, "\n", 1, true) then return line("Manner, as the author wants it", sample) end
  return "Manner, as the author wants it, and a sample where he gives one:\n<<<\n" .. text.trim(sample) .. "\n>>>"
end

--- Before there is a blueprint only the author's wishes are known; afterwards the blueprint's style sheet says more, and what a person
--- wrote into that goes before the wishes.
local function style_text(book)
  local wish = book.input
  local sheet = book.blueprint and book.blueprint.style or {}
  local edited = book.edited and book.edited["blueprint.json"]
  local function of_both(name) return edited and line(name, sheet[name]) and sheet[name] or wish[name] or sheet[name] end
  return lines(
    "Language: " .. book.language.name,
    "Everything is written in this language, names and idiom included.",
    line("Genre", wish.genre),
    line("Viewpoint", of_both("viewpoint")),
    line("Tense", of_both("tense")),
    manner(wish.style),
    line("Readers", wish.audience),
    line("Register", sheet.register),
    line("Rhythm", sheet.rhythm),
    line("Imagery", sheet.imagery),
    line("Dialogue", sheet.dialogue),
    line("To be avoided in this book", sheet.avoid),
    table.unpack(fields.own(sheet, { "viewpoint", "tense", "register", "rhythm", "imagery", "dialogue", "avoid" })))
end

--- A new prompt that begins with the rules and the style of this book.
function prompts.base(book)
  local style_of = book.blueprint and { "blueprint.json" } or nil
  return blocks.new()
    :stable("rules", prompts.rules)
    :stable("style", "# Style sheet\n\n" .. style_text(book), style_of)
end

--- What the author asked for, whole. For all who invent and plan.
function prompts.brief(book)
  local title = text.trim(book.input.title or "")
  return prompts.base(book)
    :stable("title", title ~= "" and "The book's title is fixed: " .. title or "")
    :stable("brief", "# The author's brief\n\n" .. book.input.brief)
    :stable("series", prompts.series_text(book))
end

function prompts.series_text(book)
  local notes = book.input.series_notes
  if not notes or notes == "" then return "" end
  return "# What came before this book\n\nThe book belongs to a series. This is canon, and it is known to the reader:\n\n" .. notes
end

local function person_text(person)
  local called, looks = line("Also called", person.aliases), line("Looks", person.looks)
  return string.format("- %s (%s).%s%s Wants: %s Wound: %s Voice: %s%s", person.name, person.role, called and " " .. called .. "." or "",
    looks and " " .. looks or "", person.want, person.wound, person.voice,
    fields.tail(person, { "name", "role", "aliases", "looks", "weight", "want", "wound", "voice" }))
end

function prompts.cast_text(blueprint)
  local people = {}
  for _, person in ipairs(blueprint.cast) do people[#people + 1] = person_text(person) end
  return table.concat(people, "\n")
end

local function acts_text(structure)
  if not structure then return "" end
  local acts = {}
  for i, act in ipairs(structure.acts) do
    acts[#acts + 1] = string.format("- Act %d, chapters %d to %d, %s: %s%s", i, act.first, act.last, act.title, act.purpose,
      fields.tail(act, { "title", "purpose", "first", "last" }))
  end
  local own = fields.own(structure, { "chapters", "acts", "promises", "events", "mended" })
  table.move(own, 1, #own, #acts + 1, acts)
  return "\n\n## Acts\n" .. table.concat(acts, "\n")
end

function prompts.bible_text(book)
  local blueprint, world = book.blueprint, book.blueprint.world
  return lines("# " .. blueprint.title .. "\n",
    line("Premise", blueprint.premise),
    line("The question the book asks", blueprint.theme_question),
    line("Where it ends", blueprint.ending),
    table.unpack(fields.own(blueprint, { "title", "titles", "premise", "theme_question", "ending", "world", "cast", "style" })))
    .. "\n" .. lines("\n## World",
    line("Place", world.place), line("Time", world.time), line("How things work", world.rules), line("Texture", world.texture),
    table.unpack(fields.own(world, { "place", "time", "rules", "texture" })))
    .. "\n\n## Cast\n" .. prompts.cast_text(blueprint) .. acts_text(book.structure)
end

-- `number`: for whoever writes or reads this chapter, and may not know what the reader does not; nil: all of it.
local function with_bible(prompt, book, number)
  local function shown(content) return number and secrets.hide(book, content, number) or content end
  local from = { "blueprint.json" }
  if book.structure then from[2] = "structure.json" end
  local outline, structure = book.given.blueprint, book.given.structure
  return prompt
    :stable("outline", shown(given.rule(outline, "outline")), outline and outline.from)
    :stable("given structure", shown(given.rule(structure, "structure")), structure and structure.from)
    :stable("bible", shown(prompts.bible_text(book)), from)
end

--- For planning: all that the author wrote, whole, and the bible.
function prompts.planning(book)
  return with_bible(prompts.brief(book), book)
    :stable("musts", musts.text(book), { "musts.json" })
    :stable("secrets", secrets.for_planners(book), { "secrets.json" })
end

--- For writing and reading a chapter: rules, style, what the author asked for as far as its writer may know it, and the bible. Without a
--- number, for who knows the whole book.
function prompts.bible(book, number)
  local brief = musts.brief_for_writers(book)
  local prompt = prompts.base(book)
    :stable("brief", number and secrets.hide(book, brief, number) or brief)
    :stable("series", prompts.series_text(book))
  return with_bible(prompt, book, number)
end

--- "3.2 (day 4): what happens [because of 3.1]" for the events of some chapters.
function prompts.events_text(structure, first, last)
  local out = {}
  for _, event in ipairs(structure.events) do
    if event.chapter >= first and event.chapter <= last then
      local causes = #event.causes > 0 and " [because of " .. table.concat(event.causes, ", ") .. "]" or ""
      out[#out + 1] = string.format("- %s (day %d): %s%s%s", event.id, event.day, event.what, causes,
        fields.tail(event, { "id", "chapter", "what", "who", "causes", "day" }))
    end
  end
  return table.concat(out, "\n")
end

--- A promise with the fields that a person gave it.
function prompts.promise_text(promise)
  return promise.text .. fields.tail(promise, { "id", "text", "opened", "due", "of_series" })
end

function prompts.promises_text(structure)
  local out = {}
  for i, promise in ipairs(structure.promises) do
    out[i] = string.format("%s (chapters %d to %d): %s", promise.id, promise.opened, promise.due, prompts.promise_text(promise))
  end
  return blocks.bullets(out)
end

local function voice_text(told)
  if not told or told.text == "" then return "" end
  return "# How the book sounds\n\nWhoever writes it matches this; it is heard, and never copied.\n\n" .. told.text
end

--- The shared beginning of every call about a chapter.
function prompts.story(book, number)
  local first, last = book.memory:horizon(number)
  local told = book.told_voice
  local events = secrets.hide(book, prompts.events_text(book.structure, first, last), number)
  return prompts.bible(book, number)
    :stable("voice", secrets.hide(book, voice_text(told), number), told and { told.name })
    :stable("events", "# Events of this part of the book and the next\n\n" .. events, { "structure.json" })
    :stable("story", book.memory:story_so_far(number), book.memory:sources(number))
end

return prompts
