-- lib/ask_json.lua: what llm.ask_json does. Ask; take the JSON out of the answer; check it; ask for one repair, or for the rest of an answer that
-- was cut off; then try the role's next model. A wrong answer is never an error of the prose: callers that must go on catch the error and go on.
--
-- When all of that failed, the error names the answers that were no good (`rejected`). A run that ends with it asks those questions anew
-- when it is retried; everything else that was answered stays.

local nearly = require "lib.nearly"
local rest = require "lib.rest"

local DEFAULT_WORDS, MORE_ROOM, MOST_WORDS = 1200, 3, 24000
local MOST_PIECES = 12
local TOKENS_A_WORD = 3 -- the host gives an answer so many

local repair_prompt = [[
You answered this task before. That answer could not be used: {{why}}

Return the corrected JSON document only, with no other words around it. Keep everything that was right. Your answer was:

{{answer}}]]

local rest_prompt = [[
You answered this task before, and the end of your answer was cut off. This much of it arrived whole and is kept:

{{kept}}

Give what is missing, as one JSON document with nothing around it, that has these fields only: {{names}}. Do not repeat what is kept, and do not
contradict it.{{goes_on}}]]

local list_goes_on = " Of '{{name}}' {{count}} are kept: give those that come behind them; an empty list when there are none."

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

-- The same question, so that providers find its prefix in their caches, with more said behind it.
local function followed_by(ask, words, changes)
  local blocks = {}
  for i, block in ipairs(ask.blocks or { ask.prompt }) do blocks[i] = block end
  blocks[#blocks + 1] = words
  local question = with(ask, changes)
  question.prompt, question.blocks = nil, blocks
  return question
end

local function repair(ask, answer, why)
  local complaint = text.fill(repair_prompt, { why = why, answer = answer.text })
  return followed_by(ask, complaint, { key = (ask.key or "") .. "#repair" })
end

local function rest_of(ask, kept, open, shape, piece)
  local goes_on = kept[open] and shape.properties[open]
    and text.fill(list_goes_on, { name = open, count = tostring(#kept[open]) }) or ""
  local words = text.fill(rest_prompt, { kept = json.encode(kept), names = table.concat(shape.required, ", "), goes_on = goes_on })
  return followed_by(ask, words, { key = (ask.key or "") .. "#rest-" .. piece, schema = shape })
end

-- A server that ends answers at a limit of its own: what it gave is far less than it was given room for.
local function at_its_own_limit(ask, answer)
  return answer.usage.output * 2 < (ask.max_words or DEFAULT_WORDS) * TOKENS_A_WORD
end

-- The rest of a document that was cut off, piece by piece, as long as each brings something new. Nil and why when it does not come whole.
local function in_pieces(ask, kept, open)
  local answer
  for piece = 1, MOST_PIECES do
    local shape = rest.schema(ask.schema, kept, open)
    if not shape then break end
    log.warn("the %s's answer was cut off; asking for the rest of it: %s", ask.role, table.concat(shape.required, ", "))
    answer = llm.ask(rest_of(ask, kept, open, shape, piece))
    local was_cut = answer.stop == "length"
    local more, goes_on
    if was_cut then
      more, goes_on = rest.kept(answer.text)
    else
      local value = json.extract(answer.text)
      more = value and nearly.fit(value, shape)
    end
    local grew = more and rest.join(kept, open, more)
    local ended = more and open and not was_cut -- nothing comes behind the list's last item
    if not grew and not ended then break end
    open = goes_on
  end
  local fitted, _, mismatch = nearly.fit(kept, ask.schema)
  return fitted, answer, mismatch
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
  -- In pieces, if anything of it came whole.
  local function try_rest(question, answer)
    local kept, open = rest.kept(answer.text)
    if not kept then return nil, answer end
    local value, last, mismatch = in_pieces(question, kept, open)
    why = mismatch or why
    return value, last or answer
  end
  for choice = 1, 2 do
    local question = choice == 1 and ask or with(ask, { model_choice = choice })
    local value, answer = try(question)
    if value ~= nil then return value, answer end
    if cut and at_its_own_limit(question, answer) then
      value, answer = try_rest(question, answer)
      if value ~= nil then return value, answer end
    end
    local again = cut and with_room(question)
    if again then
      log.warn("the %s had no room to finish its answer; asking again with more", ask.role)
    else
      log.warn("the %s's answer could not be read (%s); asking for a repair", ask.role, why)
      again = repair(question, answer, why)
    end
    value, answer = try(again)
    if value == nil and cut then value, answer = try_rest(question, answer) end
    if value ~= nil then return value, answer end
  end
  error({ kind = "provider", message = "no usable JSON from role '" .. ask.role .. "': " .. why, rejected = rejected })
end
