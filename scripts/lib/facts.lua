-- lib/facts.lua: what is true in the story, as changes that each chapter makes. The extractor proposes operations, code applies
-- them; what does not fit (a dead woman speaks, a knife is given away by somebody who never had it) becomes a suspicion that
-- the auditor is asked about. Nothing is a fact whose quote is not in the chapter. A sheet is what facts/03.json holds:
--
--   { day = 4, operations = { {op="add", what="holds", who="...", value="...", quote="..."}, ... },
--     deaths = {...}, met = { {name=, kind="person"|"place"|"thing", what=, quote=}, ... }, names = {...},
--     paid = {promise ids}, opened = {promise ids}, learnt = { {secret=, who=, quote=}, ... } }
local schema = require "lib.schema"

local facts = {}

local State = {}
State.__index = State

facts.kinds = { "where", "holds", "knows", "condition", "looks", "bond" }
local shown_per_person = { where = 1, holds = 2, knows = 3, condition = 1, looks = 2, bond = 3 }
local one_at_a_time = { where = true, condition = true }   -- a new value takes the place of the old one
local most_met = 8               -- minor people, places and things that a prompt carries
local longest_list = 12   -- what is older is in the facts of its chapter

--- What the extractor is asked for. `secret_ids`: what the reader may know by now, and not everybody in the book does.
function facts.schema(promise_ids, secret_ids)
  local operation = schema.object {
    { "op", schema.choice({ "add", "change", "remove" }) },
    { "what", schema.choice(facts.kinds, "where: place at the chapter's end; holds: thing; knows: secret or news; "
      .. "condition: health, rank; looks: age, face, clothes that stay; bond: kinship, rank or debt to another, and how they address each other") },
    { "who", schema.text(80, "the person's name, spelt as in the cast") },
    { "value", schema.text(160, "the place, thing, knowledge or condition, in a few words") },
    { "quote", schema.text(160, "a few exact words of the chapter that show it") },
  }
  local death = schema.object {
    { "who", schema.text(80) },
    { "quote", schema.text(160, "the exact words of the chapter that tell it") },
  }
  local met = schema.object {
    { "name", schema.text(80, "as the chapter calls it") },
    { "kind", schema.choice { "person", "place", "thing" } },
    { "what", schema.text(160, "who or what it is, and a trait or two by which a reader knows it again") },
    { "quote", schema.text(160, "a few exact words of the chapter that show it") },
  }
  local learnt = schema.object {
    { "secret", schema.choice(secret_ids) }, { "who", schema.text(80) },
    { "quote", schema.text(160, "the exact words of the chapter by which this person learns it") },
  }
  local parts = {
    { "summary", schema.text(1600, "the chapter in 120 to 150 words, present tense: what happens and why, who learns what, how it ends; no judgement") },
    { "day", schema.integer(0, 100000, "the story's day on which the chapter ends, counted as in the events") },
    { "operations", schema.list(operation, 0, 24, "only what this chapter changed") },
    { "deaths", schema.list(death, 0, 6, "who died in this chapter; usually nobody") },
    { "met", schema.list(met, 0, 10, "people outside the cast, places and things that could come back, if the chapter shows more than their name") },
    { "names", schema.list(schema.text(80), 0, 30, "every person named in the chapter") },
    { "opened", schema.list(schema.choice(promise_ids), 0, 12, "promises that this chapter opened") },
    { "paid", schema.list(schema.choice(promise_ids), 0, 12, "promises that this chapter paid") },
  }
  if #secret_ids > 0 then parts[#parts + 1] = { "learnt", schema.list(learnt, 0, 8, "who learnt which of the secrets here; usually nobody") } end
  return schema.object(parts)
end

--- For when no model could read the chapter: the prose stands, its facts are pending.
function facts.pending(day)
  return { pending = true, day = day, operations = json.array {}, deaths = json.array {}, met = json.array {}, names = json.array {},
    opened = json.array {}, paid = json.array {}, learnt = json.array {} }
end

local function person(state, name)
  local known = state.people[name]
  if not known then
    known = {}
    for _, kind in ipairs(facts.kinds) do known[kind] = {} end
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

local function copied(list)
  return table.move(list or {}, 1, #(list or {}), 1, {})
end

-- What was met in an earlier book was met before chapter 1.
local function take_over(state, before)
  for name, known in pairs(before.people or {}) do
    local mine = person(state, name)
    for _, kind in ipairs(facts.kinds) do mine[kind] = copied(known[kind]) end
  end
  for name in pairs(before.dead or {}) do state.dead[name] = 0 end
  for _, entry in ipairs(before.met or {}) do
    local known = { name = entry.name, kind = entry.kind, what = copied(entry.what), first = 0, last = 0 }
    state.met[text.fold(text.trim(entry.name))] = known
    state.met[#state.met + 1] = known
  end
end

--- `before`: how an earlier book of the series left its world (State:handed_over), or nil.
function facts.new_state(before)
  local state = setmetatable({ day = 0, people = {}, dead = {}, paid = {}, learnt = {}, met = {} }, State)
  if before then take_over(state, before) end
  return state
end

--- A text for comparing quotes: without case, blanks, marks of emphasis and of quotation. It costs: once a text, not once a quote.
function facts.plain(s)
  s = text.fold(s)
  for _, mark in ipairs { '"', "'", "“", "”", "‘", "’", "«", "»", "„", "%*", "_" } do s = string.gsub(s, mark, "") end
  return (string.gsub(s, "%s+", " "))
end

--- What a quote gives word for word, plain: extractors and judges leave words out between dots.
function facts.pieces(quote)
  local out = {}
  for piece in string.gmatch(string.gsub(string.gsub(facts.plain(quote), "…", "\n"), "%.%.%.+", "\n"), "[^\n]+") do
    piece = text.trim(piece)
    if piece ~= "" then out[#out + 1] = piece end
  end
  return out
end

--- Do these pieces stand in a plain text, one after the other?
function facts.pieces_in(whole, pieces)
  local from = 1
  for _, piece in ipairs(pieces) do
    local _, stop = string.find(whole, piece, from, true)
    if not stop then return false end
    from = stop + 1
  end
  return #pieces > 0
end

--- Does the chapter really hold these words? Quotes are loose: what facts.plain and facts.pieces take away is forgiven.
function facts.quoted(prose, quote)
  return facts.pieces_in(facts.plain(prose), facts.pieces(quote))
end

local function only_quoted(list, prose)
  local told = json.array {}
  for _, entry in ipairs(list or {}) do
    if facts.quoted(prose, entry.quote or "") then told[#told + 1] = entry end
  end
  return told
end

--- Takes what the chapter does not tell out of a sheet. Returns it, and how much that was.
function facts.verify(sheet, prose)
  local left_out = 0
  for _, field in ipairs { "operations", "deaths", "met", "learnt" } do
    local told = only_quoted(sheet[field], prose)
    left_out, sheet[field] = left_out + #(sheet[field] or {}) - #told, told
  end
  return sheet, left_out
end

local function apply_operation(known, operation)
  local list = known[operation.what]
  local at = position(list, operation.value)
  if operation.op == "remove" then
    if at then table.remove(list, at) end
  elseif one_at_a_time[operation.what] then
    known[operation.what] = { operation.value }
  elseif not at then
    list[#list + 1] = operation.value
    if #list > longest_list then table.remove(list, 1) end
  end
end

--- Minor people, places and things: met first in one chapter, and last in another.
local function meet(state, number, entry)
  local key = text.fold(text.trim(entry.name))
  local known = state.met[key]
  if not known then
    known = { name = entry.name, kind = entry.kind, what = {}, first = number }
    state.met[key] = known
    state.met[#state.met + 1] = known
  end
  known.last = number
  if not position(known.what, entry.what) then known.what[#known.what + 1] = entry.what end
  if #known.what > 2 then table.remove(known.what, 2) end   -- the first impression stays, and the latest
end

function State:apply(number, sheet)
  if sheet.day and not sheet.pending then self.day = sheet.day end
  for _, operation in ipairs(sheet.operations or {}) do apply_operation(person(self, operation.who), operation) end
  for _, death in ipairs(sheet.deaths or {}) do self.dead[death.who] = self.dead[death.who] or number end
  for _, entry in ipairs(sheet.met or {}) do meet(self, number, entry) end
  for _, one in ipairs(sheet.learnt or {}) do
    self.learnt[one.secret] = self.learnt[one.secret] or {}
    self.learnt[one.secret][one.who] = self.learnt[one.secret][one.who] or number
  end
  for _, id in ipairs(sheet.paid or {}) do self.paid[id] = self.paid[id] or number end
end

--- When somebody died, in words: in a chapter of this book, or (0) in an earlier one of the series.
function facts.died_in(chapter)
  return chapter == 0 and "an earlier book" or "chapter " .. chapter
end

--- The state as data for the next book of a series.
function State:handed_over()
  local out = { people = {}, dead = {}, met = json.array {} }
  for name, known in pairs(self.people) do
    out.people[name] = {}
    for _, kind in ipairs(facts.kinds) do out.people[name][kind] = json.array(copied(known[kind])) end
  end
  for name in pairs(self.dead) do out.dead[name] = 0 end
  for i, entry in ipairs(self.met) do out.met[i] = { name = entry.name, kind = entry.kind, what = json.array(copied(entry.what)) } end
  return out
end

local function last_of(list, count)
  local out = {}
  for i = math.max(1, #list - count + 1), #list do out[#out + 1] = list[i] end
  return table.concat(out, "; ")
end

local function person_line(state, name)
  if state.dead[name] then return string.format("- %s: dead since %s", name, facts.died_in(state.dead[name])) end
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

--- Notes who and what of the register comes up in a chapter.
function State:seen_in(number, prose)
  local folded = text.fold(prose)
  for key, entry in pairs(self.met) do
    if type(key) == "string" and number > entry.last and string.find(folded, key, 1, true) then entry.last = number end
  end
end

--- The minor people, places and things that a text names, one line each.
function State:met_in(planned)
  local folded, out = text.fold(planned), {}
  for _, entry in ipairs(self.met) do
    if #out < most_met and string.find(folded, text.fold(text.trim(entry.name)), 1, true) then
      local when = entry.first == 0 and "from an earlier book" or entry.first == entry.last and "chapter " .. entry.first
        or string.format("chapters %d to %d", entry.first, entry.last)
      out[#out + 1] = string.format("%s (%s, %s): %s", entry.name, entry.kind, when, table.concat(entry.what, "; "))
    end
  end
  return out
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

-- Words that two descriptions of a place share: "on the quay" and "The Quay, at dawn".
local function alike(one, other)
  local words = {}
  for word in string.gmatch(text.fold(one), "[^%s%p]+") do words[word] = #word > 3 end
  for word in string.gmatch(text.fold(other), "[^%s%p]+") do
    if words[word] then return true end
  end
  return false
end

--- Who has to come to the chapter's first place from another one on the same day: a list of sentences for the writer.
function State:journeys(plan)
  local out, scene = {}, plan.scenes[1]
  if plan.flashback or plan.day ~= self.day then return out end
  for _, name in ipairs(scene.cast) do
    local known = self.people[name]
    local where = known and known.where[1]
    if where and scene.place ~= "" and not alike(where, scene.place) then
      out[#out + 1] = string.format("%s was last at: %s, on this same day; the way to the first scene's place has to be possible", name, where)
    end
  end
  return out
end

local function suspect_operation(state, sheet, operation)
  local who, value = operation.who, operation.value
  local known = state.people[who]
  if state.dead[who] and operation.op ~= "remove" then
    return string.format("%s acts here, but died in %s.", who, facts.died_in(state.dead[who]))
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
