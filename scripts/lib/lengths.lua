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

-- The first that is found counts. The clearest stand first. Those with `of_what` are said of all kinds of things ("half past nine", "half of the
-- bread"): they count where a length is changed in so many words.
local shares = {
  { 0.5, "half as long", "half the length", "half its length", "cut in half", "cut it in half", "halb so lang", "вдвое короче" },
  { 0.5, "by half", "um die hälfte", "de moitié", "a la mitad", "della metà", "pela metade", "半分", "一半", of_what = true },
  { 2, "twice as long", "twice the length", "double the length", "doppelt so lang", "deux fois plus long", "el doble de larg", "вдвое длиннее", "二倍",
    "2倍", "两倍" },
  { 0.67, "by a third", "a third shorter", "um ein drittel", "d'un tiers", "un tercio" },
  { 0.75, "by a quarter", "a quarter shorter", "shorter", "kürzer", "plus court", "más cort", "più cort", "mais curt", "korter", "короче", "短く", "更短" },
  { 1.33, "longer", "länger", "plus long", "más larg", "più lung", "mais long", "maak het langer", "hoofdstuk langer", "iets langer", "длиннее", "長く",
    "更长" },
}

-- A sentence is about the chapter's length when it names the chapter, or changes a length, or is hardly anything but the share.
local chapter_words = { "chapter", "kapitel", "chapitre", "capítulo", "capitolo", "capitulo", "hoofdstuk", "глав", "章", "本文", "文章" }
local changes = { " make it ", " make this ", " cut it ", " cut this ", " cut by ", " cut the chapter ", " shorten", " lengthen", " halve", " trim ",
  " condense", " mach es ", " mach das ", " kürze es ", " kürze das ", " kürzen", " verläng", " raccourci", " rédui", " allonge", " acort", " acórt",
  " recort", " recórt", " reduc", " redúc", " alarg", " alárg", " accorci", " riduci", " allung", " encurt", " maak het ", " inkort", " сократ", " сделай",
  "縮め", "缩", "删", "減ら", "长度", "長さ", "篇幅", "字数" }
local said_less = { "shorter", "kürzer", "plus court", "más cort", "più cort", "mais curt", "短く", "更短" }
local people = { " he ", " she ", " him ", " her ", " they ", " them ", " let ", " er ", " ihn ", " ihm " }
local most_words, most_wide = 4, 5
local polite = { "してください", "もっと", "もう少し", "少し", "请", "写得", "一点", "一些" }

local function any_in(sentence, list)
  for _, entry in ipairs(list) do
    if string.find(sentence, entry, 1, true) then return true end
  end
  return false
end

-- Hardly anything but the share: a few words, or in a script without blanks a few characters, and nobody who does something longer.
local function is_short(sentence)
  for _, word in ipairs(polite) do sentence = string.gsub(sentence, word, "") end
  local words, wide = 0, 0
  for _ in string.gmatch(sentence, "%S+") do words = words + 1 end
  for _, code in utf8.codes(sentence) do
    if code >= 0x3040 and code < 0xA000 then wide = wide + 1 end
  end
  if wide > 0 then return wide <= most_wide end
  return words <= most_words and not any_in(sentence, people)
end

-- "Twice as long, please, and with rain."
local function begins_with(sentence, share)
  local after = string.sub(sentence, #share + 2)
  return string.sub(sentence, 2, #share + 1) == share and (string.find(after, "^%p") or string.find(after, "^ as ")) ~= nil
end

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

local function percent_of(sentence)
  local number = tonumber(string.match(sentence, "(%d+)%s*%%"))
  if not number then return nil end
  if wants_more(sentence) then return 1 + number / 100 end
  local less = string.find(sentence, "by%s+%d+%s*%%") or string.find(sentence, "um%s+%d+%s*%%") or string.find(sentence, "shorter", 1, true)
  return number < 100 and less and 1 - number / 100 or nil
end

-- `sentence` stands between blanks, so that a word's beginning can be looked for.
local function share_of(sentence)
  local short, changed = is_short(sentence), any_in(sentence, changes)
  local about = short or changed or any_in(sentence, chapter_words)
  local percent = about and percent_of(sentence)
  if percent then return percent end
  for _, entry in ipairs(shares) do
    local counts = about
    if entry.of_what then counts = short or changed or any_in(sentence, said_less) end
    for i = 2, #entry do
      local found = string.find(sentence, entry[i], 1, true)
      if found and (counts or not entry.of_what and begins_with(sentence, entry[i])) then return entry[1] end
    end
  end
  return nil
end

--- How many words a text of `now` words shall have, if the wish says so; else nil.
function lengths.wanted(wish, now)
  local folded = string.gsub(string.gsub(text.fold(wish), "no longer", ""), "half past", "")
  local words = counted(folded, now)
  if words then return words >= 1 and words or nil end
  for _, sentence in ipairs(text.sentences(folded)) do
    local share = share_of(" " .. text.trim(sentence) .. " ")
    words = share and math.floor(now * share + 0.5)
    if words then return words >= 1 and words or nil end
  end
  return nil
end

return lengths
