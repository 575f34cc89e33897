-- lib/impact.lua: which later chapters lean on what a rewritten chapter has changed. Compares two sheets of facts and looks for the
-- difference in the later chapters' facts and prose; the reader gets the sentence, not only the number.
local chapterfile = require "lib.chapterfile"
local facts = require "lib.facts"
local numbering = require "lib.numbering"

local impact = {}

local most_per_chapter = 4

local function key_of(operation)
  return text.fold(operation.what .. "|" .. operation.who .. "|" .. operation.value .. "|" .. operation.op)
end

local function difference(from, to, change)
  local known, out = {}, {}
  for _, operation in ipairs(to.operations) do known[key_of(operation)] = true end
  for _, operation in ipairs(from.operations) do
    if not known[key_of(operation)] then
      out[#out + 1] = { who = operation.who, what = operation.what, value = operation.value, change = change }
    end
  end
  return out
end

local function deaths(from, to, change)
  local known, out = {}, {}
  for _, death in ipairs(to.deaths) do known[death.who] = true end
  for _, death in ipairs(from.deaths) do
    if not known[death.who] then out[#out + 1] = { who = death.who, what = "death", value = "", change = change } end
  end
  return out
end

--- What is no longer true and what is newly true: { {who=, what=, value=, change="gone" or "new"}, ... }
function impact.changes(before, after)
  local out = {}
  for _, list in ipairs { difference(before, after, "gone"), difference(after, before, "new"), deaths(before, after, "gone"),
    deaths(after, before, "new") } do
    for _, change in ipairs(list) do out[#out + 1] = change end
  end
  return out
end

local function sentence_about(change, scenes)
  local value, who = text.fold(change.value), text.fold(change.who)
  for _, sentence in ipairs(text.sentences(chapterfile.prose(scenes))) do
    local folded = text.fold(sentence)
    local names_it = value ~= "" and string.find(folded, value, 1, true)
    if names_it or (change.what == "death" and string.find(folded, who, 1, true)) then return sentence end
  end
  return nil
end

local function operation_about(change, sheet)
  for _, operation in ipairs(sheet.operations) do
    if text.fold(operation.value) == text.fold(change.value) and change.value ~= "" then return operation end
  end
  return nil
end

local function on_chapter(changes, number, sheet, scenes)
  local out = {}
  for _, change in ipairs(changes) do
    local operation = operation_about(change, sheet)
    local why = operation and facts.quoted(chapterfile.prose(scenes), operation.quote) and operation.quote or sentence_about(change, scenes)
    if (why or operation) and #out < most_per_chapter then
      out[#out + 1] = { chapter = number, who = change.who, what = change.what, value = change.value, change = change.change, why = why or "" }
    end
  end
  return out
end

--- The later chapters that mention what has changed, and where. Waits.
function impact.after(book, number, before, after)
  local changes, out = impact.changes(before, after), json.array {}
  if #changes == 0 then return out end
  for later = number + 1, book.chapters do
    local name = numbering.find("chapters", later)
    if name then
      local _, scenes = chapterfile.parse(artifact.get(name))
      local sheet = artifact.get(book:name("facts", later, "json")) or facts.pending(0)
      for _, entry in ipairs(on_chapter(changes, later, sheet, scenes)) do out[#out + 1] = entry end
    end
  end
  return out
end

return impact
