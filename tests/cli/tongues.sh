#!/usr/bin/env bash
# tongues.sh - text and files in the languages of the world: what a language is called, what a chapter may look like, who saved a file.
. "$(dirname "$0")/../lib.sh"

t_case "a language is found by its names, its tag, its script and its region; none becomes 'undetermined' without a word"
cat >"$tmp/names.lua" <<'LUA'
local languages = require "lib.languages"
local names = {
  ["English"] = "en", ["British English"] = "en-GB", ["American English"] = "en-US", ["EN-us"] = "en-US", ["eng"] = "en", ["english language"] = "en",
  ["Brazilian Portuguese"] = "pt-BR", ["Portuguese (Brazil)"] = "pt-BR", ["português do Brasil"] = "pt-BR", ["pt_br"] = "pt-BR", ["European Portuguese"] = "pt-PT",
  ["简体中文"] = "zh-Hans", ["繁體中文"] = "zh-Hant", ["Simplified Chinese"] = "zh-Hans", ["Chinese (Traditional)"] = "zh-Hant", ["中文（简体）"] = "zh-Hans",
  ["zh-hant"] = "zh-Hant", ["zh_CN"] = "zh-CN", ["台灣中文"] = "zh-TW", ["Mandarin"] = "zh", ["Cantonese"] = "yue",
  ["Norwegian"] = "nb", ["Norsk bokmål"] = "nb", ["nynorsk"] = "nn", ["no"] = "nb", ["Latin American Spanish"] = "es-419", ["Mexican Spanish"] = "es-MX",
  ["Serbian (Latin)"] = "sr-Latn", ["Српски"] = "sr", ["Swiss German"] = "de-CH", ["Deutsch (Österreich)"] = "de-AT", ["plain German, a little old-fashioned"] = "de",
  ["Canadian French"] = "fr-CA", ["Flemish"] = "nl", ["ქართული ენა"] = "ka", ["Klingon (tlh)"] = "tlh", ["Tagalog"] = "fil", ["Farsi"] = "fa", ["iw"] = "he",
  ["日本語で"] = "ja",
}
local each = "Afrikaans af/Albanian sq/Amharic am/Arabic ar/Armenian hy/Azerbaijani az/Basque eu/Belarusian be/Bengali bn/Bosnian bs/Bulgarian bg/Burmese my/"
  .. "Catalan ca/Croatian hr/Czech cs/Danish da/Dutch nl/Esperanto eo/Estonian et/Finnish fi/French fr/Galician gl/Georgian ka/Greek el/Gujarati gu/"
  .. "Hausa ha/Hebrew he/Hindi hi/Hungarian hu/Icelandic is/Igbo ig/Indonesian id/Irish ga/Italian it/Japanese ja/Javanese jv/Kannada kn/Kazakh kk/"
  .. "Khmer km/Korean ko/Kurdish ku/Kyrgyz ky/Lao lo/Latin la/Latvian lv/Lithuanian lt/Macedonian mk/Malay ms/Malayalam ml/Maltese mt/Marathi mr/"
  .. "Mongolian mn/Nepali ne/Persian fa/Polish pl/Punjabi pa/Romanian ro/Russian ru/Sinhala si/Slovak sk/Slovenian sl/Somali so/Spanish es/Swahili sw/"
  .. "Swedish sv/Tamil ta/Telugu te/Thai th/Turkish tr/Ukrainian uk/Urdu ur/Uzbek uz/Vietnamese vi/Welsh cy/Yiddish yi/Yoruba yo/Zulu zu"
return { title = "Names", input = {}, run = function()
  local count = 0
  for name, tag in each:gmatch("(%a+) (%a+)") do names[name] = tag end
  for name, tag in pairs(names) do
    local found = languages.find(name)
    count = count + 1
    if found.tag ~= tag or not found.known then log.error("wrong: %s is %s", name, found.tag) end
  end
  for name, direction in pairs { ["Urdu"] = "rtl", ["az-Arab"] = "rtl", ["ar-Latn"] = "ltr", ["Yiddish"] = "rtl", ["Sorani"] = "rtl", ["Maltese"] = "ltr" } do
    if languages.find(name).direction ~= direction then log.error("wrong: %s runs %s", name, languages.find(name).direction) end
  end
  local unknown = languages.find("Elvish")
  if unknown.known or unknown.tag ~= "und" then log.error("wrong: Elvish is %s", unknown.tag) end
  return { many = count >= 110 }
end }
LUA
t_run "$QUIRE" run "$tmp/names.lua"
t_has "$out" "Many: true"
t_is "$(grep -c 'wrong: ' <<<"$out")" 0

small=(--set title="The Lamp" --set brief="A keeper finds a log." --set chapters=1 --set words_per_chapter=200 --set candidates=1 --quiet)
epub=$QUIRE_LIBRARY/exports/lamp/book.epub
page() { unzip -p "$epub" "EPUB/$1"; }

t_case "a language that nobody knows is an issue of the book, with what to do"
t_run 3 "$QUIRE" run generate_book --project elvish "${small[@]}" --set language=Elvish
t_has "$out" 'nobody here knows the language'

t_case "a chapter without a heading, with pictures and links from anywhere, makes a book that shops take"
t_run "$QUIRE" run generate_book --project lamp "${small[@]}" --set language=简体中文
t_has "$(page package.opf)" "<dc:language>zh-Hans</dc:language>"
cat >"$tmp/chapter.md" <<'TEXT'
Her phone lit up.

[Anna]: Where?

[Ben]: Home, see [here](http://) or [there](chapter2.html).

![a map](http://pictures.example/p.png)

**「灯台」**の灯。**真的。**她说。

　　雨下了一夜。
　　她推开窗。

"Go."
"I will."

1984. That was the year.
TEXT
t_run "$QUIRE" artifact edit lamp chapters/01.md --from "$tmp/chapter.md"
t_run "$QUIRE" export lamp --quiet
chapter=$(page chapter-001.xhtml)
for text in "<title>1</title>" '<h1 id="chapter-001-title">1</h1>' "<p>[Anna]: Where?</p>" "[Ben]: Home, see <a>here</a> or <a>there</a>." "<p>a map</p>" \
  "<p><strong>「灯台」</strong>の灯。<strong>真的。</strong>她说。</p>" "雨下了一夜。</p>" "她推开窗。</p>" "Go.&quot;</p>" "<p>1984. That was the year.</p>"; do t_has "$chapter" "$text"; done
t_is "$(grep -c 'src=\|\*\*' <<<"$chapter")" 0
t_has "$(page nav.xhtml)" '<li><a href="chapter-001.xhtml">1</a></li>'
t_epub "$epub"

t_case "a title of blanks is no title: the book finds one"
t_run "$QUIRE" run generate_book --project blank "${small[@]}" --set title="  "
t_is "$(unzip -p "$QUIRE_LIBRARY/exports/blank/book.epub" EPUB/package.opf | grep -c '<dc:title id="book-title">[^<]*[^< ][^<]*</dc:title>')" 1

t_case "files that Windows saved as UTF-8 with a byte order mark are read: briefs, settings, scripts"
mark=$'\xef\xbb\xbf'
printf '%s{"text": "The escapement drives the wheel."}' "$mark" >"$tmp/brief.json"
printf '%sreturn { limits = { run_usd = 5 } }' "$mark" >"$QUIRE_LIBRARY/quire.lua"
t_run "$QUIRE" run glossary --quiet --input "$tmp/brief.json"
printf '%sreturn { title = "T", input = { { name = "x", type = "text" } }, run = function(input) return { bytes = #input.x } end }' "$mark" >"$tmp/own.lua"
printf '%sday' "$mark" >"$tmp/x.txt"
t_run "$QUIRE" run "$tmp/own.lua" --set "x=@$tmp/x.txt"
t_has "$out" "Bytes: 3"

t_done
