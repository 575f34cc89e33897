-- lib/languages.lua: from "Japanese", "日本語" or "ja" to a language tag, a direction and the few fixed words that a book's
-- pages need. A language that is not listed works too: the prose is written in it, and the fixed words are English.
local languages = {}

-- tag, names that people use, contents, copyright, cover, title page, dedication, about this book, chapter label
local rows = {
  { "en", { "english", "british english", "american english" }, "Contents", "Copyright", "Cover", "Title page", "Dedication", "About this book" },
  { "de", { "german", "deutsch" }, "Inhalt", "Impressum", "Umschlag", "Titelseite", "Widmung", "Über dieses Buch" },
  { "fr", { "french", "français" }, "Sommaire", "Mentions légales", "Couverture", "Page de titre", "Dédicace", "À propos de ce livre" },
  { "es", { "spanish", "español", "castellano" }, "Índice", "Créditos", "Cubierta", "Portada", "Dedicatoria", "Sobre este libro" },
  { "it", { "italian", "italiano" }, "Indice", "Crediti", "Copertina", "Frontespizio", "Dedica", "Su questo libro" },
  { "pt", { "portuguese", "português" }, "Índice", "Ficha técnica", "Capa", "Folha de rosto", "Dedicatória", "Sobre este livro" },
  { "nl", { "dutch", "nederlands" }, "Inhoud", "Colofon", "Omslag", "Titelpagina", "Opdracht", "Over dit boek" },
  { "sv", { "swedish", "svenska" }, "Innehåll", "Upphovsrätt", "Omslag", "Titelsida", "Dedikation", "Om boken" },
  { "pl", { "polish", "polski" }, "Spis treści", "Prawa autorskie", "Okładka", "Strona tytułowa", "Dedykacja", "O tej książce" },
  { "cs", { "czech", "čeština" }, "Obsah", "Tiráž", "Obálka", "Titulní strana", "Věnování", "O této knize" },
  { "ru", { "russian", "русский" }, "Содержание", "Выходные данные", "Обложка", "Титульный лист", "Посвящение", "Об этой книге" },
  { "uk", { "ukrainian", "українська" }, "Зміст", "Вихідні дані", "Обкладинка", "Титульна сторінка", "Присвята", "Про цю книгу" },
  { "el", { "greek", "ελληνικά" }, "Περιεχόμενα", "Πνευματικά δικαιώματα", "Εξώφυλλο", "Σελίδα τίτλου", "Αφιέρωση", "Για το βιβλίο" },
  { "tr", { "turkish", "türkçe" }, "İçindekiler", "Künye", "Kapak", "Başlık sayfası", "İthaf", "Bu kitap hakkında" },
  { "ar", { "arabic", "العربية" }, "المحتويات", "حقوق النشر", "الغلاف", "صفحة العنوان", "إهداء", "عن هذا الكتاب" },
  { "he", { "hebrew", "עברית" }, "תוכן העניינים", "זכויות יוצרים", "כריכה", "עמוד השער", "הקדשה", "על הספר" },
  { "fa", { "persian", "farsi", "فارسی" }, "فهرست", "حق نشر", "جلد", "صفحهٔ عنوان", "پیشکش", "دربارهٔ این کتاب" },
  { "ur", { "urdu", "اردو" }, "فہرست", "حقوق اشاعت", "سرورق", "صفحۂ عنوان", "انتساب", "اس کتاب کے بارے میں" },
  { "hi", { "hindi", "हिन्दी", "हिंदी" }, "विषय-सूची", "कॉपीराइट", "आवरण", "शीर्षक पृष्ठ", "समर्पण", "इस पुस्तक के बारे में" },
  { "ja", { "japanese", "日本語" }, "目次", "奥付", "表紙", "扉", "献辞", "この本について" },
  { "zh", { "chinese", "mandarin", "中文", "汉语" }, "目录", "版权", "封面", "扉页", "献词", "关于本书" },
  { "ko", { "korean", "한국어" }, "차례", "판권", "표지", "속표지", "헌사", "이 책에 대하여" },
  { "th", { "thai", "ไทย" }, "สารบัญ", "ลิขสิทธิ์", "ปก", "หน้าชื่อเรื่อง", "คำอุทิศ", "เกี่ยวกับหนังสือเล่มนี้" },
}

local right_to_left = { ar = true, he = true, fa = true, ur = true, yi = true, ps = true, sd = true, ug = true, dv = true }

local function matches(row, wanted)
  if row[1] == wanted then return true end
  for _, name in ipairs(row[2]) do
    if text.fold(name) == wanted then return true end
  end
  return false
end

local function labels(row)
  return { contents = row[3], copyright = row[4], cover = row[5], title_page = row[6], dedication = row[7], about = row[8] }
end

--- languages.find("Japanese") -> { name = "Japanese", tag = "ja", direction = "ltr", labels = {...} }
function languages.find(name)
  local wanted = text.fold(text.trim(name))
  local given_tag = string.match(wanted, "^%a%a%a?%-%w[%w%-]*$") or string.match(wanted, "^%a%a%a?$")
  local base = given_tag and string.match(given_tag, "^%a+") or wanted
  for _, row in ipairs(rows) do
    if matches(row, base) then
      local tag = given_tag and text.trim(name) or row[1]
      return { name = name, tag = tag, direction = right_to_left[row[1]] and "rtl" or "ltr", labels = labels(row) }
    end
  end
  local direction = given_tag and right_to_left[base] and "rtl" or "ltr"
  return { name = name, tag = given_tag and text.trim(name) or "und", direction = direction, labels = labels(rows[1]) }
end

return languages
