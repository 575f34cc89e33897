/* letters.c - see letters.h. */
#include "llm/letters.h"

#include <stdint.h>
#include "base/text.h"

static unsigned byte_at(const char *s, size_t i) {
  return (unsigned char)s[i];
}

/* ED A0..AF: the first half of a surrogate pair; ED B0..BF: the second. */
static bool is_half(const char *s, size_t n, unsigned from) {
  return n >= 3 && byte_at(s, 0) == 0xED && byte_at(s, 1) >= from && byte_at(s, 1) < from + 0x10;
}

static size_t length_of(unsigned lead) {
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

/* Bytes at the end that a next piece may complete. */
static size_t open_tail(const char *s, size_t n) {
  for (size_t k = 1; k <= 3 && k <= n; k++) {
    unsigned c = byte_at(s, n - k);
    if ((c & 0xC0) == 0x80) continue;
    return length_of(c) > k || is_half(s + n - k, k, 0xA0) ? k : 0;
  }
  return 0;
}

static uint32_t half_value(const char *s) {
  return (byte_at(s, 1) & 0x0F) << 6 | (byte_at(s, 2) & 0x3F);
}

static size_t put_letter(struct buf *to, const char *s, size_t n) {
  uint32_t cp;
  int length = utf8_decode(s, n, &cp);
  if (length > 0) {
    buf_append(to, s, (size_t)length);
    return (size_t)length;
  }
  if (is_half(s, n, 0xA0) && is_half(s + 3, n - 3, 0xB0)) {
    cp = 0x10000 + (half_value(s) << 10) + half_value(s + 3);
    const char bytes[] = {(char)(0xF0 | cp >> 18), (char)(0x80 | (cp >> 12 & 0x3F)),
                          (char)(0x80 | (cp >> 6 & 0x3F)), (char)(0x80 | (cp & 0x3F))};
    buf_append(to, bytes, sizeof bytes);
    return 6;
  }
  buf_puts(to, "\xEF\xBF\xBD");
  return is_half(s, n, 0xA0) || is_half(s, n, 0xB0) ? 3 : 1;
}

size_t letters_mend(struct buf *b, size_t from, bool end) {
  size_t last = b->len - (end ? 0 : open_tail(b->data + from, b->len - from));
  if (utf8_valid(b->data + from, last - from, NULL)) return last;
  struct buf mended;
  buf_init(&mended, 3 * (b->len - from) + 1);
  for (size_t at = from; at < last;) at += put_letter(&mended, b->data + at, last - at);
  size_t valid = from + mended.len;
  buf_append(&mended, b->data + last, b->len - last);
  b->len = from;
  buf_append(b, mended.data, mended.len);
  buf_release(&mended);
  return valid < b->len ? valid : b->len;
}
