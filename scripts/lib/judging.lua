-- lib/judging.lua: the judges of a chapter. Each is a file of scripts/checks/ of kind "model": what it looks for, and whether it sees the story
-- (plan, facts, what was told so far) or nothing but the prose. Code brings what it has counted; a judge confirms or clears what is only
-- suspected, and adds what only a reader can see. A judge has to quote: a fault whose quotation is not in the chapter is dropped, so that an
-- invented fault costs no rewriting. After a revision a judge is asked what still stands.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local checks = require "lib.checks"
local facts = require "lib.facts"
local findings = require "lib.findings"
local schema = require "lib.schema"

local judging = {}

local most_suspicions = 12

local read_coldly = [[
You read this chapter with a cold eye, as its last editor. Do not praise; do not rewrite. Look for what a reader would stumble over:

%s

Code has these suspicions; say which of them are true faults, and in which scene:
%s

Then your own findings, at most %d, the gravest first. For each: the scene, a few words quoted exactly, what is wrong, how to mend
it. If nothing is worth another pass, the verdict is "accept" and the lists are empty.]]

local still_stands = [[
These faults were found in the scenes above:

%s

The scenes were changed since. This is how they read now:

%s

Which of the faults still stand in the new text? Which of the new scenes is worse than the old one: a mistake that was not there, a good
passage lost, a sentence that does not join? Usually none.]]

local function shape(scenes, suspicions, most)
  local confirmed = schema.object {
    { "suspicion", schema.integer(1, math.max(1, suspicions)) }, { "scene", schema.integer(1, scenes) } }
  local finding = schema.object {
    { "scene", schema.integer(1, scenes) }, { "quote", schema.text(200, "exact words of the scene") },
    { "problem", schema.text(300) }, { "fix", schema.note(300) } }
  return schema.object {
    { "verdict", schema.choice { "accept", "revise" } },
    { "confirmed", schema.list(confirmed, 0, suspicions, "suspicions that are true") },
    { "findings", schema.list(finding, 0, most) } }
end

local function numbered(list)
  local out = {}
  for i, finding in ipairs(list) do out[i] = i .. ". " .. blocks.fit(findings.sentence(finding), 400) end
  return #out > 0 and table.concat(out, "\n") or "none"
end

-- What this judge is asked about: suspicions of checks that see what it sees.
local function suspicions_for(list, sees)
  local out = {}
  for _, finding in ipairs(list) do
    local of = checks.load(finding.check).sees or "prose"
    if not finding.certain and of == sees and #out < most_suspicions then out[#out + 1] = finding end
  end
  return out
end

local function confirm(answer, suspected)
  for _, confirmed in ipairs(answer.confirmed) do
    local finding = suspected[confirmed.suspicion]
    if finding then
      finding.confirmed = true
      finding.scene = finding.scene or confirmed.scene
    end
  end
end

-- Its own findings whose words are in a scene; the scene is where they are, whatever it said.
local function take(answer, judge, scenes, it, found)
  for _, said in ipairs(answer.findings) do
    for i, scene in ipairs(scenes) do
      if facts.quoted(scene, said.quote) then
        said.scene, said.confirmed = i, true
        local finding = checks.finding(judge.name, judge.check, it, said)
        finding.confirmed = true
        found[#found + 1] = finding
        break
      end
    end
  end
end

--- Asks the judges that are on. `prompts` = { story =, prose = }: prompts that end with the scenes. Suspicions that are true are marked `confirmed`
--- in `suspected`. Returns the judges' own findings, and why one gave no verdict, or nil.
function judging.read(book, prompts, it, scenes, suspected, dismissed)
  local found, failed = {}, nil
  local meant = findings.dismissed_text(dismissed, it.number)
  for _, judge in ipairs(checks.active("chapter", "model", book.checks or {}, it.tag)) do
    local sees = judge.check.sees or "prose"
    local own, most = suspicions_for(suspected, sees), judge.check.most or 6
    local task_text = string.format(read_coldly, text.trim(judge.check.look_for), numbered(own), most)
    local asked = prompts[sees]:copy():last("task", meant ~= "" and meant .. "\n\n" .. task_text or task_text)
    local answer, err = calls.try_json(book, { role = "judge", blocks = asked:list(), max_words = 700, schema = shape(#scenes, #own, most) })
    if not answer then
      failed = err
    elseif answer.verdict == "revise" then
      confirm(answer, own)
      take(answer, judge, scenes, it, found)
    end
  end
  return found, failed
end

--- What still stands after a revision: the faults that do, and the scenes that got worse (a set). Nil and why when nobody could say.
--- `changed` = { [scene] = new prose }.
function judging.after(book, prompt, faults, changed)
  local shown, list = {}, {}
  for i in pairs(changed) do shown[#shown + 1] = i end
  table.sort(shown)
  for k, i in ipairs(shown) do shown[k] = string.format("Scene %d, new:\n<<<\n%s\n>>>", i, changed[i]) end
  for i, fault in ipairs(faults) do list[i] = string.format("%d. scene %d: %s", i, fault.scene, findings.sentence(fault)) end
  local asked = prompt:copy():last("task", string.format(still_stands, table.concat(list, "\n"), table.concat(shown, "\n\n")))
  local numbers = schema.list(schema.integer(1, #faults), 0, #faults, "numbers of the faults that still stand")
  local worse = schema.list(schema.integer(1, 99), 0, #shown, "scenes that are worse than before; usually none")
  local answer, err = calls.try_json(book, { role = "judge", blocks = asked:list(), max_words = 120,
    schema = schema.object { { "standing_problems", numbers }, { "new_problems", worse } } })
  if not answer then return nil, err end
  local standing, worse_scenes, seen = {}, {}, {}
  for _, n in ipairs(answer.standing_problems) do
    if faults[n] and not seen[n] then
      seen[n] = true
      standing[#standing + 1] = faults[n]
    end
  end
  for _, i in ipairs(answer.new_problems) do
    if changed[i] then worse_scenes[i] = true end
  end
  return standing, worse_scenes
end

return judging
