/* prose.c - letters and words. Sentences are in sentences.c. */
#include "script_api/prose.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

/* ---- lower case ---- */

enum step { PLUS, EVEN, ODD }; /* add `by`; capitals are even (odd) and their small letter follows */

static const struct fold {
  uint16_t first, last;
  uint8_t step;
  int16_t by;
} folds[] = {
    {0x00c0, 0x00d6, PLUS, 32},   {0x00d8, 0x00de, PLUS, 32},   {0x0100, 0x012f, EVEN, 0},
    {0x0130, 0x0130, PLUS, -199}, {0x0132, 0x0137, EVEN, 0},    {0x0139, 0x0148, ODD, 0},
    {0x014a, 0x0177, EVEN, 0},    {0x0178, 0x0178, PLUS, -121}, {0x0179, 0x017e, ODD, 0},
    {0x01a0, 0x01a5, EVEN, 0},    {0x01af, 0x01b0, ODD, 0},     {0x01b3, 0x01b6, ODD, 0},
    {0x01cd, 0x01dc, ODD, 0},     {0x01de, 0x01ef, EVEN, 0},    {0x01f8, 0x021f, EVEN, 0},
    {0x0222, 0x0233, EVEN, 0},    {0x0246, 0x024f, EVEN, 0},    {0x0386, 0x0386, PLUS, 38},
    {0x0388, 0x038a, PLUS, 37},   {0x038c, 0x038c, PLUS, 64},   {0x038e, 0x038f, PLUS, 63},
    {0x0391, 0x03a1, PLUS, 32},   {0x03a3, 0x03ab, PLUS, 32},   {0x03c2, 0x03c2, PLUS, 1},
    {0x0400, 0x040f, PLUS, 80},   {0x0410, 0x042f, PLUS, 32},   {0x0460, 0x0481, EVEN, 0},
    {0x048a, 0x04bf, EVEN, 0},    {0x04c0, 0x04c0, PLUS, 15},   {0x04c1, 0x04ce, ODD, 0},
    {0x04d0, 0x052f, EVEN, 0},    {0x0531, 0x0556, PLUS, 48},   {0x1e00, 0x1e95, EVEN, 0},
    {0x1ea0, 0x1eff, EVEN, 0},    {0x1f08, 0x1f0f, PLUS, -8},   {0x1f18, 0x1f1d, PLUS, -8},
    {0x1f28, 0x1f2f, PLUS, -8},   {0x1f38, 0x1f3f, PLUS, -8},   {0x1f48, 0x1f4d, PLUS, -8},
    {0x1f68, 0x1f6f, PLUS, -8},   {0xff21, 0xff3a, PLUS, 32},
};

uint32_t prose_fold(uint32_t cp) {
  if (cp < 0x80) return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
  if (cp == 0x1e9e) return 0xdf; /* capital sharp s */
  size_t low = 0, high = sizeof folds / sizeof folds[0];
  while (low < high) {
    size_t mid = (low + high) / 2;
    const struct fold *f = &folds[mid];
    if (cp > f->last)
      low = mid + 1;
    else if (cp < f->first)
      high = mid;
    else if (f->step == PLUS)
      return (uint32_t)((int32_t)cp + f->by);
    else
      return (cp & 1) == (f->step == ODD) ? cp + 1 : cp;
  }
  return cp;
}

bool prose_is_small(uint32_t cp) {
  if (cp < 0x80) return cp >= 'a' && cp <= 'z';
  bool cased = (cp >= 0xdf && cp <= 0x24f && cp != 0xf7) || (cp >= 0x3ac && cp <= 0x3ce) ||
               (cp >= 0x430 && cp <= 0x52f) || (cp >= 0x561 && cp <= 0x587) || (cp >= 0x1e00 && cp <= 0x1fff);
  return cased && prose_fold(cp) == cp;
}

bool prose_is_capital(uint32_t cp) {
  return cp != 0x3c2 && prose_fold(cp) != cp;
}

/* ---- white space ---- */

bool prose_is_space(uint32_t cp) {
  return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
         (cp >= 0x2000 && cp <= 0x200b) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
         cp == 0x3000 || cp == 0xfeff;
}

size_t prose_look(const char *s, size_t n, size_t i, uint32_t *cp) {
  *cp = 0;
  if (i >= n) return 0;
  int len = utf8_decode(s + i, n - i, cp);
  if (len > 0) return (size_t)len;
  *cp = 0xfffd;
  return 1;
}

size_t prose_look_back(const char *s, size_t i, uint32_t *cp) {
  *cp = 0;
  for (size_t back = 1; back <= UTF8_MOST && back <= i; back++) {
    if (((unsigned char)s[i - back] & 0xc0) == 0x80 && back < UTF8_MOST) continue;
    return prose_look(s, i, i - back, cp) == back ? back : 1;
  }
  return i ? 1 : 0;
}

void prose_trim(const char **s, size_t *n) {
  uint32_t cp;
  for (;;) {
    size_t len = prose_look(*s, *n, 0, &cp);
    if (!len || !prose_is_space(cp)) break;
    *s += len;
    *n -= len;
  }
  for (;;) {
    size_t len = prose_look_back(*s, *n, &cp);
    if (!len || !prose_is_space(cp)) break;
    *n -= len;
  }
}

/* ---- words ---- */

enum kind { GAP, LETTER, INNER, UNSPACED };

/* base/text.h knows the alphabets: a character eight times over is one word if it is a letter, more if its script
 * puts no spaces between words, none if it is a sign. */
static enum kind kind_of(const char *s, size_t len, uint32_t cp) {
  if (cp < 0x80) {
    bool letter = (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
    return letter ? LETTER : cp == '\'' || cp == '-' ? INNER : GAP;
  }
  if (cp == 0x2019 || cp == 0x2010 || cp == 0x2011 || cp == 0xad || cp == 0x200c || cp == 0x200d)
    return INNER;
  char eight[8 * UTF8_MOST];
  for (size_t i = 0; i < 8; i++) memcpy(eight + i * len, s, len);
  size_t words = text_words(eight, 8 * len);
  return words > 1 ? UNSPACED : words ? LETTER : GAP;
}

bool prose_ends_sentence(uint32_t cp) {
  return cp == '.' || cp == '!' || cp == '?' || cp == 0x2026 || cp == 0x203d || cp == 0x061f ||
         cp == 0x06d4 || cp == 0x0964;
}

bool prose_ends_wide_sentence(uint32_t cp) {
  return cp == 0x3002 || cp == 0xff01 || cp == 0xff1f || cp == 0xff0e || cp == 0xff61;
}

static uint64_t hash_add(uint64_t hash, uint32_t cp) {
  if (cp == 0x2019) cp = '\'';
  return (hash ^ prose_fold(cp)) * 0x100000001b3u;
}

/* Moves *i to the next letter. */
static enum kind skip_gap(const char *s, size_t n, size_t *i, struct token *t) {
  int lines = 0;
  uint32_t cp;
  t->begins = *i == 0;
  for (size_t len; (len = prose_look(s, n, *i, &cp)) != 0; *i += len) {
    enum kind kind = kind_of(s + *i, len, cp);
    if (kind == LETTER || kind == UNSPACED) return kind;
    lines += cp == '\n';
    if (prose_ends_sentence(cp) || prose_ends_wide_sentence(cp) || lines > 1) t->begins = true;
  }
  return GAP;
}

bool prose_next_token(const char *s, size_t n, size_t *i, struct token *t) {
  uint32_t cp;
  enum kind kind = skip_gap(s, n, i, t);
  if (kind == GAP) return false;
  t->from = t->to = *i;
  t->hash = 0xcbf29ce484222325u;
  bool inner = false;
  for (size_t len; (len = prose_look(s, n, *i, &cp)) != 0; *i += len) {
    enum kind next = kind_of(s + *i, len, cp);
    if (next == INNER ? inner : next != kind) break; /* one apostrophe or hyphen, then letters */
    inner = next == INNER;
    if (inner) continue;
    t->hash = hash_add(t->hash, cp);
    t->to = *i + len;
    if (kind == UNSPACED) break;
  }
  *i = t->to;
  return true;
}
