/* place.c - writes a chain of places as a path. */
#include "lua/place.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { STEP_MAX = 100, KEY_SHOWN = 60 };

static bool is_name(const char *key, size_t n) {
  if (!n || n > KEY_SHOWN) return false;
  for (size_t i = 0; i < n; i++)
    if (!isalnum((unsigned char)key[i]) && key[i] != '_' && (unsigned char)key[i] < 0x80) return false;
  return utf8_valid(key, n, NULL);
}

/* A key that would break the path or the message is shown in brackets, in part, with '?' for odd bytes. */
static void write_odd_key(const struct place *at, char *step) {
  size_t shown = at->n < KEY_SHOWN ? at->n : KEY_SHOWN, i = 0;
  step[i++] = '[';
  step[i++] = '"';
  for (size_t k = 0; k < shown; k++) {
    unsigned char c = (unsigned char)at->key[k];
    step[i++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
  }
  snprintf(step + i, 8, at->n > shown ? "...\"]" : "\"]");
}

static size_t write_from_root(const struct place *at, char *to, size_t max) {
  if (!at || !at->up) return 0;
  size_t used = write_from_root(at->up, to, max);
  char step[STEP_MAX];
  if (!at->key)
    snprintf(step, sizeof step, "[%" PRId64 "]", at->index);
  else if (is_name(at->key, at->n))
    snprintf(step, sizeof step, "%s%.*s", used ? "." : "", (int)at->n, at->key);
  else
    write_odd_key(at, step);
  size_t n = strlen(step);
  if (used + n + 1 > max) return used;
  memcpy(to + used, step, n + 1);
  return used + n;
}

void place_write(const struct place *at, const char *root, char *to, size_t max) {
  to[0] = '\0';
  if (!write_from_root(at, to, max)) snprintf(to, max, "%s", root);
}
