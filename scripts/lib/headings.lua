-- lib/headings.lua: lines that number a part of a book: "Chapter 3: Ebb", "## Capítulo 2", "CHAPTER TWO", "Kapitel IV", "第三章", "3. Ebb".
--
--   headings.read("## Capítulo 2 - Sal")   -> { number = 2, unit = "chapter", marked = true, title = "Sal" }
--   headings.read("3. The storm breaks.")  -> { number = 3, marked = false, title = "The storm breaks." }
--   headings.read("Chapter 7 of the manual was missing.") -> nil, because that is a sentence
local headings = {}

local longest = 120

local units = {
  chapter = "chapter chap ch kapitel kap chapitre chap capítulo capitulo cap capitolo hoofdstuk kapittel rozdział rozdzial kapitola poglavlje "
    .. "poglavje fejezet luku peatükk skyrius nodaļa capitolul глава розділ κεφάλαιο bölüm chương bab kabanata sura פרק الفصل فصل باب अध्याय "
    .. "অধ্যায় บทที่ บท capítol kapitulua caibidil раздзел kapitulli",
  scene = "scene szene scène escena scena cena scène scen scéna сцена sahne σκηνή",
}
local books = "book buch livre libro livro boek bok bog kirja książka kniha knjiga könyv книга βιβλίο kitap sách buku kitabu ספר كتاب الكتاب पुस्तक"
local unit_of, book_of = {}, {}
for unit, list in pairs(units) do
  for word in string.gmatch(list, "%S+") do unit_of[word] = unit end
end
for word in string.gmatch(books, "%S+") do book_of[word] = "book" end

-- One to twenty, as they stand behind "chapter"; more than one form of a number is written with "/".
local words = {
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty",
  "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
  "un/premier deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt",
  "uno/primero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte",
  "uno/primo due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove venti",
  "um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove vinte",
  "een/één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien twintig",
  "ett två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton tjugo",
  "первая вторая третья четвертая/четвёртая пятая шестая седьмая восьмая девятая десятая одиннадцатая двенадцатая тринадцатая "
    .. "четырнадцатая пятнадцатая шестнадцатая семнадцатая восемнадцатая девятнадцатая двадцатая",
}
local value_of = {}
for _, list in ipairs(words) do
  local n = 0
  for forms in string.gmatch(list, "%S+") do
    n = n + 1
    for form in string.gmatch(forms, "[^/]+") do value_of[form] = value_of[form] or n end
  end
end
local english = {}
for form in string.gmatch(words[1], "%S+") do english[form] = value_of[form] end
for i, ten in ipairs { "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety" } do
  value_of[ten] = (i + 1) * 10
  for form, n in pairs(english) do
    if n < 10 then value_of[ten .. "-" .. form] = (i + 1) * 10 + n end
  end
end

-- Where the digits of other scripts begin: Arabic, Persian, Devanagari, Bengali, Thai, full width.
local zeros = { 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10 }

local function with_plain_digits(line)
  local out = {}
  for _, code in utf8.codes(line) do
    for _, zero in ipairs(zeros) do
      if code >= zero and code <= zero + 9 then code = 0x30 + code - zero end
    end
    out[#out + 1] = utf8.char(code)
  end
  return table.concat(out)
end

local roman_values = { i = 1, v = 5, x = 10, l = 50, c = 100 }

local function roman(word)
  if not string.find(word, "^[ivxlc]+$") then return nil end
  local sum = 0
  for i = 1, #word do
    local value, next_value = roman_values[string.sub(word, i, i)], roman_values[string.sub(word, i + 1, i + 1)]
    sum = sum + (next_value and next_value > value and -value or value)
  end
  return sum
end

local han_values = { ["〇"] = 0, ["零"] = 0, ["一"] = 1, ["二"] = 2, ["两"] = 2, ["三"] = 3, ["四"] = 4, ["五"] = 5, ["六"] = 6, ["七"] = 7, ["八"] = 8,
  ["九"] = 9, ["十"] = 10, ["百"] = 100 }

local function han(word)
  local sum, digit = 0, nil
  for _, code in utf8.codes(word) do
    local value = han_values[utf8.char(code)]
    if not value then return nil end
    if value >= 10 then sum, digit = sum + (digit or 1) * value, nil else digit = (digit or 0) * 10 + value end
  end
  return sum + (digit or 0)
end

local function number_of(word)
  return math.tointeger(tonumber(word)) or value_of[word] or roman(word)
end

local separators = { "^%s*[:%.%)%-]+%s*", "^%s*–%s*", "^%s*—%s*", "^%s*：%s*", "^%s*、%s*", "^%s*．%s*" }
local sentence_ends = { "[%.!%?]$", "…$", "。$", "！$", "？$" }

local function any(line, patterns)
  for _, pattern in ipairs(patterns) do
    local _, to = string.find(line, pattern)
    if to then return to end
  end
  return nil
end

--- Does the line end as sentences end?
function headings.ends_as_sentence(line)
  return any(text.trim(line), sentence_ends) ~= nil
end

-- What follows a number: nothing, or a title behind a separator; without a separator anything but a sentence.
local function title_of(rest)
  local to = any(rest, separators)
  if to then return text.trim(string.sub(rest, to + 1)), true end
  if text.trim(rest) ~= "" and (not string.find(rest, "^%s") or headings.ends_as_sentence(rest)) then return nil end
  return text.trim(rest), false
end

local counters = { { "章", "chapter" }, { "节", "chapter" }, { "節", "chapter" }, { "回", "chapter" }, { "话", "chapter" }, { "話", "chapter" },
  { "場", "scene" }, { "场", "scene" } }

-- "第三章 潮", "第3話", "제3장", "3장".
local function read_ordinal(line)
  local digits, rest = string.match(line, "^제?%s*(%d+)%s*장(.*)$")
  local unit = "chapter"
  for _, counter in ipairs(counters) do
    if not digits then
      digits, rest = string.match(line, "^第%s*([^%s]-)%s*" .. counter[1] .. "(.*)$")
      unit = counter[2]
    end
  end
  local number = digits and (math.tointeger(tonumber(digits)) or han(digits))
  local title = title_of(rest or "")
  return number and title and { number = number, unit = unit, title = title, apart = true } or nil
end

-- "chapter 3", "ch. 3", "kapitel iv", "глава вторая"; "2. kapitel", "2nd chapter".
local function read_unit(line, words_of)
  local folded = text.fold(line)
  if #folded ~= #line then line = folded end -- positions in one are positions in the other
  local word, gap, number, at = string.match(folded, "^([^%s%d%.:]+)(%.?%s*)([^%s:%.%)]+)()")
  local unit = word and words_of[word]
  if unit and (gap ~= "" or string.find(number, "^%d")) then
    local value = number_of(number)
    local title, apart = title_of(string.sub(line, at))
    if value and title then return { number = value, unit = unit, title = title, apart = apart } end
  end
  number, word, at = string.match(folded, "^(%d+)%a?%a?%.?%s+([^%s:%.]+)()")
  unit = word and words_of[word]
  if not unit then return nil end
  local title, apart = title_of(string.sub(line, at))
  return title and { number = math.tointeger(tonumber(number)), unit = unit, title = title, apart = apart } or nil
end

local function read_bare(line, marked)
  local digits, rest = string.match(line, "^(%d+)(.*)$")
  if digits and (string.find(rest, "^%s*[%.:%)%-]") or (marked and (rest == "" or string.find(rest, "^%s")))) then
    return { number = math.tointeger(tonumber(digits)), title = text.trim(string.gsub(rest, "^%s*[%.:%)%-]*%s*", "")) }
  end
  local word, number = string.match(line, "^([^%s%d]+)%s+(%d+)")
  if word and (marked or string.find(line, "^[^%s%d]+%s+%d+%s*[%.:%-]")) then return { number = math.tointeger(tonumber(number)), title = "" } end
  return nil
end

-- Without marks and blanks around it; whether Markdown marked it, and whether it is indented.
local function stripped(line)
  local inner = with_plain_digits(text.trim(line))
  local marked = string.find(inner, "^#+%s") ~= nil or string.find(inner, "^%*%*") ~= nil or string.find(inner, "^__") ~= nil
  inner = text.trim(string.gsub(string.gsub(inner, "^[#%*_%s]+", ""), "[#%*_%s]+$", ""))
  return inner, marked, string.find(line, "^%s+%S") ~= nil
end

local function is_line(line)
  return text.length(line) <= longest and utf8.len(line) ~= nil
end

--- What the line numbers, or nil: { number=, unit="chapter"/"scene"/nil, title=, apart= the title stands behind a separator,
--- marked= by Markdown, indented= }.
function headings.read(line)
  if not is_line(line) then return nil end
  local inner, marked, indented = stripped(line)
  local found = read_ordinal(inner) or read_unit(inner, unit_of) or read_bare(inner, marked)
  if not found or not found.number then return nil end
  found.marked, found.indented = marked, indented
  return found
end

--- The number of the book of a series that the line begins ("## Book 2: Ebb", "Buch II", "第二卷"), or nil. A title stands behind a separator
--- or is marked: "book two of the" is a wrapped sentence.
function headings.book(line)
  if not is_line(line) then return nil end
  local inner, marked = stripped(line)
  local digits = string.match(inner, "^第%s*([^%s]-)%s*卷") or string.match(inner, "^第%s*([^%s]-)%s*巻")
  local found = digits and { number = math.tointeger(tonumber(digits)) or han(digits) } or read_unit(inner, book_of)
  if not digits and found and found.title ~= "" and not marked and not found.apart then return nil end
  return found and found.number
end

return headings
