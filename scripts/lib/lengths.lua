-- lib/lengths.lua: the length that an author's wish asks for, in his own words: "half as long", "about 800 words", "doppelt so lang", "300字".
--
--   lengths.wanted("Cut it by a quarter.", 900)   -> 675
--   lengths.wanted("Let it rain.", 900)           -> nil
local lengths = {}

-- How many of a unit make a word. Units of scripts without blanks may have anything behind them.
local units = { words = 1, word = 1, ["wörter"] = 1, worte = 1, mots = 1, palabras = 1, parole = 1, palavras = 1, woorden = 1, ["слов"] = 1,
  characters = 6, zeichen = 6 }
local wide_units = { "文字", "字", "자" }
local characters_a_word = 2

-- The first that is found counts. The clearest stand first.
local shares = {
  { 0.5, "half as long", "half the length", "half its length", "by half", "cut in half", "cut it in half", "halb so lang", "um die hälfte", "de moitié",
    "a la mitad", "della metà", "pela metade", "вдвое короче", "半分", "一半" },
  { 2, "twice as long", "twice the length", "double the length", "doppelt so lang", "deux fois plus long", "el doble de larg", "вдвое длиннее", "二倍",
    "2倍", "两倍" },
  { 0.67, "by a third", "a third shorter", "um ein drittel", "d'un tiers", "un tercio" },
  { 0.75, "by a quarter", "a quarter shorter", "shorter", "kürzer", "plus court", "más cort", "più cort", "mais curt", "korter", "короче", "短く", "更短" },
  { 1.33, "longer", "länger", "plus long", "más larg", "più lung", "mais long", "langer", "длиннее", "長く", "更长" },
}

local function words_in(unit)
  for _, wide in ipairs(wide_units) do
    if string.sub(unit, 1, #wide) == wide then return characters_a_word end
  end
  return units[unit]
end

local function wants_more(wish)
  return string.find(wish, "longer", 1, true) or string.find(wish, "länger", 1, true) or string.find(wish, "plus long", 1, true)
end

-- "1,200 words", "auf 300 Wörter"; "by 200 words" changes the length by so many.
local function counted(wish, now)
  for before, digits, unit in string.gmatch(wish, "(%a*)%s*(%d[%d%.,]*)%s*([^%s%d%p]+)") do
    local each = words_in(unit)
    if each then
      local words = math.tointeger(tonumber((string.gsub(digits, "[%.,]", "")))) // each
      if before ~= "by" and before ~= "um" then return words end
      return wants_more(wish) and now + words or now - words
    end
  end
  return nil
end

local function share_of(wish)
  local number = tonumber(string.match(wish, "(%d+)%s*%%"))
  if number and wants_more(wish) then return 1 + number / 100 end
  if number and number < 100 and (string.find(wish, "by%s+%d+%s*%%") or string.find(wish, "um%s+%d+%s*%%") or string.find(wish, "shorter", 1, true)) then
    return 1 - number / 100
  end
  for _, entry in ipairs(shares) do
    for i = 2, #entry do
      if string.find(wish, entry[i], 1, true) then return entry[1] end
    end
  end
  return nil
end

--- How many words a text of `now` words shall have, if the wish says so; else nil.
function lengths.wanted(wish, now)
  local folded = string.gsub(text.fold(wish), "no longer", "")
  local words = counted(folded, now)
  if not words then
    local share = share_of(folded)
    words = share and math.floor(now * share + 0.5)
  end
  return words and words >= 1 and words or nil
end

return lengths
