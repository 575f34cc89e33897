#!/usr/bin/env bash
# How many words does a sentence have, by four npm packages that count words? Between 0 and 20, for the same sentence.
#
# Seen 2026-11-27 (alfaaz 1.1.0, words-count 2.0.2, word-counting 1.1.4, reading-time 1.5.0; the last column is Intl.Segmenter of node):
#   dashes     an em dash without blanks joins words for three of four: "He came—and went—home" is 3 words of 5
#   numbers    "1,500.75" is one word or five pieces of one: alfaaz and word-counting give 11 for a sentence of 7
#   Korean     has blanks between words, yet words-count and reading-time count each syllable: 17 for 6
#   Japanese   3 (runs between punctuation) to 18 (each character)
#   Thai       0, 1, 1 or 20, for 6
#   Arabic, Hindi   0 in word-counting, which knows Latin, Cyrillic and CJK letters only
#   accents    "café naïve" in decomposed form (NFD), and a soft hyphen, are 3 words for 2 in two of them
# A target length, a reading time or a price by the word that comes from one of them is that package's, not the text's.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund alfaaz@1.1.0 words-count@2.0.2 word-counting@1.1.4 reading-time@1.5.0 >/dev/null

cat >run.mjs <<'EOF'
import { countWords } from "alfaaz";
import wordsCount from "words-count";
import wordCounting from "word-counting";
import readingTime from "reading-time";
const a = wordsCount.default ?? wordsCount, b = wordCounting.default ?? wordCounting;
const texts = {
  dashes: "He came—and went—home.",
  numbers: "It cost 1,500.75 euros at 3.30 p.m.",
  korean: "등대의 불이 꺼졌다. 누구냐고 그가 말했다.",
  japanese: "灯台の灯が消えた。「誰だ」と彼は言った。",
  thai: "ฉันรักภาษาไทยและทะเล",
  arabic: "كان المنارة مضيئة.",
  hindi: "दीपक बुझ गया।",
  accents: "cafe\u0301 nai\u0308ve",
  hyphen: "light\u00adhouse keeper",
};
for (const [name, text] of Object.entries(texts)) {
  const words = [...new Intl.Segmenter("en", { granularity: "word" }).segment(text)].filter((s) => s.isWordLike).length;
  console.log([name, countWords(text), a(text), b(text).wordsCount, readingTime(text).words, words].join(" "));
}
EOF
got=$(node run.mjs 2>err) || { cat err; exit 1; }
echo "name alfaaz words-count word-counting reading-time Intl"
echo "$got"
expected="dashes 3 3 5 3
numbers 11 7 11 7
korean 6 17 6 17
japanese 11 18 3 16
thai 20 1 0 1
arabic 3 3 0 3
hindi 3 3 0 3
accents 2 3 3 2
hyphen 2 3 3 2"
got=$(cut -d' ' -f1-5 <<<"$got")
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
