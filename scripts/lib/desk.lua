-- lib/desk.lua: what lies before whoever writes or reads a chapter.
--
--   local shared = desk.chapter_prompt(book, plan)          the beginning that all calls of a chapter have in common
--   local prompt = desk.at_hand(shared, book, plan)         for the writer and the judge: prose of the book, and the next chapter's plan
--   desk.with_scenes(prompt, scenes):last("task", ...)      and what is written of the chapter so far
--
-- A secret is told to nobody here before its chapter (lib/secrets.lua).
local blocks = require "lib.blocks"
local coverage = require "lib.coverage"
local musts = require "lib.musts"
local plans = require "lib.plans"
local prompts = require "lib.prompts"
local secrets = require "lib.secrets"
local voice = require "lib.voice"

local desk = {}

--- The plan of a chapter as it stands now. Waits.
function desk.read_plan(book, number)
  local name = book:name("plans", number, "json")
  local plan = book:read(name)
  if not plan then error(string.format("there is no plan for chapter %d; run the Chapter Planning phase first", number), 0) end
  if book.edited[name] then plans.check_edited(plan, name) end
  return plans.mend(plan, number, book)
end

local function promise_lines(book, number)
  local out = {}
  for _, promise in ipairs(book.structure.promises) do
    local paid = book.memory.state.paid[promise.id]
    local tells = promise.opened == number and "open it here" or promise.due == number and "pay it here"
      or not paid and promise.opened < number and "open; due in chapter " .. promise.due
    if promise.opened == number and promise.due == number then tells = "open and pay it here" end
    if tells then out[#out + 1] = string.format("%s (%s): %s", promise.id, tells, prompts.promise_text(promise)) end
  end
  return blocks.bullets(out)
end

-- What its people know and are, and what has been met before, each where there is something to say.
local function known_text(book, plan)
  local state, people = book.memory.state, plans.people(plan)
  local stand, met, out = state:text(people), state:met_in(plans.text(plan)), {}
  for _, journey in ipairs(state:journeys(plan)) do stand = stand .. "\n- " .. journey end
  out[1] = "# Where its people stand\n\n" .. (stand ~= "" and stand or "As the cast list has them.")
  if #met > 0 then out[#out + 1] = "# Met before\n\n" .. blocks.bullets(met) end
  local ledger = secrets.of_chapter(book, plan.number, people)
  if ledger ~= "" then out[#out + 1] = ledger end
  return table.concat(out, "\n\n")
end

-- A plan that a person edited is told as it stands.
function desk.plan_text(book, plan)
  local told = plans.text(plan, book.language)
  return book.edited[book:name("plans", plan.number, "json")] and told or secrets.hide(book, told, plan.number)
end

local function chapter_text(book, plan)
  local fixed = musts.of_chapter(book, plan.number)
  local rest = table.concat({
    known_text(book, plan),
    "# Promises to the reader\n\n" .. promise_lines(book, plan.number),
    "# Used up; not again in this chapter\n\n" .. blocks.fit(blocks.bullets(book.memory:used_up()), 2500),
  }, "\n\n")
  if fixed ~= "" then rest = fixed .. "\n\n" .. rest end
  return "# This chapter\n\n" .. desk.plan_text(book, plan) .. "\n\n" .. secrets.hide(book, rest, plan.number)
end

--- The beginning that all calls of a chapter share: rules, style, bible, voice, story so far, this chapter's plan and state. What a person may
--- have edited is read anew. Waits.
function desk.chapter_prompt(book, plan)
  musts.read(book)
  secrets.read(book)
  voice.read(book, plan.number)
  return prompts.story(book, plan.number)
    :stable("chapter", chapter_text(book, plan), { book:name("plans", plan.number, "json"), "musts.json", "secrets.json" })
end

local function passages_text(passages)
  local out = {}
  for i, passage in ipairs(passages) do
    out[i] = string.format("# From chapter %d, %s\n\n%s", passage.chapter, passage.about, passage.text)
  end
  return table.concat(out, "\n\n")
end

--- What the next chapter needs and this one could take from it.
local function still_true(book, plan)
  local out, needed, listed = {}, {}, {}
  local alive = {}
  for _, name in ipairs(plans.people(plan)) do
    if not book.memory.state.dead[name] then alive[#alive + 1] = name end
  end
  if #alive > 0 then out[1] = string.format("alive, and free to be at %s: %s", plan.scenes[1].place, table.concat(alive, ", ")) end
  for _, event in ipairs(book.structure.events) do
    if event.chapter == plan.number then
      for _, cause in ipairs(event.causes) do needed[cause] = true end
    end
  end
  for _, event in ipairs(book.structure.events) do
    if needed[event.id] and event.chapter == plan.number - 1 then listed[#listed + 1] = event.what end
  end
  if #listed > 0 then out[#out + 1] = "happened by then: " .. table.concat(listed, " ") end
  for _, promise in ipairs(coverage.promises(book.structure, "due", plan.number)) do
    if promise.opened < plan.number then out[#out + 1] = "not paid yet: " .. prompts.promise_text(promise) end
  end
  return blocks.bullets(out)
end

local function next_text(book, plan)
  if not plan then return "" end
  local seen = secrets.told_in(book, plan.number) and plans.beginning(plan) or plans.seen_before(plan, book.language)
  return "# What comes next\n\nThe next chapter, which is written after this one. Lead up to it; tell nothing of it.\n\n"
    .. secrets.hide(book, seen .. "\n\nWhat must be true when it begins:\n" .. still_true(book, plan), plan.number - 1)
end

-- As it was planned: an edit of the next plan, made after this chapter was written, would otherwise ask for this chapter again.
local function next_plan(book, number)
  if number >= book.chapters then return nil end
  if book.plans[number + 1] then return book.plans[number + 1] end
  return artifact.get(book:name("plans", number + 1, "json")) and desk.read_plan(book, number + 1)
end

--- The chapter's beginning with prose in the hands of whoever writes or judges: the chapter before, whole, passages from further back, and
--- what comes next. Waits.
function desk.at_hand(prompt, book, plan)
  local number, memory = plan.number, book.memory
  local before = memory:prose_of(number - 1)
  local longer = prompt:copy():stable("passages", passages_text(memory:passages(plan, plans.people(plan))))
  if before ~= "" then
    longer:stable("before", string.format("# Chapter %d, the one before, as it stands in the book\n\n%s", number - 1, before),
      { book:name("chapters", number - 1, "md") })
  end
  return longer:stable("next", next_text(book, next_plan(book, number)), { book:name("plans", math.min(number + 1, book.chapters), "json") })
end

--- The same, with the scenes that are written so far.
function desk.with_scenes(prompt, scenes)
  local longer = prompt:copy()
  for i, scene in ipairs(scenes) do longer:stable("scene " .. i, string.format("# Scene %d, as written\n\n%s", i, scene)) end
  return longer
end

return desk
