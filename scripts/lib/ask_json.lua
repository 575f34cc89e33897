-- lib/ask_json.lua: what llm.ask_json does. Ask; take the JSON out of the answer; check it; ask for one repair; then try the role's next
-- model. A wrong answer is never an error of the prose: callers that must go on catch the error and go on.
--
-- When all of that failed, the error names the answers that were no good (`rejected`). A run that ends with it asks those questions anew
-- when it is retried; everything else that was answered stays.

local repair_prompt = [[
You answered this task before. That answer could not be used: {{why}}

Return the corrected JSON document only, with no other words around it. Keep everything that was right. Your answer was:

{{answer}}]]

local function read(answer, schema)
  local value, why = json.extract(answer.text)
  if value == nil then return nil, why end
  local ok, mismatch = json.check(value, schema)
  if not ok then return nil, mismatch end
  return value
end

local function with(ask, changes)
  local copy = {}
  for name, value in pairs(ask) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

-- The same question, so that providers find its prefix in their caches, with the failed answer behind it.
local function repair(ask, answer, why)
  local complaint = text.fill(repair_prompt, { why = why, answer = answer.text })
  local blocks = {}
  for i, block in ipairs(ask.blocks or { ask.prompt }) do blocks[i] = block end
  blocks[#blocks + 1] = complaint
  local question = with(ask, { key = (ask.key or "") .. "#repair", blocks = blocks })
  question.prompt = nil
  return question
end

return function(ask)
  if type(ask.schema) ~= "table" then error("llm.ask_json needs a schema", 3) end
  local why
  local rejected = {}
  for choice = 1, 2 do
    local question = choice == 1 and ask or with(ask, { model_choice = choice })
    local answer = llm.ask(question)
    local value
    value, why = read(answer, ask.schema)
    if value ~= nil then return value, answer end
    rejected[#rejected + 1] = answer.seq
    log.warn("the %s's answer could not be read (%s); asking for a repair", ask.role, why)
    answer = llm.ask(repair(question, answer, why))
    value, why = read(answer, ask.schema)
    if value ~= nil then return value, answer end
    rejected[#rejected + 1] = answer.seq
  end
  error({ kind = "provider", message = "no usable JSON from role '" .. ask.role .. "': " .. why, rejected = rejected })
end
