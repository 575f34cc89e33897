/* rehearsal_letters.h - how a letter is written: with capitals, without blanks between words, or with neither. Any thread.
 *
 * Coarse on purpose: it tells whether a capital can mark a name, and where a word may begin. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum writing {
  NO_LETTER,
  CASED,    /* Latin, Greek, Cyrillic, Armenian */
  HAN,      /* no blanks */
  HIRAGANA, /* no blanks; what stands between names in Japanese */
  KATAKANA, /* no blanks */
  HANGUL,   /* blanks; particles stick to words */
  CASELESS, /* Arabic, Hebrew, Devanagari, Thai and the rest */
};

enum writing letter_writing(uint32_t cp);
bool letter_is_capital(uint32_t cp);
