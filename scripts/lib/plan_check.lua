-- lib/plan_check.lua: a plan is held against what was written since it was made, before its chapter is paid for. Somebody who has died is not
-- planned to act: the planner is asked for the plan once more. A person's plan stays as it is, and he is told.
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local checks = require "lib.checks"
local evidence = require "lib.evidence"
local findings = require "lib.findings"
local plans = require "lib.plans"

local plan_check = {}

local plan_again = [[
You are the planner. The plan of chapter %d above was made before the chapters in front of it were written, and cannot stand as it is:

%s

Give it anew, in the same form and with as few changes as it takes. What the chapter has to do for the book it still does, by others or in
another way.]]

local function find(book, plan, dismissed)
  return findings.open(checks.run("plan", evidence.plan(book, plan), book.checks), dismissed)
end

local function certain(found)
  local out = {}
  for _, finding in ipairs(found) do
    if finding.certain then out[#out + 1] = findings.sentence(finding) end
  end
  return out
end

local function asked_again(book, prompt, plan, problems)
  local asked = prompt:copy():last("task", string.format(plan_again, plan.number, blocks.bullets(problems)))
  local new = calls.try_json(book, { role = "planner", blocks = asked:list(), max_words = 700, schema = plans.shape(book, plan.number, plan.number) })
  if not new then return nil end
  new.author = plan.author
  return plans.fit(plans.mend(new, plan.number, book), book)
end

--- The plan to write by, and what was found in it that stands. `prompt_of(plan)`: the beginning of a chapter's calls. Waits.
function plan_check.settled(book, plan, prompt_of)
  local name, dismissed = book:name("plans", plan.number, "json"), findings.read_dismissed()
  local found = find(book, plan, dismissed)
  local problems = certain(found)
  for _, problem in ipairs(problems) do log.info("%s: %s", name, problem) end
  if #problems > 0 and not (book.edited[name] or plan.author and plan.author ~= "") then
    local new = asked_again(book, prompt_of(plan), plan, problems)
    local again = new and find(book, new, dismissed)
    if new and #certain(again) == 0 then
      log.info("%s was planned again", name)
      artifact.put(name, new)
      return new, again
    end
  end
  for _, problem in ipairs(problems) do book:tell("the plan: " .. problem) end
  return plan, found
end

return plan_check
