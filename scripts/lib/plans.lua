-- lib/plans.lua: the plan of a chapter as a document (plans/03.json): its form, what code can check about it, and how it reads in
-- a prompt.
--
--   { number, title, purpose, viewpoint, day, flashback, recalls = {earlier chapters that it takes up}, author = the author's own words or nil,
--     scenes = { {goal, conflict, outcome, place, cast = {...}, words}, ... } }
--
-- A person may add fields; writers see them. What stands under `secret`, in a plan or a scene, is told only to those who write that chapter.
local fields = require "lib.fields"
local languages = require "lib.languages"
local names = require "lib.names"
local numbering = require "lib.numbering"
local schema = require "lib.schema"

local plans = {}

-- A scene of 400 to 900 words is what a model writes well in one go; a chapter's length is the number of its scenes.
local shortest_scene, longest_scene, usual_scene = 400, 900, 600

local plan_fields = { "number", "title", "purpose", "viewpoint", "day", "flashback", "recalls", "author", "scenes" }
local scene_fields = { "goal", "conflict", "outcome", "place", "cast", "words" }

--- How many scenes a chapter of so many words has: usual, fewest, most.
function plans.scene_count(words)
  local usual = math.max(1, (words + usual_scene // 2) // usual_scene)
  local fewest = math.max(1, (words + longest_scene - 1) // longest_scene)
  local most = math.max(1, words // shortest_scene)
  return usual, numbering.clamp(usual - 1, fewest, usual), numbering.clamp(usual + 1, usual, math.max(usual, most))
end

local function scene_shape(people, words)
  return schema.object {
    { "goal", schema.text(260, "who wants what in this scene") },
    { "conflict", schema.text(260, "who or what is in the way") },
    { "outcome", schema.text(260, "what is different afterwards") },
    { "place", schema.text(120) },
    { "cast", schema.list(schema.choice(people), 1, 8) },
    { "words", schema.integer(math.min(shortest_scene, words), longest_scene, "how long the scene shall be") } }
end

--- The form of one chapter's plan, for chapters first..last.
function plans.shape(book, first, last)
  local people = {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local _, fewest, most = plans.scene_count(book.words)
  return schema.object {
    { "number", schema.integer(first, last) },
    { "title", schema.text(120) },
    { "purpose", schema.text(400, "what the chapter does to the people and to the reader") },
    { "viewpoint", schema.choice(people, "through whose eyes") },
    { "day", schema.integer(0, 100000, "the story's day on which the chapter ends") },
    { "flashback", schema.flag("true if the chapter tells of an earlier time than the one before") },
    { "recalls", schema.list(schema.integer(1, math.max(1, last - 1)), 0, 2, "earlier chapters whose words its writer needs; usually none") },
    { "scenes", schema.list(scene_shape(people, book.words), fewest, most) } }
end

local function check_numbers(findings, chapters, first)
  for i, chapter in ipairs(chapters) do
    if chapter.number ~= first + i - 1 then
      findings[#findings + 1] = string.format("Chapter %d stands where chapter %d belongs; give each number once, in order.", chapter.number, first + i - 1)
    end
  end
end

local function check_titles(findings, chapters, titles)
  local seen = {}
  for _, title in ipairs(titles) do seen[text.fold(title)] = true end
  for _, chapter in ipairs(chapters) do
    local folded = text.fold(chapter.title)
    if seen[folded] then findings[#findings + 1] = string.format("The title \"%s\" is used twice in the book.", chapter.title) end
    seen[folded] = true
  end
end

local function check_scenes(findings, chapter)
  local seen = {}
  for i, scene in ipairs(chapter.scenes) do
    local key = text.fold(scene.goal .. scene.outcome)
    if seen[key] then findings[#findings + 1] = string.format("Chapter %d: scene %d wants and achieves the same as an earlier one.", chapter.number, i) end
    seen[key] = true
  end
end

--- Findings about the plans of a range; `titles` are those of the chapters before.
function plans.check(chapters, first, titles)
  local findings = {}
  check_numbers(findings, chapters, first)
  check_titles(findings, chapters, titles)
  for _, chapter in ipairs(chapters) do check_scenes(findings, chapter) end
  return findings
end

--- Scales the scenes' budgets so that together they make the chapter's length.
local function share_out_words(scenes, words)
  local sum = 0
  for _, scene in ipairs(scenes) do sum = sum + math.max(1, scene.words) end
  for _, scene in ipairs(scenes) do
    local share = math.max(1, scene.words) * words // sum
    scene.words = numbering.clamp(share, math.min(shortest_scene, math.max(1, words // #scenes)), longest_scene)
  end
end

--- Makes a plan workable, whoever wrote it: its number, and what it lacks. What stands in it stays.
function plans.mend(plan, number, book)
  for _, scene in ipairs(type(plan.scenes) == "table" and plan.scenes or {}) do
    scene.words = scene.words or math.max(1, book.words // #plan.scenes)
  end
  plan = schema.fill(plan, plans.shape(book, number, number))
  plan.number = number
  return plan
end

--- A model's plan besides: names in the cast's spelling, budgets that add up.
function plans.fit(plan, book)
  for _, scene in ipairs(plan.scenes) do
    for i, name in ipairs(scene.cast) do scene.cast[i] = names.of_cast(name, book.blueprint.cast) end
  end
  share_out_words(plan.scenes, book.words)
  return plan
end

local edited_shape = { type = "object", required = { "scenes" }, properties = {
  title = { type = "string" }, purpose = { type = "string" }, viewpoint = { type = "string" },
  scenes = { type = "array", minItems = 1, items = { type = "object", required = { "goal" }, properties = {
    goal = { type = "string", minLength = 1 }, conflict = { type = "string" }, outcome = { type = "string" }, place = { type = "string" },
    words = { type = "integer", minimum = 1 }, cast = { type = "array", items = { type = "string" } } } } } } }

--- A plan that a person edited: what is missing can be filled in, but not what is of the wrong kind, and there must be a scene to write.
function plans.check_edited(plan, name)
  local ok, why = json.check(plan, edited_shape)
  if ok then return end
  error({ kind = "script", message = string.format("the edited %s cannot be used: %s", name, why),
    hint = "mend it with `quire artifact edit`, then go on with `quire retry RUN --with artifacts`" })
end

--- Everyone who is in a chapter, in order of appearance, its viewpoint first.
function plans.people(plan)
  local out, seen = {}, {}
  local function add(name)
    if name ~= "" and not seen[name] then
      seen[name] = true
      out[#out + 1] = name
    end
  end
  add(plan.viewpoint)
  for _, scene in ipairs(plan.scenes) do
    for _, name in ipairs(scene.cast) do add(name) end
  end
  return out
end

--- One scene as a paragraph of a prompt. `language`: the book's, for who writes it; who plans does so in words.
function plans.scene_text(scene, i, language)
  return string.format("Scene %d (about %s). Place: %s. Present: %s. Goal: %s Conflict: %s Outcome: %s%s", i,
    languages.amount(language, scene.words), scene.place, table.concat(scene.cast, ", "),
    scene.goal, scene.conflict, scene.outcome, fields.tail(scene, scene_fields))
end

--- A plan as those see it who write the chapter before: without what is secret until then, and without the author's own words for it.
function plans.seen_before(plan, language)
  local open = { scenes = {} }
  for field, value in pairs(plan) do
    if field ~= "secret" and field ~= "author" and field ~= "scenes" then open[field] = value end
  end
  for i, scene in ipairs(plan.scenes) do
    open.scenes[i] = {}
    for field, value in pairs(scene) do
      if field ~= "secret" then open.scenes[i][field] = value end
    end
  end
  return plans.text(open, language)
end

--- The same where that chapter tells a secret: how it begins, and no more.
function plans.beginning(plan)
  local scene = plan.scenes[1]
  return string.format("Viewpoint: %s\nIts first scene. Place: %s. Present: %s.", plan.viewpoint, scene.place, table.concat(scene.cast, ", "))
end

--- A whole plan as part of a prompt; `language` as above.
function plans.text(plan, language)
  local out = { string.format("Title: %s\nPurpose: %s\nViewpoint: %s\nDay at its end: %d%s", plan.title, plan.purpose,
    plan.viewpoint, plan.day, plan.flashback and " (the chapter steps back in time)" or "") }
  for _, own in ipairs(fields.own(plan, plan_fields)) do out[#out + 1] = own end
  for i, scene in ipairs(plan.scenes) do out[#out + 1] = plans.scene_text(scene, i, language) end
  if plan.author and plan.author ~= "" then
    out[#out + 1] = "The author's own words for this chapter, which win over the plan:\n<<<\n" .. plan.author .. "\n>>>"
  end
  return table.concat(out, "\n")
end

return plans
