-- lib/calls.lua: model calls as the phases use them. Adds what every phase wants: the models that answered are noted for the
-- publishing sheet, and a failure of a helper (extractor, judge) can be a value, so that it never costs a chapter.
--
--   local answer = calls.prose(book, { role = "writer", blocks = ..., max_words = 800 })
--   local idea = calls.whole(book, { role = "planner", ... })                -- its text; what a limit cut off is asked for too
--   local plan = calls.json(book, { role = "planner", blocks = ..., schema = ... })
--   local facts, err = calls.try_json(book, { role = "extractor", ... })      -- nil, "why" when every model failed
local paragraphs = require "lib.paragraphs"
local refusals = require "lib.refusals"

local calls = {}

local MOST_PIECES = 4

local go_on = [[
You answered this task before, and the end of your answer was cut off. This much of it arrived:

%s

Write what is missing, beginning right after its last sentence. Repeat nothing, and say nothing beside it.]]

local function note(book, role, answer)
  local by_role = book.models[role] or {}
  by_role[answer.model] = true
  book.models[role] = by_role
  if answer.rehearsal or string.find(answer.model, "^rehearsal/") then book.rehearsal = true end
end

-- Who takes down what stands there, or compares, needs little thought; asked for none, some models would think longer than a chapter takes.
local little = { extractor = true, judge = true }

local function measured(ask)
  if little[ask.role] then ask.reasoning = ask.reasoning or "little" end
  return ask
end

local function with_next_model(ask)
  local copy = {}
  for name, value in pairs(ask) do copy[name] = value end
  copy.model_choice = (ask.model_choice or 1) + 1
  return copy
end

local function refused(ask, answer, grade, said)
  log.warn("the %s (%s) %s: %s", ask.role, answer.model, grade == "certain" and "refused" or "may have refused", said)
end

-- An answer that may be a refusal, and may be prose: it is kept, and a person is told.
local function keep(book, ask, doubtful)
  note(book, ask.role, doubtful.answer)
  book:issue(ask.role, string.format("may have refused, or told a story of somebody who does; its answer was kept: \"%s\"", doubtful.said))
  return doubtful.answer
end

-- Free text by `call` (llm.ask or llm.try_ask). A refusal in words is asked of the role's next model; nil and an error when that refuses too.
-- What is only possibly a refusal is asked again as well, but it ends nothing: the longer of such answers is kept.
local function prose_by(call, book, ask)
  local rejected, doubtful, last = {}, nil, nil
  for _, question in ipairs { measured(ask), with_next_model(ask) } do
    local answer, err = (doubtful and llm.try_ask or call)(question)
    if not answer and not doubtful then return nil, err end
    if not answer then break end
    local grade, said = refusals.of(answer.text, ask.max_words)
    if not grade then
      note(book, ask.role, answer)
      return answer
    end
    refused(ask, answer, grade, said)
    if grade == "certain" then
      rejected[#rejected + 1], last = answer.seq, said
    elseif not doubtful or text.length(answer.text) > text.length(doubtful.answer.text) then
      doubtful = { answer = answer, said = said }
    end
  end
  if doubtful then return keep(book, ask, doubtful) end
  return nil, { kind = "provider", rejected = rejected, message = string.format("the %s refused twice, in words instead of text: \"%s\". "
    .. "Give the role another model or change what is asked, then retry the run.", ask.role, last) }
end

--- Free text. Raises when no model of the role could answer, or when two refused.
function calls.prose(book, ask)
  local answer, err = prose_by(llm.ask, book, ask)
  if not answer then error(err, 0) end
  return answer
end

local function followed_by(ask, words, key)
  local copy, blocks = {}, {}
  for name, value in pairs(ask) do copy[name] = value end
  for i, block in ipairs(ask.blocks or { ask.prompt }) do blocks[i] = block end
  blocks[#blocks + 1] = words
  copy.prompt, copy.blocks, copy.key = nil, blocks, (ask.key or "") .. key
  return copy
end

local function to_sentence(words)
  local trimmed = paragraphs.trim_to_sentence(words)
  return trimmed ~= "" and trimmed or words
end

-- Some servers end each answer at a limit of their own: the rest is asked for, and what is still cut then ends as a sentence.
local function whole_by(call, book, ask)
  local answer, err = prose_by(call, book, ask)
  if not answer then return nil, err end
  local said = answer.text
  for piece = 1, MOST_PIECES do
    if answer.stop ~= "length" then return said end
    said = to_sentence(said)
    local more = prose_by(llm.try_ask, book, followed_by(ask, string.format(go_on, said), "#rest-" .. piece))
    if not more or text.trim(more.text) == "" then break end
    answer, said = more, said .. " " .. text.trim(more.text)
  end
  return to_sentence(said)
end

--- Free text that others build on, without an end that a limit cut off. Raises like calls.prose.
function calls.whole(book, ask)
  local said, err = whole_by(llm.ask, book, ask)
  if not said then error(err, 0) end
  return said
end

--- A value that follows ask.schema. Raises when no model of the role could give one.
function calls.json(book, ask)
  local value, answer = llm.ask_json(measured(ask))
  note(book, ask.role, answer)
  return value
end

local function kind_of(err)
  if type(err) == "table" or type(err) == "userdata" then return err.kind end
  return string.match(tostring(err), "provider")
end

local function message_of(err)
  return type(err) == "string" and err or err.message or tostring(err)
end

--- Like calls.json, but what a provider did wrong is a value. All else (budget, cancelled, a mistake here) is raised on.
function calls.try_json(book, ask)
  local ok, value, answer = pcall(llm.ask_json, measured(ask))
  if ok then
    note(book, ask.role, answer)
    return value
  end
  if kind_of(value) ~= "provider" then error(value, 0) end
  log.warn("the %s gave no usable answer: %s", ask.role, message_of(value))
  return nil, message_of(value)
end

local function or_why(ask, value, err)
  if value then return value end
  log.warn("the %s gave no answer: %s", ask.role, err.message)
  return nil, err.message
end

--- Like calls.prose, but a failure is a value.
function calls.try_prose(book, ask) return or_why(ask, prose_by(llm.try_ask, book, ask)) end

--- Like calls.whole, but a failure is a value.
function calls.try_whole(book, ask) return or_why(ask, whole_by(llm.try_ask, book, ask)) end

--- The names of the models that answered, each once, sorted.
function calls.names(book)
  local seen, out = {}, {}
  for _, by_model in pairs(book.models) do
    for model in pairs(by_model) do
      if not seen[model] then out[#out + 1] = model end
      seen[model] = true
    end
  end
  table.sort(out)
  return out
end

--- The models that answered: { {role=, models={...}}, ... }, sorted, for the publishing sheet.
function calls.models(book)
  local roles = {}
  for role, by_model in pairs(book.models) do
    local models = {}
    for model in pairs(by_model) do models[#models + 1] = model end
    table.sort(models)
    roles[#roles + 1] = { role = role, models = models }
  end
  table.sort(roles, function(a, b) return a.role < b.role end)
  return roles
end

return calls
