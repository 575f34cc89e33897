-- lib/coverage.lua: does a structure cover its book? Checks return sentences that can be put before a model as they are; what a
-- model does not repair is mended here, in the plainest way, and noted in structure.json under "mended".
local numbering = require "lib.numbering"

local coverage = {}

local longest_act = 12

--- Findings about acts and promises.
function coverage.acts(answer, chapters)
  local findings, expected = {}, 1
  for i, act in ipairs(answer.acts) do
    if act.first ~= expected then findings[#findings + 1] = string.format("Act %d begins with chapter %d; it must begin with %d.", i, act.first, expected) end
    if act.last < act.first then findings[#findings + 1] = string.format("Act %d ends before it begins.", i) end
    if act.last - act.first + 1 > longest_act then findings[#findings + 1] = string.format("Act %d is longer than twelve chapters.", i) end
    expected = act.last + 1
  end
  if expected ~= chapters + 1 then findings[#findings + 1] = string.format("The acts end with chapter %d; the book has %d.", expected - 1, chapters) end
  for _, promise in ipairs(answer.promises) do
    if promise.due < promise.opened then
      findings[#findings + 1] = string.format("The promise \"%s\" is due in chapter %d, before it is opened in %d.", promise.text, promise.due, promise.opened)
    end
  end
  return findings
end

local function event_ids(events)
  local ids = {}
  for i, event in ipairs(events) do ids[event.id] = i end
  return ids
end

--- The events of an act as a list with ids, in order; chapters are taken by their place, so that each stands once.
local function listed(answer, act)
  local events = {}
  for i, chapter in ipairs(answer.chapters) do
    local number = act.first + i - 1
    for place, event in ipairs(chapter.events) do
      events[#events + 1] = { id = number .. "." .. place, chapter = number, what = event.what, who = event.who,
        causes = event.causes, day = event.day }
    end
  end
  return events
end

local function check_causes(findings, event, ids, place, is_first)
  if #event.causes == 0 and not is_first then findings[#findings + 1] = "Event " .. event.id .. " has no cause." end
  for _, cause in ipairs(event.causes) do
    if not ids[cause] then
      findings[#findings + 1] = string.format("Event %s names %s as a cause, and there is no such event.", event.id, cause)
    elseif ids[cause] >= place then
      findings[#findings + 1] = string.format("Event %s is caused by %s, which does not come before it.", event.id, cause)
    end
  end
end

--- Findings about the events of one act, given the structure made so far.
function coverage.events(answer, act, made)
  local findings, all = {}, {}
  for _, event in ipairs(made.events) do all[#all + 1] = event end
  local before = #all
  for _, event in ipairs(listed(answer, act)) do all[#all + 1] = event end
  local ids = event_ids(all)
  for i = before + 1, #all do check_causes(findings, all[i], ids, i, i == 1) end
  for i, chapter in ipairs(answer.chapters) do
    if chapter.number ~= act.first + i - 1 then
      findings[#findings + 1] = string.format("Chapter %d stands where chapter %d belongs; give each number once, in order.", chapter.number, act.first + i - 1)
    end
  end
  return findings
end

--- Adds the events of an act to the structure. Chapters for which the author has given events keep those.
function coverage.join(made, answer, act)
  local taken = {}
  for _, event in ipairs(made.events) do taken[event.chapter] = true end
  for _, event in ipairs(listed(answer, act)) do
    if not taken[event.chapter] then made.events[#made.events + 1] = event end
  end
  table.sort(made.events, function(a, b) return a.chapter < b.chapter end)
end

--- Main people who are in no event yet.
function coverage.unseen(cast, events)
  local seen, missing = {}, {}
  for _, event in ipairs(events) do
    for _, name in ipairs(event.who) do seen[name] = true end
  end
  for _, person in ipairs(cast) do
    if person.weight ~= "supporting" and not seen[person.name] then missing[#missing + 1] = person.name end
  end
  return missing
end

local function contiguous(acts, chapters)
  local expected = 1
  for _, act in ipairs(acts) do
    if act.first ~= expected or act.last < act.first then return false end
    expected = act.last + 1
  end
  return expected == chapters + 1
end

local function note(made, sentence)
  made.mended[#made.mended + 1] = sentence
end

--- Acts without gaps, and long ones cut; promises that fall due inside the book and not before they are made.
function coverage.mend_acts(made)
  if not contiguous(made.acts, made.chapters) then
    local ranges = numbering.split(1, made.chapters, math.min(#made.acts, made.chapters))
    for i = #made.acts, #ranges + 1, -1 do table.remove(made.acts, i) end
    for i, range in ipairs(ranges) do made.acts[i].first, made.acts[i].last = range.first, range.last end
    note(made, "the acts did not cover the chapters and were laid out evenly")
  end
  local cut = json.array {}
  for _, act in ipairs(made.acts) do
    for _, range in ipairs(numbering.ranges(act.first, act.last, longest_act)) do
      local piece = {}
      for field, value in pairs(act) do piece[field] = value end
      piece.first, piece.last = range.first, range.last
      cut[#cut + 1] = piece
    end
  end
  made.acts = cut
  for i, promise in ipairs(made.promises) do
    promise.id = promise.id or "P" .. i
    promise.opened = numbering.clamp(promise.opened or 1, 1, made.chapters)
    promise.due = numbering.clamp(promise.due or made.chapters, 1, made.chapters)
    if promise.due < promise.opened then
      promise.opened, promise.due = promise.due, promise.opened
      note(made, "promise " .. promise.id .. " was due before it was opened; the two changed places")
    end
  end
end

local function keep_real_causes(made, event, place, ids)
  local kept = json.array {}
  for _, cause in ipairs(event.causes) do
    if ids[cause] and ids[cause] < place then
      kept[#kept + 1] = cause
    else
      note(made, string.format("event %s lost its cause %s, which does not come before it", event.id, cause))
    end
  end
  if #kept == 0 and place > 1 then kept[1] = made.events[place - 1].id end
  event.causes = kept
end

--- Causes that exist and come earlier, and nobody of the main cast forgotten.
function coverage.mend_events(made, cast)
  local ids = event_ids(made.events)
  for i, event in ipairs(made.events) do keep_real_causes(made, event, i, ids) end
  for _, name in ipairs(coverage.unseen(cast, made.events)) do
    local first = made.events[1]
    first.who[#first.who + 1] = name
    note(made, name .. " was in no event and joins the first one")
  end
end

--- A structure that may have been edited by a person: what cannot be worked with is mended, as with a model's.
function coverage.checked(made, book)
  made.chapters = book.chapters
  made.mended, made.events = made.mended or json.array {}, made.events or json.array {}
  made.acts, made.promises = made.acts or json.array {}, made.promises or json.array {}
  if #made.acts == 0 then made.acts[1] = { title = book.blueprint.title, purpose = "", first = 1, last = book.chapters } end
  for i, event in ipairs(made.events) do
    event.id, event.what = event.id or "given." .. i, event.what or ""
    event.causes, event.who, event.day = event.causes or json.array {}, event.who or json.array {}, event.day or 0
    event.chapter = event.chapter or math.tointeger(tonumber(string.match(event.id, "^%d+"))) or 1
  end
  coverage.mend_acts(made)
  return made
end

--- What a chapter opens or pays: a list of promises. field is "opened" or "due".
function coverage.promises(made, field, number)
  local out = {}
  for _, promise in ipairs(made.promises) do
    if promise[field] == number then out[#out + 1] = promise end
  end
  return out
end

return coverage
