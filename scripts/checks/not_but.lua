-- not_but: "not a door but a wound", "It wasn't fear. It was hunger.": the turn that models like best.
local rates = require "lib.rates"

local patterns = {
  en = { "%f[%a]not [%a' ]+,? but %a", "[Ww]asn't [^%.%?!\n]+%. It was ", "[Ii]sn't [^%.%?!\n]+%. It is ", "[Ii]sn't [^%.%?!\n]+%. It's ",
    "was not [^%.%?!\n]+%. It was ", "wasn't just [^%.%?!\n]+%. ", "not just [%a' ]+,? but ", "%f[%a][Nn]ot [%a' ]+, not [%a' ]+, but " },
  de = { "%f[%a][Nn]icht [^%.,\n]+, sondern ", "war kein[e]? [^%.\n]+%. Es war " },
  fr = { "%f[%a]non pas [^%.,\n]+, mais ", "n'était pas [^%.\n]+%. C'était " },
  es = { "%f[%a]no [^%.,\n]+, sino " },
}

return {
  title = "Not this but that", scope = "chapter", languages = { "en", "de", "fr", "es" }, thresholds = { per_1000 = 4, least = 4 },
  run = function(it, limits)
    local read, n, quote = it.reading, 0, nil
    local prose = string.gsub(read.prose, "’", "'")
    for _, pattern in ipairs(patterns[read.tag]) do
      for found in string.gmatch(prose, pattern) do n, quote = n + 1, quote or found end
    end
    if n < limits.least or read:per_1000(n) <= limits.per_1000 then return {} end
    local first = rates.split(quote, "[^%.\n]+")[1]
    return { { quote = read:sentence_with(text.trim(require("lib.reading").plain_of(first))), problem = string.format(
      "Things are said not to be one thing but another: %d times in %d words.", n, read:count()) } }
  end,
}
