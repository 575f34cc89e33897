-- lib/ask_json.lua: what llm.ask_json does. Ask; take the JSON out of the answer; check it; ask for one repair; then try the role's next
-- model. A wrong answer is never an error of the prose: callers that must go on catch the error and go on.
--
-- When all of that failed, the error names the answers that were no good (`rejected`). A run that ends with it asks those questions anew
-- when it is retried; everything else that was answered stays.

local nearly = require "lib.nearly"

local DEFAULT_WORDS, MORE_ROOM, MOST_WORDS = 1200, 3, 24000

local repair_prompt = [[
You answered this task before. That answer could not be used: {{why}}

Return the corrected JSON document only, with no other words around it. Keep everything that was right. Your answer was:

{{answer}}]]

-- The document, or nil, why not, and whether it ended where there was no more room for it.
local function read(answer, schema, role)
  local value, why = json.extract(answer.text)
  if value == nil then return nil, why, answer.stop == "length" end
  local fitted, mends, mismatch = nearly.fit(value, schema)
  if fitted == nil then return nil, mismatch, answer.stop == "length" end
  if #mends > 0 then log.info("the %s's answer was mended: %s", role, table.concat(mends, "; ", 1, math.min(#mends, 5))) end
  return fitted
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

-- What was cut off for want of room is no mistake that a repair could mend: it is asked again with more.
local function with_room(ask)
  local words = ask.max_words or DEFAULT_WORDS
  if words >= MOST_WORDS then return nil end
  return with(ask, { key = (ask.key or "") .. "#room", max_words = math.min(words * MORE_ROOM, MOST_WORDS) })
end

return function(ask)
  if type(ask.schema) ~= "table" then error("llm.ask_json needs a schema", 3) end
  local why, cut
  local rejected = {}
  local function try(question)
    local answer = llm.ask(question)
    local value
    value, why, cut = read(answer, ask.schema, ask.role)
    if value == nil then rejected[#rejected + 1] = answer.seq end
    return value, answer
  end
  for choice = 1, 2 do
    local question = choice == 1 and ask or with(ask, { model_choice = choice })
    local value, answer = try(question)
    if value ~= nil then return value, answer end
    local again = cut and with_room(question)
    if again then
      log.warn("the %s had no room to finish its answer; asking again with more", ask.role)
    else
      log.warn("the %s's answer could not be read (%s); asking for a repair", ask.role, why)
      again = repair(question, answer, why)
    end
    value, answer = try(again)
    if value ~= nil then return value, answer end
  end
  error({ kind = "provider", message = "no usable JSON from role '" .. ask.role .. "': " .. why, rejected = rejected })
end
