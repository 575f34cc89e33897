-- lib/extract.lua: takes down what a chapter has made fact, and sums it up. A cheap model reads; code decides what is kept. If no
-- model can do it, the chapter stands and its facts are pending.
local calls = require "lib.calls"
local facts = require "lib.facts"
local Memory = require "lib.memory"
local names = require "lib.names"

local extract = {}

local read_chapter = [[
You take down what has become fact in the scenes above, for those who write the next chapters. Read only what stands there; guess
nothing. Give changes, not the whole state: what this chapter added, changed or removed about where people are at its end, what they
hold, what they have learnt, and how they are. A thing that passes from one to another is a remove and an add. Every operation needs
a few exact words of the chapter. List a death only if it is told as certain. Promises:

%s

Write summary and values in %s, names as in the cast.]]

local function promise_lines(book, number)
  local out, ids = {}, {}
  for _, promise in ipairs(book.structure.promises) do
    local open = promise.opened <= number and not book.memory.state.paid[promise.id]
    if open then
      out[#out + 1] = promise.id .. ": " .. promise.text
      ids[#ids + 1] = promise.id
    end
  end
  return #out > 0 and table.concat(out, "\n") or "none", ids
end

local function respell(sheet, cast)
  for _, operation in ipairs(sheet.operations) do operation.who = names.respell(operation.who, cast) end
  for _, death in ipairs(sheet.deaths) do death.who = names.respell(death.who, cast) end
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
  local asked = prompt:copy():last("task", string.format(read_chapter, promises, book.language.name))
  local answer, err = calls.try_json(book, { role = "extractor", blocks = asked:list(), max_words = 900, schema = facts.schema(ids) })
  if not answer then
    local sheet = facts.pending(book.memory.state.day)
    sheet.reason = err
    return { sheet = sheet, summary = summary_from_plan(plan) }
  end
  local summary = text.first_words(answer.summary, Memory.summary_words + 30)
  answer.summary = nil
  local sheet = facts.verify(respell(answer, book.blueprint.cast), table.concat(scenes, "\n"))
  return { sheet = sheet, summary = summary }
end

return extract
