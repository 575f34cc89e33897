-- lib/secrets.lua: three ledgers of knowledge. What is true stands in secrets.json, which a person may edit; the reader knows of it what his
-- chapter has reached; each person of the book what he knew from the start (`knows`) or has learnt since (facts/NN.json, `learnt`).
--
--   secrets.json = { secrets = { {id, what, knows = {names}, reveal = chapter, words = {exact words of the plans that tell it}}, ... } }
--
-- Before its chapter a secret is told to nobody who writes or reads a chapter: every sentence of the plans that holds its words is left out of
-- what they are shown (secrets.hide). Planners know all. From its chapter on it is told, with who knows it. Code finds its words in a chapter that
-- comes too early, and at each act's end a judge is asked whether the text gives it away in others (lib/musts.lua).
local blocks = require "lib.blocks"
local calls = require "lib.calls"
local facts = require "lib.facts"
local fields = require "lib.fields"
local names = require "lib.names"
local numbering = require "lib.numbering"
local schema = require "lib.schema"

local secrets = {}

local least_words = 3   -- fewer would hide what has nothing to do with the secret

local take_down = [[
Above stands all that is planned. Which truths of this story does its reader not know at first, and learn in a later chapter than the
first? Who is behind it, what happened before the book begins, who somebody really is. List only what has to stay hidden for the book to
work; usually one to four, often none. For each: what is true, in a sentence; who of the cast knows it from the start; the chapter in which
the reader learns it; and each place of the text above that would give it away, by its exact words, a few of each sentence.%s Texts in %s.]]

local fixed_ones = [[


The author fixed these as secret. List each under its id, with its places:
%s]]

local function shape(book, ids)
  local people = {}
  for _, person in ipairs(book.blueprint.cast) do people[#people + 1] = person.name end
  local secret = schema.object {
    { "fixed", schema.note(8, #ids > 0 and "its id, if the author fixed it" or "leave this empty") },
    { "what", schema.text(300) },
    { "knows", schema.list(schema.choice(people), 0, #people) },
    { "reveal", schema.integer(1, book.chapters, "the chapter in which the reader learns it") },
    { "words", schema.list(schema.text(200, "exact words of the text above"), 0, 16) } }
  return schema.object { { "secrets", schema.list(secret, 0, 10 + #ids) } }
end

------------------------------------------------------------------------------------------------------- the author's truth

--- The points of the brief that hold from a later chapter on and are secret until then, by id.
local function fixed_by_author(book)
  local list, by_id = {}, {}
  for i, must in ipairs(book.musts and book.musts.musts or {}) do
    if type(must) == "table" and must.secret and (must.first or 1) > 1 then
      local words = json.array {}
      for _, said in ipairs { must.quote or "", must.text or "" } do
        if said ~= "" then words[#words + 1] = said end
      end
      list[#list + 1] = { id = must.id or "M" .. i, what = must.text or must.quote, knows = json.array {}, reveal = must.first, words = words }
      by_id[list[#list].id] = list[#list]
    end
  end
  return list, by_id
end

local function add_words(secret, words, plans)
  for _, said in ipairs(words) do
    if text.words(said) >= least_words and facts.quoted(plans, said) then secret.words[#secret.words + 1] = said end
  end
end

--- What a model found joins what the author fixed. Its words count only where the plans have them.
local function joined(book, answer, plans)
  local list, by_id = fixed_by_author(book)
  for _, found in ipairs(answer and answer.secrets or {}) do
    local secret = by_id[found.fixed]
    if secret then
      secret.knows = found.knows
    elseif found.reveal > 1 then
      secret = { id = "S" .. #list + 1, what = found.what, knows = found.knows, reveal = found.reveal, words = json.array {} }
      list[#list + 1] = secret
    end
    if secret then add_words(secret, found.words, plans) end
  end
  return json.array(list)
end

--- Takes down what is hidden at first: secrets.json. `prompt` shows all that is planned. Waits.
function secrets.find(book, prompt)
  local plans, known, ids = {}, {}, {}
  for i, block in ipairs(prompt:list()) do plans[i] = block.text end
  for _, secret in ipairs((fixed_by_author(book))) do
    known[#known + 1] = string.format("%s (chapter %d): %s", secret.id, secret.reveal, secret.what)
    ids[#ids + 1] = secret.id
  end
  local task_text = string.format(take_down, #known > 0 and string.format(fixed_ones, table.concat(known, "\n")) or "", book.language.name)
  local answer, err = calls.try_json(book, { role = "extractor", blocks = prompt:last("task", task_text):list(), max_words = 900,
    schema = shape(book, ids) })
  if not answer then book:issue("secrets", "what the reader must not know at first was not taken down, so writers are told it: " .. err) end
  book.secrets = book:save("secrets.json", { secrets = joined(book, answer, table.concat(plans)) })
  log.info("The reader learns %s only in the course of the book: secrets.json", numbering.count(#secrets.list(book), "thing"))
end

--- The ledger as it stands now, edited or not. Waits.
function secrets.read(book)
  book.secrets = book:read("secrets.json") or book.secrets
end

--- All secrets, whoever wrote them down; before there is a ledger, those that the author fixed:
--- { id=, what=, knows=, reveal=, words=, own = further fields as text }
function secrets.list(book)
  local out = {}
  for i, secret in ipairs(book.secrets and book.secrets.secrets or fixed_by_author(book)) do
    if type(secret) ~= "table" then secret = { what = tostring(secret) } end
    local words = {}
    for _, said in ipairs(secret.words or {}) do words[#words + 1] = said end
    if secret.what then words[#words + 1] = secret.what end
    out[i] = { id = secret.id or "S" .. i, what = secret.what or "", knows = secret.knows or {}, reveal = secret.reveal or book.chapters,
      words = words, own = fields.tail(secret, { "id", "what", "knows", "reveal", "words" }) }
  end
  return out
end

----------------------------------------------------------------------------------------------------------- kept from prompts

--- The words that nobody who writes this chapter may see.
local function kept_back(book, number)
  local out = {}
  for _, secret in ipairs(secrets.list(book)) do
    if number < secret.reveal then table.move(secret.words, 1, #secret.words, #out + 1, out) end
  end
  return out
end

local function tells(content, words)
  for _, said in ipairs(words) do
    if facts.quoted(content, said) then return said end
  end
  return nil
end

-- A label such as "Ending: " goes only with the last of its sentences.
local function without_sentences(line, words)
  local kept, label = {}, string.match(line, "^[^%.:]+: ") or ""
  for _, sentence in ipairs(text.sentences(line)) do
    if not tells(sentence, words) then kept[#kept + 1] = sentence end
  end
  local out = table.concat(kept, " ")
  if out ~= "" and string.sub(out, 1, #label) ~= label then out = label .. out end
  return not tells(out, words) and out or ""
end

--- A text without the sentences that hold any of these words.
function secrets.without(content, words)
  if #words == 0 or not tells(content, words) then return content end
  local out = {}
  for _, line in ipairs(text.lines(content)) do
    if not tells(line, words) then
      out[#out + 1] = line
    else
      local rest = without_sentences(line, words)
      if rest ~= "" then out[#out + 1] = rest end
    end
  end
  local kept = table.concat(out, "\n")
  return not tells(kept, words) and kept or ""
end

--- Leaves out the sentences that tell what the reader does not know while this chapter is written.
function secrets.hide(book, content, number)
  return secrets.without(content, kept_back(book, number))
end

--- Does this chapter tell the reader one of them? Then whoever writes the chapter before is shown little of its plan.
function secrets.told_in(book, number)
  for _, secret in ipairs(secrets.list(book)) do
    if secret.reveal == number and number > 1 then return true end
  end
  return false
end

------------------------------------------------------------------------------------------------------------ who knows what

local function who_knows(book, secret)
  local out, seen = {}, {}
  local function add(name)
    local meant = names.of_cast(name, book.blueprint.cast)
    if not seen[meant] then
      seen[meant] = true
      out[#out + 1] = meant
    end
  end
  for _, name in ipairs(secret.knows) do add(name) end
  local learnt = {}
  for name in pairs(book.memory.state.learnt[secret.id] or {}) do learnt[#learnt + 1] = name end
  table.sort(learnt)
  for _, name in ipairs(learnt) do add(name) end
  return out, seen
end

local function told_line(book, secret, number, people)
  local knowing, knows = who_knows(book, secret)
  local ignorant = {}
  for _, name in ipairs(people) do
    if not knows[name] then ignorant[#ignorant + 1] = name end
  end
  local when = secret.reveal == number and "the reader learns it in this chapter" or "the reader knows it since chapter " .. secret.reveal
  return string.format("%s%s (%s). Known to: %s. Not known to: %s, who can neither say nor think it until they learn it", secret.what,
    secret.own, when, #knowing > 0 and table.concat(knowing, ", ") or "nobody so far", #ignorant > 0 and table.concat(ignorant, ", ") or "nobody here")
end

--- Who knows what of the secrets that the reader may know by this chapter; "" when there are none.
function secrets.of_chapter(book, number, people)
  local out = {}
  for _, secret in ipairs(secrets.list(book)) do
    if number >= secret.reveal and secret.reveal > 1 then out[#out + 1] = told_line(book, secret, number, people) end
  end
  return #out > 0 and "# Who knows what\n\n" .. blocks.bullets(out) or ""
end

--- What may be learnt in a chapter by somebody who does not know it: lines for the extractor, and their ids.
function secrets.to_learn(book, number)
  local out, ids = {}, {}
  for _, secret in ipairs(secrets.list(book)) do
    if number >= secret.reveal then
      out[#out + 1] = secret.id .. ": " .. secret.what
      ids[#ids + 1] = secret.id
    end
  end
  return #out > 0 and table.concat(out, "\n") or "none", ids
end

--- For those who plan: all of it.
function secrets.for_planners(book)
  local out = {}
  for _, secret in ipairs(secrets.list(book)) do
    local known = #secret.knows > 0 and table.concat(secret.knows, ", ") or "nobody"
    out[#out + 1] = string.format("Until chapter %d: %s%s Known to: %s.", secret.reveal, secret.what, secret.own, known)
  end
  if #out == 0 then return "" end
  return "# Kept from the reader\n\nWhoever writes an earlier chapter is not told these, so its plan does not speak of them; nobody in the book acts on "
    .. "what he does not know:\n" .. blocks.bullets(out)
end

-------------------------------------------------------------------------------------------------------------------- leaks

--- Words of a secret that stand in a text before their chapter: { {secret = id, quote = words}, ... }. `list`: as secrets.list gives it.
function secrets.leaks(list, prose, number)
  local out = {}
  for _, secret in ipairs(list) do
    local said = number < secret.reveal and tells(prose, secret.words)
    if said then out[#out + 1] = { secret = secret.id, quote = said } end
  end
  return out
end

--- What the chapters before a secret's own may not give away, as points that a judge can hold them against: { {id=, first=, last=, must=}, ... }
function secrets.bans(book)
  local out = {}
  for _, secret in ipairs(secrets.list(book)) do
    if secret.reveal > 1 then
      out[#out + 1] = { id = "before_" .. secret.id, secret = secret.id, first = 1, last = secret.reveal - 1,
        must = { text = "A reader of these chapters cannot know this yet: " .. secret.what, ban = true } }
    end
  end
  return out
end

return secrets
