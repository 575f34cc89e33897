-- lib/blocks.lua: builds prompts out of blocks, the most stable first. Providers charge a tenth for a prefix they have just
-- seen, byte by byte, so what changes least stands first and what is particular to one call stands last.
--
--   local prompt = blocks.new():stable("style", text, 6000):last("task", text, 6000)
--   llm.ask { role = "writer", blocks = prompt:list() }
--
-- A prompt can be extended without touching its beginning: prompt:copy():stable(...):last(...).
local blocks = {}
blocks.__index = blocks

function blocks.new()
  return setmetatable({ items = {} }, blocks)
end

function blocks:copy()
  local other = blocks.new()
  for i, item in ipairs(self.items) do other.items[i] = item end
  return other
end

--- A piece of the prefix. Empty text adds nothing. `from` names the documents that it was made from.
function blocks:stable(name, content, cap, from)
  if content ~= "" then
    self.items[#self.items + 1] = { name = name, text = content .. "\n\n", stable = true, cap = cap, from = from }
  end
  return self
end

--- What only this call says; nothing stable may follow it.
function blocks:last(name, content, cap, from)
  self.items[#self.items + 1] = { name = name, text = content, cap = cap, from = from }
  return self
end

--- The list of blocks for llm.ask.
function blocks:list()
  return self.items
end

--- Shortens what a model made so that a block cannot outgrow its cap. What a person wrote is never shortened: there a text
--- over the cap is an error that names the block.
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
