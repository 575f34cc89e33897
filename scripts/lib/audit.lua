-- lib/audit.lua: one cold reading of a chapter. Code brings what it has counted; the judge confirms or clears what is only
-- suspected, and adds what only a reader can see. A judge has to quote: a fault whose quotation is not in the chapter is dropped,
-- so that an invented fault costs no rewriting.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local facts = require "lib.facts"
local schema = require "lib.schema"

local audit = {}

local read_coldly = [[
You read this chapter with a cold eye, as its last editor. Do not praise; do not rewrite. Look for what a reader would stumble over:

- against the plan, the bible or the story so far: who is where, holds what, knows what, is alive; what day it is; names
- explanation of what the scene has already shown, and closing sentences that say what it meant
- ready-made phrases and images, the same gesture or construction again, sentences that all move alike
- vagueness where a particular thing should stand; ornament where a plain word should
- people who all speak alike, or who tell each other what both know
- a scene whose outcome does not happen on the page

Code has these suspicions; say which of them are true faults, and in which scene:
%s

Then your own findings, at most six, the gravest first. For each: the scene, a few words quoted exactly, what is wrong, how to mend
it. If nothing is worth another pass, the verdict is "accept" and the lists are empty.]]

local function shape(scenes, suspicions)
  local confirmed = schema.object {
    { "suspicion", schema.integer(1, math.max(1, suspicions)) }, { "scene", schema.integer(1, scenes) } }
  local finding = schema.object {
    { "scene", schema.integer(1, scenes) }, { "quote", schema.text(200, "exact words of the scene") },
    { "problem", schema.text(300) }, { "fix", schema.note(300) } }
  return schema.object {
    { "verdict", schema.choice { "accept", "revise" } },
    { "confirmed", schema.list(confirmed, 0, suspicions, "suspicions that are true") },
    { "findings", schema.list(finding, 0, 6) } }
end

--- A finding as one sentence for a prompt or a list.
function audit.sentence(finding)
  local out = finding.problem
  if finding.quote and finding.quote ~= "" then out = "\"" .. finding.quote .. "\": " .. out end
  if finding.fix and finding.fix ~= "" then out = out .. " " .. finding.fix end
  return out
end

--- Adds the promises that fell due and were not seen to be paid.
function audit.with_promises(findings, due, sheet)
  if sheet.pending then return findings end
  local paid = {}
  for _, id in ipairs(sheet.paid) do paid[id] = true end
  for _, promise in ipairs(due) do
    if not paid[promise.id] then
      findings[#findings + 1] = { problem = string.format("The promise %s falls due here and seems unpaid: %s", promise.id, promise.text) }
    end
  end
  return findings
end

local function split(findings)
  local certain, suspected = {}, {}
  for _, finding in ipairs(findings) do
    if finding.certain then certain[#certain + 1] = finding else suspected[#suspected + 1] = finding end
  end
  while #suspected > 12 do table.remove(suspected) end
  return certain, suspected
end

local function numbered(suspected)
  local out = {}
  for i, finding in ipairs(suspected) do out[i] = i .. ". " .. blocks.fit(audit.sentence(finding), 400) end
  return #out > 0 and table.concat(out, "\n") or "none"
end

local function confirmed_by(answer, suspected, placed)
  for _, confirmed in ipairs(answer.confirmed) do
    local finding = suspected[confirmed.suspicion]
    if finding and not finding.confirmed then
      finding.confirmed = true
      placed[#placed + 1] = { scene = finding.scene or confirmed.scene, problem = finding.problem }
    end
  end
end

local function quoted_by(answer, scenes, placed)
  for _, finding in ipairs(answer.findings) do
    for i, scene in ipairs(scenes) do
      if facts.quoted(scene, finding.quote) then
        finding.scene = i
        placed[#placed + 1] = finding
        break
      end
    end
  end
end

--- Returns { findings = those that a revision should mend, each with its scene, unplaced = those of the whole chapter,
--- failed = why there was no audit, or nil }.
function audit.chapter(book, prompt, plan, scenes, findings)
  local certain, suspected = split(findings)
  local placed, unplaced = {}, {}
  for _, finding in ipairs(certain) do
    if finding.scene then placed[#placed + 1] = finding else unplaced[#unplaced + 1] = finding end
  end
  local asked = prompt:copy():last("task", string.format(read_coldly, numbered(suspected)))
  local answer, err = calls.try_json(book, { role = "judge", blocks = asked:list(), max_words = 700,
    schema = shape(#plan.scenes, #suspected) })
  if not answer then return { findings = placed, unplaced = unplaced, failed = err } end
  if answer.verdict == "revise" then
    confirmed_by(answer, suspected, placed)
    quoted_by(answer, scenes, placed)
  end
  return { findings = placed, unplaced = unplaced }
end

--- A list of sentences, each once.
function audit.without_doubles(list)
  local out, seen = {}, {}
  for _, sentence in ipairs(list) do
    if not seen[sentence] then
      seen[sentence] = true
      out[#out + 1] = sentence
    end
  end
  return out
end

return audit
