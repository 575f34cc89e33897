-- lib/blocks.lua: builds prompts out of blocks, the most stable first. Providers charge a tenth for a prefix they have just
-- seen, byte by byte, so what changes least stands first and what is particular to one call stands last.
--
--   local prompt = blocks.new():stable("style", text):last("task", text)
--   llm.ask { role = "writer", blocks = prompt:list() }
--
-- A prompt can be extended without touching its beginning: prompt:copy():stable(...):last(...).
local blocks = {}
blocks.__index = blocks

-- The most characters that a prompt carries of one block: a book of 200 pages, about 100,000 tokens. Less is left to the models' own limits.
blocks.most = 400000

function blocks.new()
  return setmetatable({ items = {} }, blocks)
end

function blocks:copy()
  local other = blocks.new()
  for i, item in ipairs(self.items) do other.items[i] = item end
  return other
end

local function must_fit(name, content, from)
  if type(from) == "number" then
    error(string.format("blocks: \"%s\" is given a cap of %d, and blocks are whole now: leave the number out", name, from), 3)
  end
  if #content <= blocks.most then return end
  local characters = text.length(content)
  if characters <= blocks.most then return end
  error({ kind = "invalid", message = string.format("\"%s\" is too long for a prompt: %d characters, and %d is the most. Nothing was cut, and "
    .. "nothing was asked.", name, characters, blocks.most), hint = "shorten " .. (from and from[1] or "the " .. name)
    .. ", or divide what it says: among several books, or among the brief, --give blueprint=FILE and --give plan=FILE" })
end

--- A piece of the prefix. Empty text adds nothing. `from` names the documents that it was made from.
function blocks:stable(name, content, from)
  if content ~= "" then
    must_fit(name, content, from)
    self.items[#self.items + 1] = { name = name, text = content .. "\n\n", stable = true, from = from }
  end
  return self
end

--- What only this call says; nothing stable may follow it.
function blocks:last(name, content, from)
  must_fit(name, content, from)
  self.items[#self.items + 1] = { name = name, text = content, from = from }
  return self
end

--- The list of blocks for llm.ask.
function blocks:list()
  return self.items
end

--- Shortens what a model made and no person can have changed: thoughts, critiques, answers that are asked about again. What a person
--- wrote or may have edited is never shortened: a text that cannot fit is an error that names it.
function blocks.fit(content, characters)
  local words = text.words(content)
  local fitted = content
  while text.length(fitted) > characters and words > 1 do
    words = math.min(words - 1, words * characters // text.length(fitted))
    fitted = text.first_words(content, math.max(words, 1))
  end
  if text.length(fitted) > characters then fitted = string.sub(fitted, 1, utf8.offset(fitted, characters + 1) - 1) end
  return fitted
end

--- "- one\n- two", or the word for an empty list.
function blocks.bullets(items, empty)
  if #items == 0 then return empty or "- none" end
  return "- " .. table.concat(items, "\n- ")
end

return blocks
