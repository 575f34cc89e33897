-- lib/examining.lua: a chapter is looked at and mended before it is saved. Nothing is lost on the way: a new version of a scene counts only if it
-- is whole and by no count worse, and what is not mended is told.
--
--   code looks (lib/checks.lua) -> the judges (lib/judging.lua) -> rounds: repairs by exact words, or a scene anew -> what still stands?
--
-- The rounds end when nothing stands, when one mends nothing (a plateau), when they are used up, or before the budget would be.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local checks = require "lib.checks"
local evidence = require "lib.evidence"
local extract = require "lib.extract"
local facts = require "lib.facts"
local findings = require "lib.findings"
local judging = require "lib.judging"
local languages = require "lib.languages"
local numbering = require "lib.numbering"
local paragraphs = require "lib.paragraphs"
local prompts = require "lib.prompts"
local repairs = require "lib.repairs"
local schema = require "lib.schema"
local tongue = require "lib.tongue"

local examining = {}

local shortest, longest = 0.55, 1.6    -- of a scene's word budget; what a new version has to keep to
local most_edits = 12

local revise_scene = [[
You are the writer. Write scene %d again, whole, in about %s, in %s. These faults were found in it:

%s

Mend each of them where it is; change nothing that is good, and keep what happens, who knows what, and how it ends, unless a fault
says otherwise. Only the new scene's prose.]]

local repair_scene = [[
You are the writer. These faults were found in scene %d above:

%s

Mend each with as few words as it takes, in %s. For each change give the exact words of the scene that go, so many that they stand there only
once, and what stands there instead; nothing instead is a cut. The scene must read on without a break. All else stays as it is.]]

local function edits_shape()
  return schema.object { { "edits", schema.list(schema.object {
    { "old", schema.text(800, "exact words of the scene") }, { "new", schema.note(800, "what stands there instead; empty: a cut") } }, 1, most_edits) } }
end

------------------------------------------------------------------------------------------------------------------ looking

--- All that code finds in a chapter.
local function look(book, plan, scenes, sheet)
  local it, out = evidence.chapter(book, plan, scenes, sheet), {}
  for i in ipairs(scenes) do
    for _, finding in ipairs(checks.run("scene", evidence.scene(it, i), book.checks)) do out[#out + 1] = finding end
  end
  for _, finding in ipairs(checks.run("chapter", it, book.checks)) do out[#out + 1] = finding end
  return out, it
end

local function look_at_scene(book, it, i, prose)
  local copy = { scenes = { [i] = prose } }
  for field, value in pairs(it) do copy[field] = copy[field] or value end
  return checks.run("scene", evidence.scene(copy, i), book.checks)
end

--- A new version counts only if it is whole, in the book's language, of the right length and by code's count no worse.
local function counts(book, it, new, old, i)
  local budget = it.plan.scenes[i].words
  local words = text.words(new)
  return new ~= old and paragraphs.complete(new) and not tongue.other(new, it.language)
    and words >= math.min(budget * shortest, text.words(old)) and words <= math.max(budget * longest, text.words(old))
    and #look_at_scene(book, it, i, new) <= #look_at_scene(book, it, i, old)
end

------------------------------------------------------------------------------------------------------------------ mending

local function sentences_of(faults)
  local out = {}
  for i, fault in ipairs(faults) do out[i] = findings.sentence(fault) end
  return blocks.bullets(out)
end

-- Faults that all quote their words are mended there.
local function is_local(faults, scene)
  for _, fault in ipairs(faults) do
    if (fault.quote or "") == "" or not string.find(text.fold(scene), text.fold(fault.quote), 1, true) then return false end
  end
  return true
end

local function repaired(book, whole, scene, i, faults)
  local asked = whole:copy():last("task", string.format(repair_scene, i, sentences_of(faults), book.language.name))
  local answer = calls.try_json(book, { role = "writer", blocks = asked:list(), max_words = 200 + 60 * #faults, schema = edits_shape() })
  return (repairs.apply(scene, answer and answer.edits or {}))
end

local function rewritten(book, whole, plan, i, faults)
  local words = plan.scenes[i].words
  local asked = whole:copy():last("task", string.format(revise_scene, i, languages.amount(book.language, words), book.language.name, sentences_of(faults)))
  local answer = calls.try_prose(book, { role = "writer", blocks = asked:list(), max_words = words * 8 // 5 + 60 })
  return answer and answer.stop == "end" and book:prose_of(answer, "scene " .. i .. ", revised") or ""
end

-- What code found by its words and still finds there is not mended, whatever a judge says of it.
local function holds(prose, fault)
  return not fault.judged and (fault.quote or "") ~= "" and facts.quoted(prose, fault.quote)
end

local function holds_any(prose, faults)
  for _, fault in ipairs(faults) do
    if holds(prose, fault) then return true end
  end
  return false
end

-- The new versions of this round that count, by scene: repairs first, and the whole scene where they do not help.
local function new_versions(book, whole, it, scenes, faults)
  local out, any = {}, false
  for i, scene in ipairs(scenes) do
    local own = {}
    for _, fault in ipairs(faults) do
      if fault.scene == i then own[#own + 1] = fault end
    end
    local new = #own > 0 and is_local(own, scene) and repaired(book, whole, scene, i, own) or scene
    if #own > 0 and (new == scene or holds_any(new, own) or not counts(book, it, new, scene, i)) then new = rewritten(book, whole, it.plan, i, own) end
    if #own > 0 and counts(book, it, new, scene, i) then out[i], any = new, true end
  end
  return out, any
end

-- What this round would take, told before it starts; false when the budget does not have it.
local function afford(book, plan, round, rounds, faults)
  local scenes, n = {}, 0
  for _, fault in ipairs(faults) do
    if not scenes[fault.scene] then n = n + 1 end
    scenes[fault.scene] = true
  end
  local spent = run.budget()
  local a_call = spent.calls > 0 and spent.cost / spent.calls or 0
  local asked, price = n + 2, (n + 2) * a_call
  log.info("Chapter %d, revision %d of at most %d: %s in %s, about %d calls, about $%.2f; $%.2f are spent", plan.number, round, rounds,
    numbering.count(#faults, "fault"), numbering.count(n, "scene"), asked, price, spent.cost)
  local limit = spent.cost_limit or 0
  return limit <= 0 or spent.cost + price <= limit
end

-- Faults of scenes that did not change stand; of the others a judge says which do. Reverts what became worse.
local function settle(book, whole, faults, changed)
  local asked_about, standing = {}, {}
  for _, fault in ipairs(faults) do
    local list = changed[fault.scene] and asked_about or standing
    list[#list + 1] = fault
  end
  local still, worse = judging.after(book, whole, asked_about, changed)
  if not still then return standing, "what the revision mended was not looked at again: " .. worse end
  for _, fault in ipairs(asked_about) do
    local stands = worse[fault.scene] ~= nil or holds(changed[fault.scene], fault)
    for _, one in ipairs(still) do stands = stands or one == fault end
    if stands then standing[#standing + 1] = fault end
  end
  for i in pairs(worse) do changed[i] = nil end
  return standing
end

-- Mends what was found, in rounds. Returns the scenes, the faults that stand, what to tell besides, and whether anything changed.
local function mend(book, prompt_of, it, scenes, faults)
  local rounds, told, any = book.input.revisions or 2, {}, false
  for round = 1, rounds do
    if #faults == 0 then break end
    if not afford(book, it.plan, round, rounds, faults) then
      told[#told + 1] = "was not revised further: the budget would not have had it"
      break
    end
    if not book:optional(string.format("revision %d of chapter %d", round, it.plan.number)) then
      told[#told + 1] = "was not revised further: skipped, to keep within the budget"
      break
    end
    local whole = prompt_of(scenes)
    local changed, possible = new_versions(book, whole, it, scenes, faults)
    if not possible then break end
    local standing, why = settle(book, whole, faults, changed)
    if why then told[#told + 1] = why end
    local next_scenes = {}
    for i, scene in ipairs(scenes) do
      next_scenes[i] = changed[i] or scene
      any = any or changed[i] ~= nil
    end
    scenes = next_scenes
    if #standing >= #faults then break end
    faults = standing
  end
  return scenes, faults, told, any
end

------------------------------------------------------------------------------------------------------------- the chapter

-- A certain fault of the chapter is mended in the scene that holds its words.
local function placed(list, scenes)
  for _, finding in ipairs(list) do
    for i, scene in ipairs(finding.certain and not finding.scene and (finding.quote or "") ~= "" and scenes or {}) do
      if facts.quoted(scene, finding.quote) then
        finding.scene = i
        break
      end
    end
  end
  return list
end

local function faults_of(list)
  local out = {}
  for _, finding in ipairs(list) do
    if finding.scene and (finding.certain or finding.confirmed) then out[#out + 1] = finding end
  end
  return out
end

-- Of what two judges say of the same words, one is mended.
local function without_same_words(faults)
  local out, seen = {}, {}
  for _, fault in ipairs(faults) do
    local key = fault.quote ~= "" and fault.scene .. text.fold(fault.quote)
    if not key or not seen[key] then out[#out + 1] = fault end
    if key then seen[key] = true end
  end
  return out
end

-- What stands in the end: what code still finds in the text, what judges found and was not mended.
local function open_findings(list, standing, changed)
  local out, stands = {}, {}
  for _, fault in ipairs(standing) do stands[fault.key] = true end
  for _, finding in ipairs(list) do
    if not finding.judged then out[#out + 1] = finding end
  end
  for _, fault in ipairs(standing) do
    if fault.judged then out[#out + 1] = fault end
  end
  for _, finding in ipairs(out) do finding.confirmed = stands[finding.key] or not changed and finding.confirmed or nil end
  return findings.without_doubles(out)
end

local function sentences(list, unverified)
  local out, seen = {}, {}
  local function add(sentence)
    if not seen[sentence] then out[#out + 1] = sentence end
    seen[sentence] = true
  end
  for _, finding in ipairs(list) do
    if finding.certain or finding.confirmed then
      add((finding.scene and "scene " .. finding.scene .. ": " or "") .. findings.sentence(finding))
    end
  end
  for _, problem in ipairs(unverified) do add(problem) end
  return out
end

--- Reads, checks, judges and if need be mends a chapter's scenes. `shared` is the chapter's beginning, `prompt` the writer's, `with_scenes` adds
--- scenes to either. Returns what is worth saving.
function examining.chapter(book, shared, prompt, plan, scenes, with_scenes)
  local dismissed = findings.read_dismissed()
  local read = extract.chapter(book, with_scenes(shared, scenes), plan, scenes)
  local found, it = look(book, plan, scenes, read.sheet)
  found = findings.open(found, dismissed)
  local views = { story = with_scenes(prompt, scenes), prose = with_scenes(prompts.base(book), scenes) }
  local judged, failed = {}, "skipped, to keep within the budget"
  if book:optional(string.format("the audit of chapter %d", plan.number)) then
    judged, failed = judging.read(book, views, it, scenes, found, dismissed)
  end
  for _, finding in ipairs(findings.open(judged, dismissed)) do found[#found + 1] = finding end
  local faults = without_same_words(faults_of(placed(found, scenes)))
  local revised, standing, told, changed = mend(book, function(now) return with_scenes(prompt, now) end, it, scenes, faults)
  if changed then
    local again = extract.chapter(book, with_scenes(shared, revised), plan, revised)
    if not again.sheet.pending then read = again else told[#told + 1] = "facts and summary are those of the text before its revision" end
    local now = findings.open((look(book, plan, revised, read.sheet)), dismissed)
    for _, finding in ipairs(found) do
      if finding.judged then now[#now + 1] = finding end
    end
    found = now
  end
  local open = open_findings(found, standing, changed)
  for _, problem in ipairs(book:take_told()) do told[#told + 1] = problem end
  if read.sheet.pending then told[#told + 1] = "facts pending: " .. read.sheet.reason end
  if failed then told[#told + 1] = "audit pending: " .. failed end
  return { number = plan.number, title = plan.title, scenes = revised, sheet = read.sheet, summary = read.summary, findings = open,
    issues = sentences(open, told), revised = changed }
end

--- Mends these faults, each with its scene, once and unasked. `chapter`: {scenes=, sheet=}. Returns the scenes, or nil when nothing changed.
function examining.mended(book, prompt, plan, chapter, faults, with_scenes)
  local it, out = evidence.chapter(book, plan, chapter.scenes, chapter.sheet), {}
  local changed, any = new_versions(book, with_scenes(prompt, chapter.scenes), it, chapter.scenes, faults)
  for i, scene in ipairs(chapter.scenes) do out[i] = changed[i] or scene end
  return any and out or nil
end

--- What code finds in a chapter that a person wrote.
function examining.look(book, plan, scenes, sheet)
  return findings.open((look(book, plan, scenes, sheet)), findings.read_dismissed())
end

return examining
