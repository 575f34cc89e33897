-- lib/tongue.lua: is prose written in the book's language? Models slip into another one, for a sentence or a scene. Only what is certain is told:
-- most letters are of a writing that the language does not use, or the commonest words are those of another one.
--
--   tongue.other("Als sie die Tür öffnete, war das Licht ...", languages.find("English"))     -- "German"
local tongue = {}

local least_letters, most_letters, least_words = 150, 6000, 40
local other_share, own_part = 0.2, 0.4 -- the other's common words among all; the own ones, some of which it shares, as a part of those

-- First and last letter of a writing.
local writings = {
  { "Latin", 0x41, 0x24F }, { "Greek", 0x370, 0x3FF }, { "Cyrillic", 0x400, 0x52F }, { "Armenian", 0x530, 0x58F }, { "Hebrew", 0x590, 0x5FF },
  { "Arabic", 0x600, 0x77F }, { "Devanagari", 0x900, 0x97F }, { "Bengali", 0x980, 0x9FF }, { "Thai", 0xE00, 0xE7F },
  { "Georgian", 0x10A0, 0x10FF }, { "Latin", 0x1E00, 0x1EFF }, { "Greek", 0x1F00, 0x1FFF }, { "Japanese", 0x3041, 0x30FF },
  { "Chinese", 0x3400, 0x9FFF }, { "Korean", 0xAC00, 0xD7AF },
}

local used = {}
for writing, tags in pairs {
  Latin = "af ca cs cy da de en es et eu fi fil fr ga gl hr hu id is it lt lv ms nb nl nn no pl pt ro sk sl sq sv sw tr vi",
  Greek = "el", Cyrillic = "be bg mk ru uk", Armenian = "hy", Hebrew = "he yi", Arabic = "ar fa ur", Devanagari = "hi mr ne", Bengali = "bn",
  Thai = "th", Georgian = "ka", Chinese = "zh yue", Korean = "ko", Japanese = "ja",
} do
  for tag in string.gmatch(tags, "%a+") do used[tag] = writing end
end

local common = {}
for tag, row in pairs {
  en = "English: the and of to a in was he she it his her that had with on for at as not but they you from is were him be",
  de = "German: der die das und ist war nicht sie er es ich ein eine den dem des mit auf von zu im als sich hatte schon noch aber vom niemand",
  fr = "French: le la les et de des un une il elle je ne pas que qui dans est était avec sur pour au du se ce son sa mais vous",
  es = "Spanish: el la los las y de un una que no se en del por con su para él ella como había estaba al lo más pero ya nadie",
  it = "Italian: il la le gli e di un una che non si in del della con per come era lei lui al ma più suo sua aveva nel alla ho",
  pt = "Portuguese: o a os as e de um uma que não se em do da com por para ele ela como era ao mas mais seu sua tinha na no",
  nl = "Dutch: de het een en van in op dat niet hij zij was met te voor aan er zijn had maar naar om als uit haar hem ze ik",
  pl = "Polish: i w na z że się nie to jest był była do jak ale po od jego jej tym za już co go przez ich dla tak",
  sv = "Swedish: och i att det en ett som på är var inte han hon med för av den till hade sig men om de från så jag",
} do
  local name, words = string.match(row, "^(%a+): (.*)$")
  common[tag] = { name = name, words = {} }
  for word in string.gmatch(words, "%S+") do common[tag].words[word] = true end
end

-- How many letters are of each writing, and of all.
local function letters(prose)
  local by, all, before = {}, 0, writings[1]
  for _, code in utf8.codes(prose) do
    if code >= 0x41 and not (code >= before[2] and code <= before[3]) then
      for _, writing in ipairs(writings) do
        if code >= writing[2] and code <= writing[3] then
          before = writing
          break
        end
      end
    end
    if code >= before[2] and code <= before[3] then
      by[before[1]] = (by[before[1]] or 0) + 1
      all = all + 1
      if all == most_letters then break end
    end
  end
  return by, all
end

local function other_writing(prose, expected)
  local by, all = letters(prose)
  if all < least_letters then return nil end
  if expected == "Japanese" and by.Japanese then return nil end -- Kanji are Chinese letters
  if (by[expected] or 0) * 2 >= all then return nil end
  for _, writing in ipairs(writings) do
    if (by[writing[1]] or 0) * 2 > all then return writing[1] end
  end
  return nil
end

local function share(words, all, known)
  local n = 0
  for word, times in pairs(words) do
    if known[word] then n = n + times end
  end
  return n / all
end

local function other_words(prose, tag)
  local words, all = {}, 0
  for word in string.gmatch(text.fold(prose), "[%a\128-\191\195-\223]+") do
    words[word] = (words[word] or 0) + 1
    all = all + 1
  end
  if not common[tag] or all < least_words then return nil end
  local most, found = math.max(other_share, share(words, all, common[tag].words) / own_part), nil
  for other, list in pairs(common) do
    local of_other = other ~= tag and share(words, all, list.words) or 0
    if of_other > most then most, found = of_other, list.name end
  end
  return found
end

--- The language or the writing that prose is in, when that is certainly not the book's (languages.find); else nil. language.or_english: English
--- will do as well.
function tongue.other(prose, language)
  local tag = string.match(language.tag, "^%a+")
  local expected = used[tag]
  if not expected or language.or_english and not tongue.other(prose, { tag = "en" }) then return nil end
  return other_writing(prose, expected) or expected == "Latin" and other_words(prose, tag) or nil
end

return tongue
