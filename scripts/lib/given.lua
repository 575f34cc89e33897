-- lib/given.lua: what the author brought along ("quire run ... --give blueprint=outline.md"). Every word of it stays: prompts
-- carry it whole, documents keep it beside what was added, and where it disagrees with itself the conflicts are listed.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local headings = require "lib.headings"
local numbering = require "lib.numbering"
local schema = require "lib.schema"

local given = {}

--- The author's document, or nil: { text = "as it was written", value = the table if it was JSON, from = {name} }. Waits.
function given.load(name)
  local content = artifact.get("given/" .. name)
  if content == nil then return nil end
  if type(content) == "table" then
    return { text = json.encode(content), value = content, from = { "given/" .. name } }
  end
  if text.trim(content) == "" then return nil end
  local value = string.match(content, "^%s*[%[{]") and json.extract(content)
  return { text = content, value = type(value) == "table" and value or nil, from = { "given/" .. name } }
end

local function is_object(value)
  return type(value) == "table" and #value == 0
end

local function find_by(list, key, wanted)
  for _, item in ipairs(list) do
    if text.fold(tostring(item[key])) == text.fold(tostring(wanted)) then return item end
  end
  return nil
end

local function overlay_list(ours, theirs, key)
  for _, item in ipairs(theirs) do
    local known = find_by(ours, key, item[key])
    if known then given.overlay(known, item) else ours[#ours + 1] = item end
  end
end

--- Lays the author's fields over a table of ours: what he wrote wins, what he left out stays. People are matched by name,
--- chapters by number.
function given.overlay(ours, theirs)
  for field, value in pairs(theirs) do
    local mine = ours[field]
    local first = type(value) == "table" and type(value[1]) == "table" and value[1] or {}
    local key = first.name and "name" or first.number and "number"
    if key and type(mine) == "table" then
      overlay_list(mine, value, key)
    elseif is_object(value) and is_object(mine) then
      given.overlay(mine, value)
    elseif value ~= json.null and value ~= "" then
      ours[field] = value
    end
  end
  return ours
end

--- The words in which prompts hand over the author's text.
function given.rule(document, what)
  if not document then return "" end
  return "The author has written the following " .. what .. " by hand. It stands word for word and wins over everything else: "
    .. "keep each name, event, order and phrase in it, add only what it leaves open.\n\n<<<\n" .. document.text .. "\n>>>"
end

-- The kinds of headings that can cut an outline, the clearest first. A document is cut by the first kind that it has, so that a
-- numbered list inside a chapter cuts nothing.
local kinds = {
  function(heading) return heading.unit == "chapter" and heading.marked end,
  function(heading) return heading.unit == "chapter" end,
  function(heading) return heading.marked and not heading.unit end,
  function(heading) return not heading.unit and not heading.indented end,
}

-- The lines that cut the document: {[line number] = chapter}, each chapter once.
local function cuts(lines, chapters)
  local read = {}
  for i, line in ipairs(lines) do
    local heading = headings.read(line)
    if heading and heading.number >= 1 and heading.number <= chapters then read[i] = heading end
  end
  for _, counts in ipairs(kinds) do
    local found, seen = {}, {}
    for i in ipairs(lines) do
      if read[i] and not seen[read[i].number] and counts(read[i]) then
        found[i], seen[read[i].number] = read[i].number, true
      end
    end
    if next(found) then return found end
  end
  return {}
end

-- `found_in(lines)`: {[line number] = number} of the lines that cut it. Returns the slices, and what stands before the first.
local function cut(document, found_in)
  local slices, current, before = {}, nil, {}
  if not document or document.value then return slices, "" end
  local lines = text.lines(document.text)
  local found = found_in(lines)
  for i, line in ipairs(lines) do
    if found[i] then
      current = found[i]
      slices[current] = line
    elseif current then
      slices[current] = slices[current] .. "\n" .. line
    else
      before[#before + 1] = line
    end
  end
  for number, slice in pairs(slices) do slices[number] = text.trim(slice) end
  return slices, text.trim(table.concat(before, "\n"))
end

--- Cuts an outline at its numbered headings ("## Chapter 3", "Capítulo Dos", "3. The Storm", "第三章"): slices[3] is the author's text
--- for chapter 3, heading included. Chapters without a heading have no slice.
function given.slices(document, chapters)
  return (cut(document, function(lines) return cuts(lines, chapters) end))
end

--- Cuts the outline of a series at the headings of its books ("Book 2: Ebb", "第二卷"), each book once. Also returns what stands before the
--- first of them, which is common to all.
function given.books(document, count)
  return cut(document, function(lines)
    local found, seen = {}, {}
    for i, line in ipairs(lines) do
      local number = headings.book(line)
      if number and number >= 1 and number <= count and not seen[number] then found[i], seen[number] = number, true end
    end
    return found
  end)
end

local conflict = schema.object {
  { "quote", schema.text(300, "the author's own words, exactly") },
  { "problem", schema.text(400, "what it disagrees with, and where") },
  { "suggestion", schema.note(400, "what the author could change") },
}

--- Lists where the author's text disagrees with itself or with what was made of it. Never changes anything. Waits.
function given.conflicts(book, document, name, made)
  local prompt = blocks.new()
    :stable("author", given.rule(document, name), document.from)
    :stable("made", "What was made of it:\n\n" .. made)
    :last("task", [[
Compare the two. List every place where the author's own text contradicts itself, or where what was made of it departs from it.
Give the author's exact words, say what they clash with, and suggest a way out. Do not list matters of taste, nor what the author
merely left open. An empty list is a good answer. Answer in ]] .. book.language.name .. ".")
  local answer, err = calls.try_json(book, { role = "judge", blocks = prompt:list(), max_words = 900,
    schema = schema.object { { "conflicts", schema.list(conflict, 0, 20) } } })
  local found = answer and answer.conflicts or json.array {}
  artifact.put("conflicts/" .. name .. ".json", { about = "given/" .. name, conflicts = found, unchecked = err })
  if #found > 0 then log.warn("the given %s and what was made of it clash in %s: conflicts/%s.json", name, numbering.count(#found, "place"), name) end
  return found
end

return given
