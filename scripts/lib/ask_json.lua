-- lib/ask_json.lua: what llm.ask_json does. Ask; take the JSON out of the answer; check it; ask for one repair; then try the role's next
-- model. A wrong answer is never an error of the prose: callers that must go on catch the error and go on.

local repair_prompt = [[
Your answer to the task below could not be used: {{why}}

Return the corrected JSON document only, with no other words around it. Keep everything that was right.

Your answer was:
{{answer}}

The task was:
{{task}}]]

local function read(answer, schema)
  local value, why = json.extract(answer.text)
  if value == nil then return nil, why end
  local ok, mismatch = json.check(value, schema)
  if not ok then return nil, mismatch end
  return value
end

-- The whole prompt again, for the repair: a model repairs badly without the question.
local function task_text(ask)
  if ask.prompt then return ask.prompt end
  local parts = {}
  for i, block in ipairs(ask.blocks) do parts[i] = type(block) == "table" and block.text or block end
  return table.concat(parts, "\n\n")
end

local function with(ask, changes)
  local copy = {}
  for name, value in pairs(ask) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function repair(ask, answer, why)
  local fixed = with(ask, { key = (ask.key or "") .. "#repair",
    prompt = text.fill(repair_prompt, { why = why, answer = answer.text, task = task_text(ask) }) })
  fixed.blocks = nil
  return fixed
end

return function(ask)
  if type(ask.schema) ~= "table" then error("llm.ask_json needs a schema", 3) end
  local why
  for choice = 1, 2 do
    local question = choice == 1 and ask or with(ask, { model_choice = choice })
    local answer = llm.ask(question)
    local value
    value, why = read(answer, ask.schema)
    if value ~= nil then return value, answer end
    log.warn("the %s's answer could not be read (%s); asking for a repair", ask.role, why)
    answer = llm.ask(repair(question, answer, why))
    value, why = read(answer, ask.schema)
    if value ~= nil then return value, answer end
  end
  error({ kind = "provider", message = "no usable JSON from role '" .. ask.role .. "': " .. why, retryable = true })
end
