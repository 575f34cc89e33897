/* base64.c - see base64.h. */
#include "base/base64.h"

#include <stdbool.h>

static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, of which the last `padding` are '='. */
static enum err decode_four(const char *s, int padding, struct buf *out) {
  unsigned bits = 0;
  for (int i = 0; i < 4; i++) {
    int v = i < 4 - padding ? value_of(s[i]) : 0;
    if (v < 0) return ERR_INVALID;
    bits = bits << 6 | (unsigned)v;
  }
  const char bytes[3] = {(char)(bits >> 16 & 0xFF), (char)(bits >> 8 & 0xFF), (char)(bits & 0xFF)};
  return buf_append(out, bytes, (size_t)(3 - padding));
}

enum err base64_decode(const char *text, size_t n, struct buf *out) {
  enum err err = n % 4 == 0 ? OK : ERR_INVALID;
  for (size_t i = 0; i < n && err == OK; i += 4) {
    bool last = i + 4 == n;
    int padding = last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 2 : 1) : 0;
    err = decode_four(text + i, padding, out);
  }
  return err;
}

enum err base64_encode(const void *bytes, size_t n, struct buf *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *p = bytes;
  enum err err = OK;
  for (size_t i = 0; i < n && err == OK; i += 3) {
    size_t left = n - i;
    unsigned bits =
        (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
    char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], left > 1 ? digits[bits >> 6 & 63] : '=',
                    left > 2 ? digits[bits & 63] : '='};
    err = buf_append(out, four, sizeof four);
  }
  return err;
}
