/* utf8.h - the way back from utf8_decode (base/text.h). Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MOST = 4 }; /* bytes of one code point */

/* Writes one code point (at most U+10FFFF); returns its bytes. */
static inline size_t utf8_encode(char *to, uint32_t cp) {
  if (cp < 0x80) {
    to[0] = (char)cp;
    return 1;
  }
  size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
  for (size_t i = n - 1; i; i--, cp >>= 6) to[i] = (char)(0x80 | (cp & 0x3f));
  to[0] = (char)((0xf00u >> n & 0xf0u) | cp);
  return n;
}
