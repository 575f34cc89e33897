-- lib/checks.lua: what code can see in a piece of prose. No opinion, no model. A finding says what is wrong, where, and whether
-- it is certain; what is only suspected is put before the auditor.
--
--   { scene = 2, problem = "...", certain = true }
local paragraphs = require "lib.paragraphs"
local remarks = require "lib.remarks"
local tongue = require "lib.tongue"

local checks = {}

checks.shortest, checks.longest = 0.55, 1.6    -- of a scene's word budget
local chapter_shortest, chapter_longest = 0.7, 1.4
local too_alike = 0.6

--- The text up to its last finished sentence, its speech closed; "" when there is none.
function checks.trim_to_sentence(prose)
  local sentences = text.sentences(prose)
  for i = #sentences, 1, -1 do
    if paragraphs.complete(sentences[i]) then
      local at, from = nil, 1
      repeat
        local found, stop = string.find(prose, sentences[i], from, true)
        if found then at, from = stop, stop + 1 end
      until not found
      if at then return paragraphs.close_quotes(text.trim(string.sub(prose, 1, at))) end
    end
  end
  return ""
end

local holes = { "[insert", "[todo", "[placeholder", "[name]", "[continue", "[...]", "[…]", "lorem ipsum", "{{" }
local asides = { "as an ai", "language model", "to be continued", "in the next scene", "in the next chapter", "word budget" }

local function first_of(list, prose)
  local folded = text.fold(prose)
  for _, phrase in ipairs(list) do
    if string.find(folded, phrase, 1, true) then return phrase end
  end
  return nil
end

local function add(findings, scene, problem)
  findings[#findings + 1] = { scene = scene, problem = problem, certain = true }
end

--- Findings about one scene. `language`: of the book; nil: it may be any.
function checks.scene(prose, number, budget, language)
  local findings, words = {}, text.words(prose)
  local other = language and tongue.other(prose, language)
  if other then add(findings, number, string.format("The scene is written in %s, and the book in %s.", other, language.name)) end
  if words < budget * checks.shortest then
    add(findings, number, string.format("The scene is too thin: %d words of the %d that it was given.", words, budget))
  elseif words > budget * checks.longest then
    add(findings, number, string.format("The scene runs too long: %d words where %d were given.", words, budget))
  end
  if not paragraphs.complete(prose) then add(findings, number, "The scene breaks off in the middle of a sentence.") end
  local hole = first_of(holes, prose)
  if hole then add(findings, number, "The scene has a hole where text should be: \"" .. hole .. "\".") end
  local aside = first_of(asides, prose)
  aside = aside or remarks.suspected(prose)
  if aside then findings[#findings + 1] = { scene = number, problem = "Somebody may be talking about the task: \"" .. aside .. "\"." } end
  return findings
end

local function inner_repetition(findings, prose)
  for i, phrase in ipairs(text.repeated(prose, 6, 3)) do
    if i > 3 then break end
    findings[#findings + 1] = { problem = string.format("\"%s\" stands in the chapter %d times.", phrase.text, phrase.count) }
  end
end

local function likeness(findings, prose, recent)
  for _, earlier in ipairs(recent) do
    if text.similarity(prose, earlier.prose) > too_alike then
      findings[#findings + 1] = { problem = string.format("Much of the chapter repeats chapter %d, word by word.", earlier.number) }
    end
  end
end

--- Findings about a whole chapter: its scenes, its length, what it repeats, and what does not fit the state of the story.
function checks.chapter(scenes, plan, sheet, memory, language)
  local findings = {}
  for i, scene in ipairs(scenes) do
    for _, finding in ipairs(checks.scene(scene, i, plan.scenes[i].words, language)) do findings[#findings + 1] = finding end
  end
  local prose = table.concat(scenes, "\n\n")
  local words, budget = text.words(prose), 0
  for _, scene in ipairs(plan.scenes) do budget = budget + scene.words end
  if words < budget * chapter_shortest or words > budget * chapter_longest then
    findings[#findings + 1] = { certain = true, problem = string.format("The chapter has %d words; %d were planned.", words, budget) }
  end
  inner_repetition(findings, prose)
  likeness(findings, prose, memory.recent)
  for _, doubt in ipairs(memory.state:suspicions(sheet, plan)) do findings[#findings + 1] = { problem = doubt } end
  for _, doubt in ipairs(memory.names:suspicions(sheet.names)) do findings[#findings + 1] = { problem = doubt } end
  return findings
end

--- How many of the findings are certain.
function checks.faults(findings)
  local count = 0
  for _, finding in ipairs(findings) do
    if finding.certain then count = count + 1 end
  end
  return count
end

return checks
