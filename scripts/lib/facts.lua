-- lib/facts.lua: what is true in the story, as changes that each chapter makes. The extractor proposes operations, code applies
-- them; what does not fit (a dead woman speaks, a knife is given away by somebody who never had it) becomes a suspicion that
-- the auditor is asked about. A sheet is what facts/03.json holds:
--
--   { day = 4, operations = { {op="add", what="holds", who="...", value="...", quote="..."}, ... },
--     deaths = {...}, names = {...}, paid = {promise ids}, opened = {promise ids} }
local schema = require "lib.schema"

local facts = {}

local State = {}
State.__index = State

facts.kinds = { "where", "holds", "knows", "condition" }
local shown_per_person = { where = 1, holds = 2, knows = 3, condition = 1 }
local longest_list = 12   -- what is older is in the facts of its chapter

--- What the extractor is asked for. Names come from the cast where they can, so that their spelling holds.
function facts.schema(promise_ids)
  local operation = schema.object {
    { "op", schema.choice({ "add", "change", "remove" }) },
    { "what", schema.choice(facts.kinds, "where: place at the chapter's end; holds: thing; knows: secret or news; condition: health, rank, bond") },
    { "who", schema.text(80, "the person's name, spelt as in the cast") },
    { "value", schema.text(160, "the place, thing, knowledge or condition, in a few words") },
    { "quote", schema.text(160, "a few exact words of the chapter that show it") },
  }
  local death = schema.object {
    { "who", schema.text(80) },
    { "quote", schema.text(160, "the exact words of the chapter that tell it") },
  }
  return schema.object {
    { "summary", schema.text(1600, "the chapter in 120 to 150 words, present tense: what happens and why, who learns what, how it ends; no judgement") },
    { "day", schema.integer(0, 100000, "the story's day on which the chapter ends, counted as in the events") },
    { "operations", schema.list(operation, 0, 24, "only what this chapter changed") },
    { "deaths", schema.list(death, 0, 6, "who died in this chapter; usually nobody") },
    { "names", schema.list(schema.text(80), 0, 30, "every person named in the chapter") },
    { "opened", schema.list(schema.choice(promise_ids), 0, 12, "promises that this chapter opened") },
    { "paid", schema.list(schema.choice(promise_ids), 0, 12, "promises that this chapter paid") },
  }
end

--- For when no model could read the chapter: the prose stands, its facts are pending.
function facts.pending(day)
  return { pending = true, day = day, operations = json.array {}, deaths = json.array {}, names = json.array {},
    opened = json.array {}, paid = json.array {} }
end

function facts.new_state()
  return setmetatable({ day = 0, people = {}, dead = {}, paid = {} }, State)
end

local function person(state, name)
  local known = state.people[name]
  if not known then
    known = { where = {}, holds = {}, knows = {}, condition = {} }
    state.people[name] = known
  end
  return known
end

local function position(list, value)
  local wanted = text.fold(value)
  for i, entry in ipairs(list) do
    if text.fold(entry) == wanted then return i end
  end
  return nil
end

--- Does the chapter really hold these words? Extractors and judges quote loosely: case, blanks and quote marks are forgiven.
local function plain(s)
  s = text.fold(s)
  for _, mark in ipairs { '"', "'", "“", "”", "‘", "’", "«", "»", "„" } do s = string.gsub(s, mark, "") end
  return (string.gsub(s, "%s+", " "))
end

function facts.quoted(prose, quote)
  local wanted = text.trim(plain(quote))
  return wanted ~= "" and string.find(plain(prose), wanted, 1, true) ~= nil
end

--- Takes deaths that the chapter does not tell out of a sheet: a life should not hang on a misreading.
function facts.verify(sheet, prose)
  local told = json.array {}
  for _, death in ipairs(sheet.deaths) do
    if facts.quoted(prose, death.quote) then told[#told + 1] = death end
  end
  sheet.deaths = told
  return sheet
end

local function apply_operation(known, operation)
  local list = known[operation.what]
  local at = position(list, operation.value)
  if operation.op == "remove" then
    if at then table.remove(list, at) end
  elseif operation.what == "where" then
    known.where = { operation.value }
  elseif not at then
    list[#list + 1] = operation.value
    if #list > longest_list then table.remove(list, 1) end
  end
end

function State:apply(number, sheet)
  if sheet.day and not sheet.pending then self.day = sheet.day end
  for _, operation in ipairs(sheet.operations or {}) do apply_operation(person(self, operation.who), operation) end
  for _, death in ipairs(sheet.deaths or {}) do self.dead[death.who] = number end
  for _, id in ipairs(sheet.paid or {}) do self.paid[id] = self.paid[id] or number end
end

local function last_of(list, count)
  local out = {}
  for i = math.max(1, #list - count + 1), #list do out[#out + 1] = list[i] end
  return table.concat(out, "; ")
end

local function person_line(state, name)
  if state.dead[name] then return string.format("- %s: dead since chapter %d", name, state.dead[name]) end
  local known, out = state.people[name], {}
  if not known then return nil end
  for _, kind in ipairs(facts.kinds) do
    local listed = last_of(known[kind], shown_per_person[kind])
    if listed ~= "" then out[#out + 1] = kind .. ": " .. listed end
  end
  return #out > 0 and "- " .. name .. ": " .. table.concat(out, " | ") or nil
end

--- What is true of some people now, one line each; "" when nothing is known.
function State:text(people)
  local out = {}
  for _, name in ipairs(people) do out[#out + 1] = person_line(self, name) end
  return table.concat(out, "\n")
end

local function holder_of(state, thing, except)
  for name, known in pairs(state.people) do
    if name ~= except and position(known.holds, thing) then return name end
  end
  return nil
end

local function given_away(sheet, name, thing)
  for _, operation in ipairs(sheet.operations) do
    if operation.op == "remove" and operation.what == "holds" and operation.who == name
      and text.fold(operation.value) == text.fold(thing) then
      return true
    end
  end
  return false
end

local function suspect_operation(state, sheet, operation)
  local who, value = operation.who, operation.value
  local known = state.people[who]
  if state.dead[who] and operation.op ~= "remove" then
    return string.format("%s acts here, but died in chapter %d.", who, state.dead[who])
  end
  if operation.what == "holds" and operation.op == "remove" and known and not position(known.holds, value) then
    return string.format("%s parts with \"%s\" without having had it.", who, value)
  end
  if operation.what == "holds" and operation.op == "add" then
    local other = holder_of(state, value, who)
    if other and not given_away(sheet, other, value) then
      return string.format("%s has \"%s\", which %s held until now and did not give away.", who, value, other)
    end
  end
  if operation.what == "knows" and operation.op == "change" and known and #known.knows == 0 then
    return string.format("%s revises a knowledge that was never gained: \"%s\".", who, value)
  end
  return nil
end

--- What in a sheet does not fit the state before the chapter: a list of sentences.
function State:suspicions(sheet, plan)
  local out, seen = {}, {}
  if sheet.pending then return out end
  if sheet.day < self.day and not plan.flashback then
    out[1] = string.format("The chapter seems to end on day %d, but the one before ended on day %d, and the plan tells of no step back.",
      sheet.day, self.day)
  end
  for _, operation in ipairs(sheet.operations) do
    local doubt = suspect_operation(self, sheet, operation)
    if doubt and not seen[doubt] then
      seen[doubt] = true
      out[#out + 1] = doubt
    end
  end
  return out
end

return facts
