-- lib/edges.lua: how the chapters of a book begin or end, and which of them do so alike.
local reading = require "lib.reading"

local edges = {}

local function words_of(passage)
  local out = {}
  for word in string.gmatch(reading.plain_of(passage), "%S+") do out[#out + 1] = word end
  return out
end

--- The first `n` words of a passage, or with `from_end` its last, in small letters; nil where it has fewer.
function edges.of(passage, n, from_end)
  local words = words_of(passage)
  if #words < n then return nil end
  return from_end and table.concat(words, " ", #words - n + 1) or table.concat(words, " ", 1, n)
end

--- Groups of chapters that share an edge: { { text=, chapters = {1, 4} }, ... }. `passages` is { {number=, text=}, ... }.
function edges.shared(passages, n, from_end)
  local groups, order, out = {}, {}, {}
  for _, passage in ipairs(passages) do
    local edge = edges.of(passage.text, n, from_end)
    if edge then
      if not groups[edge] then
        groups[edge] = { text = edge, chapters = {} }
        order[#order + 1] = groups[edge]
      end
      local list = groups[edge].chapters
      list[#list + 1] = passage.number
    end
  end
  for _, group in ipairs(order) do
    if #group.chapters > 1 then out[#out + 1] = group end
  end
  return out
end

--- The findings of a check of openings or endings: `long` words shared by two chapters, or `short` ones by `share` of the book and three at least.
function edges.findings(passages, limits, from_end, what)
  local out, told = {}, {}
  local function tell(group, quote)
    local last = group.chapters[#group.chapters]
    if told[last] then return end
    told[last] = true
    local numbers = table.concat(group.chapters, ", ", 1, math.min(8, #group.chapters))
    out[#out + 1] = { chapter = last, quote = quote, problem = string.format("%d chapters %s alike (\"%s\"): %s.", #group.chapters, what, group.text, numbers) }
  end
  local by_number = {}
  for _, passage in ipairs(passages) do by_number[passage.number] = reading.cut_quote(passage.text) end
  for _, group in ipairs(edges.shared(passages, limits.long, from_end)) do tell(group, by_number[group.chapters[#group.chapters]]) end
  for _, group in ipairs(edges.shared(passages, limits.short, from_end)) do
    if #group.chapters >= math.max(3, #passages * limits.share) then tell(group, by_number[group.chapters[#group.chapters]]) end
  end
  return out
end

return edges
