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
local headings = require "lib.headings"
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
  local points = fields.entries(book.musts and book.musts.musts, "text")
  local ids = fields.ids(points, "M")
  for i, must in ipairs(points) do
    local first = fields.number_of(must.first) or 1
    if fields.flag_of(must.secret) and first > 1 then
      local said, quote = fields.text_of(must.text), fields.text_of(must.quote)
      local words = json.array {}
      words[#words + 1] = quote
      words[#words + 1] = said
      list[#list + 1] = { id = ids[i], what = said or quote, knows = json.array {}, reveal = first, words = words }
      by_id[ids[i]] = list[#list]
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
  local entries = fields.entries(book.secrets and book.secrets.secrets or fixed_by_author(book), "what")
  local ids = fields.ids(entries, "S")
  for i, secret in ipairs(entries) do
    local words, what = fields.list_of(secret.words), fields.text_of(secret.what)
    words[#words + 1] = what
    out[i] = { id = ids[i], what = what or "", knows = fields.list_of(secret.knows), reveal = fields.number_of(secret.reveal) or book.chapters,
      words = words, own = fields.tail(secret, { "id", "what", "knows", "reveal", "words" }) }
  end
  return out
end

----------------------------------------------------------------------------------------------------------- kept from prompts

--- Words to leave out. Of a quote with words left out between dots each longer piece gives the secret away by itself.
function secrets.each_piece(words)
  local out = {}
  for _, said in ipairs(words) do
    local pieces, before = facts.pieces(said), #out
    for _, piece in ipairs(#pieces > 1 and pieces or {}) do
      if text.words(piece) >= least_words then out[#out + 1] = piece end
    end
    if #out == before then out[#out + 1] = said end
  end
  return out
end

--- The words that nobody who writes this chapter may see.
local function kept_back(book, number)
  local out = {}
  for _, secret in ipairs(secrets.list(book)) do
    if number < secret.reveal then table.move(secret.words, 1, #secret.words, #out + 1, out) end
  end
  return secrets.each_piece(out)
end

local function quotes_of(words)
  local out = {}
  for i, said in ipairs(words) do out[i] = { said = said, pieces = facts.pieces(said) } end
  return out
end

local function in_one_sentence(content, pieces)
  for _, line in ipairs(text.lines(content)) do
    for _, sentence in ipairs(text.sentences(line)) do
      if facts.pieces_in(facts.plain(sentence), pieces) then return true end
    end
  end
  return false
end

-- The words of the first quote that stands in a text. What one leaves out between dots is of one sentence: pages apart, "Ada ... the killer" is
-- no quote.
local function tells(content, quotes)
  local whole = facts.plain(content)
  for _, quote in ipairs(quotes) do
    if facts.pieces_in(whole, quote.pieces) and (#quote.pieces == 1 or in_one_sentence(content, quote.pieces)) then return quote.said end
  end
  return nil
end

-- The least number from..to for which `holds` is true; it holds for `to`, and from some number on.
local function least(from, to, holds)
  while from < to do
    local middle = (from + to) // 2
    if holds(middle) then to = middle else from = middle + 1 end
  end
  return to
end

-- The fewest entries of a list that tell a secret together: their first and last.
local function span_of(list, quotes)
  local last = least(1, #list, function(n) return tells(table.concat(list, "\n", 1, n), quotes) end)
  local count = least(1, last, function(n) return tells(table.concat(list, "\n", last + 1 - n, last), quotes) end)
  return last + 1 - count, last
end

-- `list` with `item`, or nothing where that is "", in the place of first..last.
local function replaced(list, first, last, item)
  local out = table.move(list, 1, first - 1, 1, {})
  if item ~= "" then out[#out + 1] = item end
  return table.move(list, last + 1, #list, #out + 1, out)
end

-- A label such as "Ending: " goes only with the last of its sentences.
local function without_sentences(line, quotes)
  local kept, label = {}, string.match(line, "^[^%.:]+: ") or ""
  for _, sentence in ipairs(text.sentences(line)) do
    if not tells(sentence, quotes) then kept[#kept + 1] = sentence end
  end
  while #kept > 0 and tells(table.concat(kept, " "), quotes) do
    local first, last = span_of(kept, quotes)
    kept = replaced(kept, first, last, "")
  end
  local out = table.concat(kept, " ")
  if out ~= "" and string.sub(out, 1, #label) ~= label then out = label .. out end
  return not tells(out, quotes) and out or ""
end

local function begins_anew(line)
  return string.find(line, "^%s*[%-%*#>]") ~= nil or string.find(line, "^%s*%d+[%.%)]") ~= nil or text.trim(line) == ""
end

-- The lines that a quote spans, with the whole of the wrapped sentences that they are of.
local function spanned(lines, quotes)
  local first, last = span_of(lines, quotes)
  while first > 1 and not begins_anew(lines[first]) and text.trim(lines[first - 1]) ~= "" and not headings.ends_as_sentence(lines[first - 1]) do
    first = first - 1
  end
  while last < #lines and not begins_anew(lines[last + 1]) and not headings.ends_as_sentence(lines[last]) do last = last + 1 end
  return first, last
end

-- Quotes that no single line holds, as in wrapped text. Each round leaves fewer lines.
local function without_spanning(lines, quotes)
  while #lines > 0 and tells(table.concat(lines, "\n"), quotes) do
    local first, last = spanned(lines, quotes)
    lines = replaced(lines, first, last, without_sentences(table.concat(lines, " ", first, last), quotes))
  end
  return lines
end

--- A text without the sentences that hold any of these words.
function secrets.without(content, words)
  local quotes = quotes_of(words)
  if #quotes == 0 or not tells(content, quotes) then return content end
  local out = {}
  for _, line in ipairs(text.lines(content)) do
    if not tells(line, quotes) then
      out[#out + 1] = line
    else
      local rest = without_sentences(line, quotes)
      if rest ~= "" then out[#out + 1] = rest end
    end
  end
  local kept = table.concat(without_spanning(out, quotes), "\n")
  if text.trim(kept) == "" and #text.sentences(content) > 1 then
    log.warn("nothing is left of a text without what its reader may not know yet; it began: %s", text.first_words(content, 12))
  end
  return kept
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
    local said = number < secret.reveal and tells(prose, quotes_of(secret.words))
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
