/* json_text.c - see json_text.h. */
#include "base/json_text.h"

#include <stdio.h>
#include <stdlib.h>

enum err json_put_escape(struct buf *out, unsigned char c) {
  static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
  const char *hit = c ? strchr(plain, c) : NULL;
  if (!hit) return buf_printf(out, "\\u%04x", c);
  char two[2] = {'\\', letters[hit - plain]};
  return buf_append(out, two, sizeof two);
}

enum err json_put_string(struct buf *out, const char *s, size_t n) {
  enum err err = buf_putc(out, '"');
  size_t done = 0;
  for (size_t i = json_plain_bytes(s, n); i < n && !err; i += json_plain_bytes(s + i, n - i)) {
    unsigned char c = (unsigned char)s[i++];
    if (c >= 0x80) continue;
    err = buf_append(out, s + done, i - 1 - done);
    if (!err) err = json_put_escape(out, c);
    done = i;
  }
  if (!err) err = buf_append(out, s + done, n - done);
  return err ? err : buf_putc(out, '"');
}

enum err json_put_integer(struct buf *out, int64_t v) {
  char digits[24], *p = digits + sizeof digits;
  uint64_t rest = v < 0 ? 0u - (uint64_t)v : (uint64_t)v;
  do *--p = (char)('0' + rest % 10);
  while (rest /= 10);
  if (v < 0) *--p = '-';
  return buf_append(out, p, (size_t)(digits + sizeof digits - p));
}

enum err json_put_real(struct buf *out, double v) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    double back = strtod(text, NULL);
    if (back >= v && back <= v) break;
  }
  enum err err = buf_puts(out, text);
  return err || strpbrk(text, ".e") ? err : buf_puts(out, ".0");
}
