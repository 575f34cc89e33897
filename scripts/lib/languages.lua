-- lib/languages.lua: from "Japanese", "日本語", "ja", "Brazilian Portuguese", "Chinese (Traditional)" or "pt_BR" to a language tag, a
-- direction and the few fixed words that a book's pages need. Any language can be written in; one that is not known here says so.
local languages = {}

-- tag; what people call it; contents, copyright, cover, title page, dedication, about this book (without them: in English).
local rows = {
  { "af", "afrikaans/afr", "Inhoud/Kopiereg/Omslag/Titelblad/Opdrag/Oor hierdie boek" },
  { "am", "amharic/አማርኛ/amh" },
  { "ar", "arabic/العربية/عربي/ara", "المحتويات/حقوق النشر/الغلاف/صفحة العنوان/إهداء/عن هذا الكتاب" },
  { "az", "azerbaijani/azeri/azərbaycan/azərbaycanca/aze", "Mündəricat/Müəllif hüquqları/Üz qabığı/Titul səhifəsi/İthaf/Bu kitab haqqında" },
  { "be", "belarusian/беларуская/bel", "Змест/Выходныя звесткі/Вокладка/Тытульны ліст/Прысвячэнне/Пра гэтую кнігу" },
  { "bg", "bulgarian/български/bul", "Съдържание/Авторски права/Корица/Заглавна страница/Посвещение/За тази книга" },
  { "bn", "bengali/bangla/বাংলা/ben", "সূচিপত্র/গ্রন্থস্বত্ব/প্রচ্ছদ/নামপত্র/উৎসর্গ/এই বই সম্পর্কে" },
  { "bs", "bosnian/bosanski/bos", "Sadržaj/Autorska prava/Naslovnica/Naslovna stranica/Posveta/O ovoj knjizi" },
  { "ca", "catalan/català/valencian/cat", "Índex/Crèdits/Coberta/Portada/Dedicatòria/Sobre aquest llibre" },
  { "cs", "czech/čeština/česky/ces/cze", "Obsah/Tiráž/Obálka/Titulní strana/Věnování/O této knize" },
  { "cy", "welsh/cymraeg/cym/wel", "Cynnwys/Hawlfraint/Clawr/Tudalen deitl/Cyflwyniad/Am y llyfr hwn" },
  { "da", "danish/dansk/dan", "Indhold/Kolofon/Omslag/Titelblad/Dedikation/Om denne bog" },
  { "de", "german/deutsch/deu/ger", "Inhalt/Impressum/Umschlag/Titelseite/Widmung/Über dieses Buch" },
  { "el", "greek/modern greek/ελληνικά/ell/gre", "Περιεχόμενα/Πνευματικά δικαιώματα/Εξώφυλλο/Σελίδα τίτλου/Αφιέρωση/Για το βιβλίο" },
  { "en", "english/eng", "Contents/Copyright/Cover/Title page/Dedication/About this book" },
  { "eo", "esperanto/epo", "Enhavo/Kopirajto/Kovrilo/Titolpaĝo/Dediĉo/Pri ĉi tiu libro" },
  { "es", "spanish/español/castellano/castilian/spa", "Índice/Créditos/Cubierta/Portada/Dedicatoria/Sobre este libro" },
  { "et", "estonian/eesti/eesti keel/est", "Sisukord/Autoriõigus/Kaas/Tiitelleht/Pühendus/Sellest raamatust" },
  { "eu", "basque/euskara/euskera/eus/baq", "Aurkibidea/Egile-eskubideak/Azala/Izenburu-orria/Eskaintza/Liburu honi buruz" },
  { "fa", "persian/farsi/dari/فارسی/fas/per", "فهرست/حق نشر/جلد/صفحهٔ عنوان/پیشکش/دربارهٔ این کتاب" },
  { "fi", "finnish/suomi/suomen kieli/fin", "Sisällys/Tekijänoikeudet/Kansi/Nimiösivu/Omistuskirjoitus/Tästä kirjasta" },
  { "fil", "filipino/tagalog/pilipino/tl/tgl", "Nilalaman/Karapatang-ari/Pabalat/Pahina ng pamagat/Pag-aalay/Tungkol sa aklat na ito" },
  { "fr", "french/français/francais/fra/fre", "Sommaire/Mentions légales/Couverture/Page de titre/Dédicace/À propos de ce livre" },
  { "ga", "irish/gaeilge/irish gaelic/gle", "Clár/Cóipcheart/Clúdach/Leathanach teidil/Tiomnú/Faoin leabhar seo" },
  { "gd", "scottish gaelic/gàidhlig/gla" },
  { "gl", "galician/galego/glg", "Índice/Créditos/Cuberta/Portada/Dedicatoria/Sobre este libro" },
  { "gu", "gujarati/ગુજરાતી/guj" },
  { "ha", "hausa/hau" },
  { "he", "hebrew/עברית/heb/iw", "תוכן העניינים/זכויות יוצרים/כריכה/עמוד השער/הקדשה/על הספר" },
  { "hi", "hindi/हिन्दी/हिंदी/hin", "विषय-सूची/कॉपीराइट/आवरण/शीर्षक पृष्ठ/समर्पण/इस पुस्तक के बारे में" },
  { "hr", "croatian/hrvatski/hrv", "Sadržaj/Impresum/Naslovnica/Naslovna stranica/Posveta/O ovoj knjizi" },
  { "hu", "hungarian/magyar/hun", "Tartalom/Impresszum/Borító/Címlap/Ajánlás/A könyvről" },
  { "hy", "armenian/հայերեն/hye/arm", "Բովանդակություն/Հեղինակային իրավունք/Կազմ/Տիտղոսաթերթ/Նվիրում/Այս գրքի մասին" },
  { "id", "indonesian/bahasa indonesia/bahasa/ind", "Daftar isi/Hak cipta/Sampul/Halaman judul/Persembahan/Tentang buku ini" },
  { "ig", "igbo/ibo" },
  { "is", "icelandic/íslenska/isl/ice", "Efnisyfirlit/Höfundarréttur/Kápa/Titilsíða/Tileinkun/Um þessa bók" },
  { "it", "italian/italiano/ita", "Indice/Crediti/Copertina/Frontespizio/Dedica/Su questo libro" },
  { "ja", "japanese/日本語/nihongo/jpn", "目次/奥付/表紙/扉/献辞/この本について" },
  { "jv", "javanese/basa jawa/jav" },
  { "ka", "georgian/ქართული/kat/geo", "სარჩევი/საავტორო უფლებები/ყდა/სატიტულო გვერდი/მიძღვნა/ამ წიგნის შესახებ" },
  { "kk", "kazakh/қазақ/қазақша/қазақ тілі/kaz", "Мазмұны/Авторлық құқық/Мұқаба/Титул беті/Арнау/Осы кітап туралы" },
  { "km", "khmer/cambodian/ខ្មែរ/ភាសាខ្មែរ/khm" },
  { "kn", "kannada/ಕನ್ನಡ/kan" },
  { "ko", "korean/한국어/조선말/kor", "차례/판권/표지/속표지/헌사/이 책에 대하여" },
  { "ku", "kurdish/kurmanji/kurdî/kur" },
  { "ckb", "sorani/central kurdish/کوردی" },
  { "ky", "kyrgyz/кыргызча/kir" },
  { "la", "latin/latina/lat", "Index/Iura/Tegumentum/Pagina tituli/Dedicatio/De hoc libro" },
  { "lb", "luxembourgish/lëtzebuergesch/ltz" },
  { "lo", "lao/laotian/ລາວ" },
  { "lt", "lithuanian/lietuvių/lit", "Turinys/Autorių teisės/Viršelis/Antraštinis puslapis/Dedikacija/Apie šią knygą" },
  { "lv", "latvian/latviešu/lav", "Saturs/Autortiesības/Vāks/Titullapa/Veltījums/Par šo grāmatu" },
  { "mk", "macedonian/македонски/mkd/mac", "Содржина/Авторски права/Корица/Насловна страница/Посвета/За оваа книга" },
  { "ml", "malayalam/മലയാളം/mal" },
  { "mn", "mongolian/монгол/mon" },
  { "mr", "marathi/मराठी/mar", "अनुक्रमणिका/कॉपीराइट/मुखपृष्ठ/शीर्षक पान/अर्पणपत्रिका/या पुस्तकाविषयी" },
  { "ms", "malay/bahasa melayu/malaysian/msa/may", "Kandungan/Hak cipta/Kulit buku/Halaman judul/Dedikasi/Tentang buku ini" },
  { "mt", "maltese/malti/mlt" },
  { "my", "burmese/myanmar/မြန်မာ/မြန်မာဘာသာ/mya/bur" },
  { "nb", "norwegian/norsk/bokmål/bokmal/norwegian bokmål/norsk bokmål/no/nor/nob", "Innhold/Kolofon/Omslag/Tittelside/Dedikasjon/Om denne boken" },
  { "nn", "nynorsk/norwegian nynorsk/norsk nynorsk/nno", "Innhald/Kolofon/Omslag/Tittelside/Dedikasjon/Om denne boka" },
  { "ne", "nepali/नेपाली/nep" },
  { "nl", "dutch/nederlands/flemish/vlaams/nld/dut", "Inhoud/Colofon/Omslag/Titelpagina/Opdracht/Over dit boek" },
  { "oc", "occitan/oci" },
  { "or", "odia/oriya/ଓଡ଼ିଆ/ori" },
  { "pa", "punjabi/panjabi/ਪੰਜਾਬੀ/pan" },
  { "pl", "polish/polski/pol", "Spis treści/Prawa autorskie/Okładka/Strona tytułowa/Dedykacja/O tej książce" },
  { "ps", "pashto/پښتو/pus" },
  { "pt", "portuguese/português/portugues/por", "Índice/Ficha técnica/Capa/Folha de rosto/Dedicatória/Sobre este livro" },
  { "ro", "romanian/română/romana/moldovan/ron/rum", "Cuprins/Drepturi de autor/Copertă/Pagina de titlu/Dedicație/Despre această carte" },
  { "ru", "russian/русский/rus", "Содержание/Выходные данные/Обложка/Титульный лист/Посвящение/Об этой книге" },
  { "si", "sinhala/sinhalese/සිංහල/sin" },
  { "sk", "slovak/slovenčina/slovensky/slk/slo", "Obsah/Tiráž/Obálka/Titulná strana/Venovanie/O tejto knihe" },
  { "sl", "slovenian/slovene/slovenščina/slv", "Kazalo/Kolofon/Naslovnica/Naslovna stran/Posvetilo/O tej knjigi" },
  { "so", "somali/soomaali/som" },
  { "sq", "albanian/shqip/sqi/alb", "Përmbajtja/Të drejtat e autorit/Kopertina/Faqja e titullit/Kushtim/Për këtë libër" },
  { "sr", "serbian/српски/srpski/srp", "Садржај/Импресум/Корице/Насловна страна/Посвета/О овој књизи" },
  { "sv", "swedish/svenska/swe", "Innehåll/Upphovsrätt/Omslag/Titelsida/Dedikation/Om boken" },
  { "sw", "swahili/kiswahili/swa", "Yaliyomo/Hakimiliki/Jalada/Ukurasa wa kichwa/Tabaruku/Kuhusu kitabu hiki" },
  { "ta", "tamil/தமிழ்/tam", "பொருளடக்கம்/பதிப்புரிமை/அட்டை/தலைப்புப் பக்கம்/சமர்ப்பணம்/இந்நூல் பற்றி" },
  { "te", "telugu/తెలుగు/tel" },
  { "th", "thai/ไทย/ภาษาไทย/tha", "สารบัญ/ลิขสิทธิ์/ปก/หน้าชื่อเรื่อง/คำอุทิศ/เกี่ยวกับหนังสือเล่มนี้" },
  { "tr", "turkish/türkçe/turkce/tur", "İçindekiler/Künye/Kapak/Başlık sayfası/İthaf/Bu kitap hakkında" },
  { "uk", "ukrainian/українська/ukr", "Зміст/Вихідні дані/Обкладинка/Титульна сторінка/Присвята/Про цю книгу" },
  { "ur", "urdu/اردو/urd", "فہرست/حقوق اشاعت/سرورق/صفحۂ عنوان/انتساب/اس کتاب کے بارے میں" },
  { "uz", "uzbek/oʻzbek/o'zbek/oʻzbekcha/uzb", "Mundarija/Mualliflik huquqi/Muqova/Sarlavha sahifasi/Bag'ishlov/Ushbu kitob haqida" },
  { "vi", "vietnamese/tiếng việt/việt/vie", "Mục lục/Bản quyền/Bìa/Trang tên sách/Lời đề tặng/Về cuốn sách này" },
  { "yi", "yiddish/ייִדיש/יידיש/yid" },
  { "yo", "yoruba/yorùbá/yor" },
  { "yue", "cantonese/粵語/粤语/廣東話/广东话", "目錄/版權/封面/扉頁/獻詞/關於本書" },
  { "zh", "chinese/mandarin/中文/汉语/漢語/普通话/国语/華語/华语/zho/chi/cmn", "目录/版权/封面/扉页/献词/关于本书" },
  { "zu", "zulu/isizulu/zul" },
}

-- What a region or a script adds to a language's tag. Written as one word or several before, behind or in brackets behind the name.
local variants = {
  en = "british GB/uk GB/england GB/american US/us US/usa US/canadian CA/australian AU/irish IE/indian IN/scottish GB",
  pt = "brazilian BR/brazil BR/brasileiro BR/brasil BR/do brasil BR/european PT/portugal PT/angolan AO",
  es = "mexican MX/mexico MX/latin american 419/latinoamericano 419/argentinian AR/argentine AR/spain ES/european ES/colombian CO/chilean CL",
  fr = "canadian CA/québécois CA/quebec CA/swiss CH/belgian BE/france FR",
  de = "austrian AT/österreich AT/österreichisches AT/swiss CH/schweiz CH/schweizer CH/germany DE",
  nl = "belgian BE/belgium BE",
  zh = "simplified Hans/简体 Hans/简体字 Hans/mainland CN/cn CN/tw TW/traditional Hant/繁體 Hant/繁体 Hant/繁體字 Hant/正體 Hant/"
    .. "taiwan TW/taiwanese TW/台灣 TW/台湾 TW/hong kong HK/香港 HK",
  sr = "latin Latn/latinica Latn/cyrillic Cyrl/ћирилица Cyrl",
  uz = "latin Latn/cyrillic Cyrl", az = "latin Latn/cyrillic Cyrl", pa = "gurmukhi Guru/shahmukhi Arab", ku = "sorani Arab",
}

-- Where a script or a region has words of its own.
local traditional = "目錄/版權/封面/扉頁/獻詞/關於本書"
local labels_by_tag = { ["zh-Hant"] = traditional, ["zh-TW"] = traditional, ["zh-HK"] = traditional, ["zh-MO"] = traditional,
  ["sr-Latn"] = "Sadržaj/Impresum/Korice/Naslovna strana/Posveta/O ovoj knjizi" }

-- Scripts that are those of one language: a name written in one says enough.
local scripts = { { 0x370, 0x3ff, "el" }, { 0x530, 0x58f, "hy" }, { 0x590, 0x5ff, "he" }, { 0xe00, 0xe7f, "th" }, { 0xe80, 0xeff, "lo" },
  { 0x1000, 0x109f, "my" }, { 0x10a0, 0x10ff, "ka" }, { 0x1200, 0x137f, "am" }, { 0x1780, 0x17ff, "km" }, { 0xac00, 0xd7a3, "ko" },
  { 0x3040, 0x30ff, "ja" }, { 0x980, 0x9ff, "bn" }, { 0xa80, 0xaff, "gu" }, { 0xb80, 0xbff, "ta" }, { 0xc00, 0xc7f, "te" }, { 0xc80, 0xcff, "kn" },
  { 0xd00, 0xd7f, "ml" }, { 0xd80, 0xdff, "si" } }

local right_to_left = { ar = true, he = true, fa = true, ur = true, yi = true, ps = true, sd = true, ug = true, dv = true, ckb = true,
  Arab = true, Hebr = true }

local by_name = {}
for _, row in ipairs(rows) do
  by_name[row[1]] = row
  for name in string.gmatch(row[2], "[^/]+") do by_name[text.fold(name)] = row end
end

local function labels_of(row, tag)
  local words, own = {}, labels_by_tag[string.match(tag, "^%a+%-%a+")]
  for word in string.gmatch(own or row and row[3] or by_name.en[3], "[^/]+") do words[#words + 1] = word end
  return { contents = words[1], copyright = words[2], cover = words[3], title_page = words[4], dedication = words[5], about = words[6] }
end

-- "PT_br" -> "pt-BR", "zh-hans" -> "zh-Hans"; nil when it does not have the form of a tag.
local function as_tag(name)
  local plain = string.gsub(name, "_", "-")
  local base, rest = string.match(plain, "^(%a%a%a?)(%-?[%w%-]*)$")
  if not base or (rest ~= "" and not string.find(rest, "^%-%w%w")) then return nil end
  local row = by_name[string.lower(base)]
  local out = row and row[1] or string.lower(base)
  for part in string.gmatch(rest, "%w+") do
    if #part == 4 and string.find(part, "^%a+$") then
      part = string.upper(string.sub(part, 1, 1)) .. string.lower(string.sub(part, 2))
    elseif #part == 2 or string.find(part, "^%d%d%d$") then
      part = string.upper(part)
    else
      part = string.lower(part)
    end
    out = out .. "-" .. part
  end
  return out
end

-- The words of a name, without brackets, commas and the word "language".
local function words_of(name)
  local spaced = string.gsub(text.fold(name), "[%(%),;:/]", " ")
  for _, mark in ipairs { "（", "）", "，", "、" } do spaced = string.gsub(spaced, mark, " ") end
  local words = {}
  for word in string.gmatch(spaced, "%S+") do words[#words + 1] = word end
  return words
end

local function variant_of(row, rest)
  for variant, subtag in string.gmatch((variants[row[1]] or "") .. "/", "([^/]-) (%w+)/") do
    if string.find(" " .. rest .. " ", " " .. variant .. " ", 1, true) then return row[1] .. "-" .. subtag end
  end
  return nil
end

local function without(words, from, length)
  local rest = {}
  for i, word in ipairs(words) do
    if i < from or i >= from + length then rest[#rest + 1] = word end
  end
  return table.concat(rest, " ")
end

-- Words that name a language, the longest name first; the one that the other words make more particular wins: "Latin American Spanish"
-- is Spanish, "Serbian (Latin)" Serbian.
local function named(words)
  local plain = nil
  for length = math.min(3, #words), 1, -1 do
    for from = 1, #words - length + 1 do
      local row = by_name[table.concat(words, " ", from, from + length - 1)]
      if row and (length > 1 or #words == 1 or #words[from] > 3) then -- "as", "no", "it" among others are words
        local variant = variant_of(row, without(words, from, length))
        if variant then return variant end
        plain = plain or row[1]
      end
    end
  end
  return plain
end

-- "简体中文", "台灣中文": names without blanks, the language at their end.
local function joined(name)
  for _, chinese in ipairs { "中文", "汉语", "漢語", "華語" } do
    local before = string.match(name, "^(.+)" .. chinese .. "$")
    if before then return variant_of(by_name.zh, before) or "zh" end
  end
  return nil
end

local function by_script(name)
  if not utf8.len(name) then return nil end
  for _, code in utf8.codes(name) do
    for _, range in ipairs(scripts) do
      if code >= range[1] and code <= range[2] then return range[3] end
    end
  end
  return nil
end

local function tag_of(name)
  local folded = text.fold(text.trim(name))
  if by_name[folded] then return by_name[folded][1] end
  local tag = as_tag(text.trim(name))
  if tag then return tag end
  local inside = string.match(name, "%((%a%a%a?[%-_]?[%w%-_]*)%)%s*$")
  return joined(folded) or named(words_of(folded)) or (inside and as_tag(inside)) or by_script(name)
end

--- languages.find("Japanese") -> { name = "Japanese", tag = "ja", direction = "ltr", labels = {...}, known = true }. A language that
--- nobody here knows has the tag "und" and known = false: whoever makes a book of it says so.
function languages.find(name)
  local tag = tag_of(name)
  local base, script = string.match(tag or "und", "^%a+"), string.match(tag or "", "%-(%u%l%l%l)")
  local direction = (right_to_left[script] or (not script and right_to_left[base])) and "rtl" or "ltr"
  return { name = name, tag = tag or "und", direction = direction, labels = labels_of(by_name[base], tag or ""), known = tag ~= nil }
end

-- Languages without blanks between words: two characters for a word, as text.words counts them.
local characters_a_word = { ja = 2, zh = 2 }

--- How much of a text to ask for, as who writes the language measures it: "600 words", "1200 characters" (of Chinese and Japanese).
--- Without a language in words.
function languages.amount(language, words)
  local characters = language and characters_a_word[string.match(language.tag, "^%a+")]
  if characters then return string.format("%d characters", words * characters) end
  return string.format("%d words", words)
end

return languages
