/* json_text.h - the smallest parts of JSON text, for those who write it (jsonx.c from jansson's values, lua/value.c from Lua's) and those who
 * read it. Any thread. */
#pragma once
#include <stdint.h>
#include <string.h>
#include "base/buf.h"

enum { JSON_DEPTH_MAX = 100 };

/* How many bytes from here are plain ASCII that a JSON string holds as they are: most of all text, so eight at a time. A byte's high bit is
 * set in `odd` when the byte (or, by a borrow, one below it that is odd itself) is below 0x20, a quote, a backslash, or above 0x7f. */
static inline size_t json_plain_bytes(const char *s, size_t n) {
  const uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t v;
    memcpy(&v, s + i, 8);
    uint64_t quote = v ^ '"' * ones, slash = v ^ '\\' * ones;
    uint64_t odd = (v | (v - 0x20 * ones) | (quote - ones) | (slash - ones)) & high;
    if (odd) break;
  }
  while (i < n && s[i] >= 0x20 && (unsigned char)s[i] < 0x80 && s[i] != '"' && s[i] != '\\') i++;
  return i;
}

enum err json_put_escape(struct buf *out,
                         unsigned char c); /* of a byte that a string may not hold as it is */
enum err json_put_string(struct buf *out, const char *s, size_t n); /* in quotes; must be UTF-8 */
enum err json_put_integer(struct buf *out, int64_t v);
enum err json_put_real(struct buf *out,
                       double v); /* finite: the fewest digits that read back as it; shows that it is real */
