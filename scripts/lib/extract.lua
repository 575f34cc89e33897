-- lib/extract.lua: takes down what a chapter has made fact, and sums it up. A cheap model reads; code decides what is kept. If no
-- model can do it, the chapter stands and its facts are pending.
local calls = require "lib.calls"
local facts = require "lib.facts"
local Memory = require "lib.memory"
local names = require "lib.names"
local numbering = require "lib.numbering"
local secrets = require "lib.secrets"

local extract = {}

local read_chapter = [[
You take down what has become fact in the scenes above, for those who write the next chapters. Read only what stands there; guess
nothing. Give changes, not the whole state: what this chapter added, changed or removed about where people are at its end, what they
hold, what they have learnt, how they are and look, and what binds them to others. A thing that passes from one to another is a remove and
an add. Every entry needs a few exact words of the chapter; without them it is thrown away. List a death only if it is told as certain.
Promises:

%s

Secrets that not everybody in the book knows:

%s

Write summary and values in %s, names as in the cast.]]

local function promise_lines(book, number)
  local out, ids = {}, {}
  for _, promise in ipairs(book.structure.promises) do
    -- The state may be that after this chapter, when it is mended later on: what it paid itself is still asked for.
    local paid = book.memory.state.paid[promise.id]
    local open = promise.opened <= number and not (paid and paid < number)
    if open then
      out[#out + 1] = promise.id .. ": " .. promise.text
      ids[#ids + 1] = promise.id
    end
  end
  return #out > 0 and secrets.hide(book, table.concat(out, "\n"), number) or "none", ids
end

local function in_spelling_of(sheet, cast)
  sheet.learnt = sheet.learnt or json.array {}
  for _, list in ipairs { sheet.operations, sheet.deaths, sheet.learnt } do
    for _, entry in ipairs(list) do entry.who = names.of_cast(entry.who, cast) end
  end
  return sheet
end

local function summary_from_plan(plan)
  local out = {}
  for _, scene in ipairs(plan.scenes) do out[#out + 1] = scene.outcome end
  return text.first_words(table.concat(out, " "), Memory.summary_words)
end

--- Returns { sheet = facts of the chapter, summary = "..." }. `prompt` ends with the scenes.
function extract.chapter(book, prompt, plan, scenes)
  local promises, ids = promise_lines(book, plan.number)
  local unknown, secret_ids = secrets.to_learn(book, plan.number)
  local asked = prompt:copy():last("task", string.format(read_chapter, promises, unknown, book.language.name))
  local answer, err = calls.try_json(book, { role = "extractor", blocks = asked:list(), max_words = 900, schema = facts.schema(ids, secret_ids) })
  if not answer then
    local sheet = facts.pending(book.memory.state.day)
    sheet.reason = err
    return { sheet = sheet, summary = summary_from_plan(plan) }
  end
  local summary = text.first_words(answer.summary, Memory.summary_words + 30)
  answer.summary = nil
  local sheet, left_out = facts.verify(in_spelling_of(answer, book.blueprint.cast), table.concat(scenes, "\n"))
  if left_out > 0 then log.info("%s left out: the words that should show them are not in the chapter", numbering.count(left_out, "fact")) end
  return { sheet = sheet, summary = summary }
end

return extract
