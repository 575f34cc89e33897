-- phases/postprocessing.lua: what can only be seen over the whole book, and what a book needs besides its chapters.
--
-- Reads: chapters/NN.md as they stand (edits by people included).
-- Leaves: statistics.json, findings/book.json, repaired sentences in chapters/NN.md, blurb.md, book.json, publishing.md, and the files of exports/.
local blocks = require "lib.blocks"
local bookfile = require "lib.bookfile"
local calls = require "lib.calls"
local chapterfile = require "lib.chapterfile"
local checks = require "lib.checks"
local evidence = require "lib.evidence"
local findings = require "lib.findings"
local numbering = require "lib.numbering"
local paragraphs = require "lib.paragraphs"
local prompts = require "lib.prompts"
local schema = require "lib.schema"
local secrets = require "lib.secrets"
local style = require "lib.style"

local postprocessing = {}

local repair_calls, sentences_a_call = 2, 8

local write_blurb = [[
You are the writer. Write the text for the back of this book, in %s: 90 to 140 words that make the right reader open it. Begin with
the situation, not with a name; give away nothing from the last third; no praise, no questions in a row, no "will she or won't she".
Only the text.

This is how the book goes:
%s]]

local vary = [[
You are the writer. These sentences of the book use phrases that it has used too often. Write each one anew, in %s, with the same
meaning and about the same length, without the worn phrase, so that it fits between its neighbours. Change nothing else about it.

%s]]

local judge_wordings = [[
Sentences of a book whose phrase is used too often (A), each with a new wording (B) and its neighbours. Which reads better in its place?
B only when it says the same, fits between its neighbours, and is at least as good a sentence. Otherwise A.

%s]]

-------------------------------------------------------------------------------------------------------- the whole book's habits

local function take_stock(book, chapters)
  local habits, rows, titles, doubled = style.new(book.language.tag), json.array {}, {}, json.array {}
  for i, chapter in ipairs(chapters) do
    local prose = chapterfile.prose(chapter.scenes)
    habits:take(chapter.number, prose)
    rows[#rows + 1] = { number = chapter.number, title = chapter.title, words = text.words(prose), scenes = #chapter.scenes,
      opening = habits.openings[i].text, ending = habits.endings[i].text }
    local folded = text.fold(chapter.title)
    if titles[folded] then doubled[#doubled + 1] = chapter.title end
    titles[folded] = true
  end
  return habits, { words = bookfile.words(chapters), chapters = rows, doubled_titles = doubled,
    worn_phrases = json.array(habits:worn(20)), shared_openings = json.array(habits:shared_openings()) }
end

local function bare(s)
  return (string.gsub(string.gsub(text.fold(s), "[%p]+", " "), "%s+", " "))
end

--- Phrases worth repairing: in three chapters or more, and often for the length of the book.
local function too_worn(habits, count)
  local out = {}
  for _, phrase in ipairs(habits:worn(8)) do
    if phrase.chapters >= 3 and phrase.count >= math.max(5, count // 3) then out[#out + 1] = phrase.text end
  end
  return out
end

--- The sentences that hold a worn phrase, but for the first of each in the book, which may keep it. By chapter; none of a person's.
local function worn_sentences(chapters, phrases)
  local found, met = {}, {}
  for i, chapter in ipairs(chapters) do
    local sentences = text.sentences(chapterfile.prose(chapter.scenes))
    found[i] = {}
    for at, sentence in ipairs(sentences) do
      local folded = bare(sentence)
      for _, phrase in ipairs(phrases) do
        if string.find(folded, bare(phrase), 1, true) then
          if met[phrase] and chapter.author ~= "person" then
            found[i][#found[i] + 1] = { chapter = chapter, sentence = sentence, phrase = phrase, before = sentences[at - 1], after = sentences[at + 1] }
          end
          met[phrase] = true
          break
        end
      end
    end
  end
  return found
end

--- At most `limit` of them, one of each chapter in turn, so that the repairs are spread over the book.
local function spread(found, limit)
  local chosen, turn, more = {}, 1, true
  while more and #chosen < limit do
    more = false
    for _, of_chapter in ipairs(found) do
      if of_chapter[turn] and #chosen < limit then
        chosen[#chosen + 1] = of_chapter[turn]
        more = true
      end
    end
    turn = turn + 1
  end
  return chosen
end

local function replace_once(chapter, old, new)
  for i, scene in ipairs(chapter.scenes) do
    local from, to = string.find(scene, old, 1, true)
    if from then
      chapter.scenes[i] = string.sub(scene, 1, from - 1) .. new .. string.sub(scene, to + 1)
      return true
    end
  end
  return false
end

--- A new sentence is taken if it is one, is about as long, and does without the phrase.
local function fits(new, old, phrase)
  local before, after = text.words(old), text.words(new)
  return paragraphs.complete(new) and #text.paragraphs(new) == 1 and after * 2 >= before and after <= before * 2
    and not string.find(bare(new), bare(phrase), 1, true)
end

--- New wordings that are sentences of about the same length: { {entry, new}, ... }
local function new_wordings(book, worn)
  local listed, out = {}, {}
  for i, entry in ipairs(worn) do listed[i] = string.format("%d. (%s) %s", i, entry.phrase, blocks.fit(entry.sentence, 500)) end
  local item = schema.object { { "number", schema.integer(1, #worn) }, { "sentence", schema.text(700) } }
  local asked = prompts.base(book):last("task", string.format(vary, book.language.name, table.concat(listed, "\n")))
  local answer = calls.try_json(book, { role = "writer", blocks = asked:list(), max_words = 600,
    schema = schema.object { { "sentences", schema.list(item, 0, #worn) } } })
  for _, new in ipairs(answer and answer.sentences or {}) do
    local entry = worn[new.number]
    if entry and not entry.new and fits(new.sentence, entry.sentence, entry.phrase) then
      entry.new = text.trim(new.sentence)
      out[#out + 1] = entry
    end
  end
  return out
end

--- A judge reads each new sentence where it would stand. Those that it prefers; none when there is no judge.
local function preferred(book, offered)
  if #offered == 0 then return {} end
  local listed, out, taken = {}, {}, {}
  for i, entry in ipairs(offered) do
    listed[i] = string.format("%d. Before it: %s\n   A: %s\n   B: %s\n   After it: %s", i, blocks.fit(entry.before or "(nothing)", 300),
      blocks.fit(entry.sentence, 500), blocks.fit(entry.new, 500), blocks.fit(entry.after or "(nothing)", 300))
  end
  local verdict = schema.object { { "number", schema.integer(1, #offered) }, { "better", schema.choice { "A", "B" } } }
  local asked = prompts.base(book):last("task", string.format(judge_wordings, table.concat(listed, "\n")))
  local answer = calls.try_json(book, { role = "judge", blocks = asked:list(), max_words = 300,
    schema = schema.object { { "verdicts", schema.list(verdict, 0, #offered) } } })
  for _, one in ipairs(answer and answer.verdicts or {}) do
    if one.better == "B" and not taken[one.number] then
      taken[one.number] = true
      out[#out + 1] = offered[one.number]
    end
  end
  return out
end

--- Gives worn sentences a new wording; saves the chapters that changed, all or none. Nothing that a person wrote is touched.
local function repair_habits(book, habits, chapters)
  local worn = spread(worn_sentences(chapters, too_worn(habits, #chapters)), repair_calls * sentences_a_call)
  local changed = {}
  if #worn == 0 or not book:optional("new wordings for worn phrases") then return false end
  for from = 1, #worn, sentences_a_call do
    local batch = table.move(worn, from, math.min(from + sentences_a_call - 1, #worn), 1, {})
    for _, entry in ipairs(preferred(book, new_wordings(book, batch))) do
      if replace_once(entry.chapter, entry.sentence, entry.new) then
        changed[entry.chapter.name] = entry.chapter
        log.info("chapter %d: \"%s\" became \"%s\", because the book says \"%s\" too often", entry.chapter.number, entry.sentence, entry.new,
          entry.phrase)
      end
    end
  end
  if next(changed) == nil then return false end
  artifact.commit(function()
    for name, chapter in pairs(changed) do artifact.put(name, chapterfile.compose(chapter.title, chapter.scenes)) end
  end)
  return true
end

--- What only the whole book shows: findings/book.json; what is certain is an issue.
local function look_at_book(book, chapters)
  book:read_checks()
  local found = findings.open(checks.run("book", evidence.book(book, chapters, book.sheets), book.checks), findings.read_dismissed())
  findings.save("findings/book.json", 0, findings.without_doubles(found), {})
  for _, finding in ipairs(found) do
    if finding.certain then book:issue("chapter " .. finding.chapter, findings.sentence(finding)) end
  end
  if #found > 0 then log.info("The whole book was looked at: %s in findings/book.json", numbering.count(#found, "finding")) end
end

------------------------------------------------------------------------------------------------------------- pages and sheet

-- Who has not read the book may know no more of it than the reader of its first chapter.
local function blurb_of(book)
  local course = secrets.hide(book, book.memory:story_so_far(book.chapters), 1)
  local asked = prompts.bible(book, 1):last("task", string.format(write_blurb, book.language.name, course))
  local said = calls.try_whole(book, { role = "writer", blocks = asked:list(), max_words = 180 })
  return said and book:prose_of({ text = said }, "blurb") or book.blueprint.premise
end

local function or_nothing(value)
  return value ~= nil and value ~= "" and value or nil
end

local function meta_of(book, blurb, words)
  local input = book.input
  local id = text.sha256(json.encode { input.brief, book.blueprint.title, input.author or "", book.series or "" })
  return { id = id, title = book.blueprint.title, author = or_nothing(input.author), language = book.language.tag, language_name = book.language.name,
    genre = or_nothing(input.genre), series = book.series, dedication = or_nothing(input.dedication), epigraph = or_nothing(input.epigraph),
    rights = or_nothing(input.rights), date = or_nothing(input.date), blurb = blurb, words = words, chapters_count = book.chapters,
    models = calls.models(book), rehearsal = book.rehearsal }
end

local function publishing_sheet(book, meta)
  local out = { "# Publishing sheet: " .. meta.title, "" }
  local function row(label, value)
    if value then out[#out + 1] = "- **" .. label .. ":** " .. value end
  end
  row("Author", meta.author)
  row("Language", meta.language_name .. " (" .. meta.language .. ")")
  row("Genre", meta.genre)
  row("Series", meta.series and string.format("%s, book %d", meta.series.title, meta.series.number))
  row("Length", string.format("%d words in %s, about %d pages of a paperback", meta.words,
    numbering.count(meta.chapters_count, "chapter"), math.max(1, (meta.words + 260) // 270)))
  row("Disclosure", "the text was written by machine; shops that ask must be told so (entire work, with whatever editing you add)")
  for _, used in ipairs(meta.models) do row("Model as " .. used.role, table.concat(used.models, ", ")) end
  row("Rehearsal", meta.rehearsal and "yes: written by the rehearsal model, not for publication" or nil)
  row("Skipped", #book.skipped > 0 and table.concat(book.skipped, "; ") .. " (the budget was kept for the rest)" or nil)
  row("Open issues", tostring(#book.issues))
  for _, issue in ipairs(book.issues) do out[#out + 1] = "  - " .. issue.where .. ": " .. issue.problem end
  return table.concat(out, "\n") .. "\n\n## Blurb\n\n" .. meta.blurb .. "\n"
end

function postprocessing.run(book)
  run.phase("Post-Processing")
  book:at("postprocessing", 0)
  local chapters = bookfile.chapters()
  local habits, statistics = take_stock(book, chapters)
  if repair_habits(book, habits, chapters) then
    chapters = bookfile.chapters()
    habits, statistics = take_stock(book, chapters)
  end
  for _, group in ipairs(habits:shared_openings()) do
    log.info("%d chapters open with \"%s\"", #group.chapters, text.trim(group.text))
  end
  look_at_book(book, chapters)
  book.words_written = statistics.words
  local blurb = blurb_of(book)
  local meta = meta_of(book, blurb, statistics.words)
  artifact.commit(function()
    artifact.put("statistics.json", statistics)
    artifact.put("blurb.md", blurb .. "\n")
    artifact.put("book.json", meta)
    artifact.put("publishing.md", publishing_sheet(book, meta))
  end)
  book.files = bookfile.export(artifact.get("book.json"), chapters)
  run.summary(string.format("%s, %s, %d words", meta.title, numbering.count(#chapters, "chapter"), meta.words))
end

return postprocessing
