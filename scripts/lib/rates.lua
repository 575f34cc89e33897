-- lib/rates.lua: checks that count words and phrases, and speak up where there are too many of them for the length of a text.
local rates = {}

-- The three that were met most often, for the message.
local function commonest(met)
  local counts, list = {}, {}
  for _, phrase in ipairs(met) do
    if not counts[phrase] then list[#list + 1] = phrase end
    counts[phrase] = (counts[phrase] or 0) + 1
  end
  table.sort(list, function(a, b) return counts[a] > counts[b] end)
  local out = {}
  for i = 1, math.min(3, #list) do out[i] = string.format("%s (%d)", list[i], counts[list[i]]) end
  return table.concat(out, ", "), list[1]
end

--- What a check returns when a part of the text has more of these than `limits.per_1000` words and at least limits.least: one finding.
function rates.over(read, phrases, limits, what)
  local count, met = read:has(phrases)
  if count < (limits.least or 1) or read:per_1000(count) <= limits.per_1000 then return {} end
  local listed, first = commonest(met)
  return { { quote = read:sentence_with(first), problem = string.format("%s: %d in %d words, most of all %s.", what, count, read:count(), listed) } }
end

--- A whole check of that kind. `spec`: title, words = { en = {...} }, part = "narration" or "speech" (default: all), per_1000, least, says.
function rates.check(spec)
  local languages = {}
  for tag in pairs(spec.words) do languages[#languages + 1] = tag end
  return { title = spec.title, scope = "chapter", languages = languages, thresholds = { per_1000 = spec.per_1000, least = spec.least or 3 },
    run = function(it, limits)
      local read = spec.part and it.reading[spec.part](it.reading) or it.reading
      return rates.over(read, spec.words[read.tag] or {}, limits, spec.says)
    end }
end

--- "a b c" as a list of words; "one thing/another" at "/" as a list of phrases.
function rates.words(list) return rates.split(list, "%S+") end
function rates.phrases(list) return rates.split(list, "[^/\n]+") end

function rates.split(list, pattern)
  local out = {}
  for word in string.gmatch(list, pattern) do
    local trimmed = text.trim(word)
    if trimmed ~= "" then out[#out + 1] = trimmed end
  end
  return out
end

return rates
