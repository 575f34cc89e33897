-- lib/ranking.lua: which of several texts is the best. A judge compares every pair in both orders, because judges favour what they read
-- first; a silent judge costs a vote, not the book.
--
--   local best = ranking.of(book, texts, function(first, second) return prompt end)[1]
local calls = require "lib.calls"
local schema = require "lib.schema"

local ranking = {}

local verdict_shape = schema.object { { "reason", schema.text(600) }, { "winner", schema.choice({ "first", "second" }) } }

local function pairings(count)
  local list = {}
  for i = 1, count do
    for j = 1, count do
      if i ~= j then list[#list + 1] = { first = i, second = j } end
    end
  end
  return list
end

local function winner_of(book, prompt, pair)
  local verdict = calls.try_json(book, { role = "judge", blocks = prompt:list(), max_words = 200, schema = verdict_shape })
  return verdict and pair[verdict.winner] or 0
end

--- The texts from the one that won most comparisons to the one that won fewest. `prompt_for(first, second)` asks which is better. Waits.
function ranking.of(book, texts, prompt_for)
  local wins, order, ranked = {}, {}, {}
  for i in ipairs(texts) do wins[i], order[i] = 0, i end
  local winners = task.map(pairings(#texts), function(pair)
    return winner_of(book, prompt_for(texts[pair.first], texts[pair.second]), pair)
  end, { key = function(pair) return pair.first .. "-before-" .. pair.second end })
  for _, winner in ipairs(winners) do
    if winner > 0 then wins[winner] = wins[winner] + 1 end
  end
  table.sort(order, function(a, b)
    if wins[a] ~= wins[b] then return wins[a] > wins[b] end
    return a < b
  end)
  for place, i in ipairs(order) do ranked[place] = texts[i] end
  if #texts > 1 then log.info("candidate %d chosen with %d of %d votes", order[1], wins[order[1]], #winners) end
  return ranked
end

return ranking
