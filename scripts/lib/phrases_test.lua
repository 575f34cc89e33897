local phrases = require "lib.phrases"
local reading = require "lib.reading"

local function known(chapters, tag)
  local out = phrases.new()
  for i, prose in ipairs(chapters) do out:take(i, reading.of(prose, tag or "en")) end
  return out
end

return {
  ["a phrase that stands in each chapter once is seen, and its pieces are not told besides"] = function(t)
    local chapters = {}
    for i = 1, 12 do
      chapters[i] = string.format("Number %d went down to harbour %d. She let out a breath she did not know she was holding. Then %d came.", i, i * 3, i * 7)
    end
    local worn = known(chapters):worn(8, 4)
    t.has(worn[1].text, "breath she did not know")
    t.equal(worn[1].chapters, 12)
    t.equal(worn[1].last, 12)
    for i = 2, #worn do t.lacks(worn[i].text, "did not know") end
  end,

  ["words that every book says, and names, are no phrase"] = function(t)
    local chapters = {}
    for i = 1, 30 do
      chapters[i] = string.format("It was what it was, and then it was not %d. We saw Captain Bartholomew Greaves of Dunwich number %d.", i, i)
    end
    t.equal(known(chapters):worn(8, 25), {})
  end,

  ["in a language without blanks it is characters that come back"] = function(t)
    local chapters = {}
    for i = 1, 5 do chapters[i] = string.rep("港", i) .. "彼女は知らずに止めていた息を吐いた。" end
    t.equal(known(chapters, "ja"):worn(1, 4)[1].chapters, 5)
  end,

  ["a hundred chapters are counted in the room of a few"] = function(t)
    local out = phrases.new()
    for i = 1, 100 do
      local words = {}
      for k = 1, 1500 do words[k] = "word" .. (i * 7919 + k * k * 31) % 5000 end
      words[1501] = "ran a trembling finger through the candle wax"
      out:take(i, reading.of(table.concat(words, " "), "en"))
    end
    local kept = 0
    for _ in pairs(out.seen) do kept = kept + 1 end
    t.ok(kept < 30000, kept .. " of 150000 sequences are kept")
    t.equal(out:worn(1, 90)[1].chapters, 100)
  end,
}
