/* text.h - small text helpers with no allocation policy of their own. Any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of `names` (NULL-terminated) nearest to `word` by edit distance, or NULL when none is near
 * (more than a third of the longer word's length away, at least 1 edit allowed). Of several equally near ones the first in the order of bytes. */
const char *text_nearest(const char *word, const char *const *names);
/* Decodes one code point at s[0..n); returns its length in bytes, 0 at the end, -1 when invalid (overlong,
 * surrogate, > U+10FFFF, cut off). */
int utf8_decode(const char *s, size_t n, uint32_t *cp);
/* Bytes of the character at s[0..n) if XML may hold it, else 0 (broken UTF-8, control characters, U+FFFE, U+FFFF). */
size_t utf8_xml_character(const char *s, size_t n);
bool utf8_valid(const char *s, size_t n, size_t *bad_offset); /* bad_offset may be NULL */
/* Words as a reader counts them: runs of letters, digits and inner apostrophes or hyphens; a number with its points and commas is one.
 * Where a script has no spaces, a Han, Hiragana or Katakana character is half a word, a code point of Thai, Lao, Burmese or Khmer a
 * quarter; their sum is rounded up. Invalid bytes separate words. */
size_t text_words(const char *s, size_t n);
/* A name for paths and command lines: Latin letters in lower-case ASCII without their marks, those of other scripts as they are (in
 * lower case where they have one), digits, single hyphens between; at most max-1 bytes; "untitled" when nothing is left. A slug's
 * slug is itself. */
void text_slug(const char *s, size_t n, char *out, size_t max);
