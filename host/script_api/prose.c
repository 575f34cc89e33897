/* prose.c - letters, words and sentences. */
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

/* A small letter of a script that has capitals. */
static bool is_small(uint32_t cp) {
  if (cp < 0x80) return cp >= 'a' && cp <= 'z';
  bool cased = (cp >= 0xdf && cp <= 0x24f && cp != 0xf7) || (cp >= 0x3ac && cp <= 0x3ce) ||
               (cp >= 0x430 && cp <= 0x52f) || (cp >= 0x561 && cp <= 0x587) || (cp >= 0x1e00 && cp <= 0x1fff);
  return cased && prose_fold(cp) == cp;
}

static bool is_capital(uint32_t cp) {
  return cp != 0x3c2 && prose_fold(cp) != cp;
}

/* ---- white space ---- */

static bool is_space(uint32_t cp) {
  return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
         (cp >= 0x2000 && cp <= 0x200b) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
         cp == 0x3000 || cp == 0xfeff;
}

/* The code point at i and its bytes; a broken byte is U+FFFD. 0 at the end. */
static size_t look(const char *s, size_t n, size_t i, uint32_t *cp) {
  *cp = 0;
  if (i >= n) return 0;
  int len = utf8_decode(s + i, n - i, cp);
  if (len > 0) return (size_t)len;
  *cp = 0xfffd;
  return 1;
}

/* The code point that ends before i. */
static size_t look_back(const char *s, size_t i, uint32_t *cp) {
  *cp = 0;
  for (size_t back = 1; back <= UTF8_MOST && back <= i; back++) {
    if (((unsigned char)s[i - back] & 0xc0) == 0x80 && back < UTF8_MOST) continue;
    return look(s, i, i - back, cp) == back ? back : 1;
  }
  return i ? 1 : 0;
}

void prose_trim(const char **s, size_t *n) {
  uint32_t cp;
  for (;;) {
    size_t len = look(*s, *n, 0, &cp);
    if (!len || !is_space(cp)) break;
    *s += len;
    *n -= len;
  }
  for (;;) {
    size_t len = look_back(*s, *n, &cp);
    if (!len || !is_space(cp)) break;
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

static bool ends_sentence(uint32_t cp) {
  return cp == '.' || cp == '!' || cp == '?' || cp == 0x2026 || cp == 0x203d || cp == 0x061f ||
         cp == 0x06d4 || cp == 0x0964;
}

/* These need no space behind them. */
static bool ends_wide_sentence(uint32_t cp) {
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
  for (size_t len; (len = look(s, n, *i, &cp)) != 0; *i += len) {
    enum kind kind = kind_of(s + *i, len, cp);
    if (kind == LETTER || kind == UNSPACED) return kind;
    lines += cp == '\n';
    if (ends_sentence(cp) || ends_wide_sentence(cp) || lines > 1) t->begins = true;
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
  for (size_t len; (len = look(s, n, *i, &cp)) != 0; *i += len) {
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

/* ---- sentences ---- */

enum { MOST_OPENERS = 4, MOST_ABBREVIATION = 8 };

static bool closes(uint32_t cp) {
  return cp == '"' || cp == '\'' || cp == ')' || cp == ']' || cp == '*' || cp == '_' || cp == 0x201d ||
         cp == 0x2019 || cp == 0x201c || cp == 0x2018 || cp == 0xbb || cp == 0x203a || cp == 0x300d ||
         cp == 0x300f || cp == 0xff09;
}

static bool opens(uint32_t cp) {
  return cp == '"' || cp == '\'' || cp == '(' || cp == '[' || cp == '*' || cp == '_' || cp == 0xab ||
         cp == 0x201e || cp == 0x201c || cp == 0x2018 || cp == 0x201a || cp == 0x2039;
}

static size_t skip(const char *s, size_t n, size_t i, bool (*wanted)(uint32_t cp), size_t most) {
  uint32_t cp;
  for (size_t len; most-- && (len = look(s, n, i, &cp)) != 0 && wanted(cp);) i += len;
  return i;
}

static bool ends_or_closes(uint32_t cp) {
  return closes(cp) || ends_sentence(cp) || ends_wide_sentence(cp);
}

/* At a newline: does an empty line follow? */
static bool paragraph_ends(const char *s, size_t n, size_t i) {
  for (i++; i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r'); i++) {
  }
  return i < n && s[i] == '\n';
}

/* The full stop at `dot` belongs to the word before it: a known short form, or an initial ("J. Smith"). */
static bool abbreviates(const char *s, size_t dot) {
  static const char *const known[] = {"mr",  "mrs",  "ms",  "dr",   "prof", "st",   "jr",  "sr",   "vs",
                                      "etc", "capt", "col", "gen",  "lt",   "sgt",  "rev", "hon",  "no",
                                      "vol", "fig",  "e.g", "i.e",  "ca",   "z.b",  "d.h", "u.a",  "bzw",
                                      "usw", "nr",   "hr",  "fr",   "mme",  "mlle", "sra", "srta", "dra",
                                      "ud",  "uds",  "sig", "dott", "p.ex", "np",   "tzn", "tzw",  "m"};
  char word[MOST_ABBREVIATION + 1];
  size_t from = dot;
  while (from && dot - from < MOST_ABBREVIATION) {
    char c = s[from - 1], low = (char)(c | 0x20);
    if (!(low >= 'a' && low <= 'z') && !(c == '.' && from > 1)) break;
    from--;
  }
  size_t n = dot - from;
  for (size_t i = 0; i < n; i++) word[i] = (char)prose_fold((unsigned char)s[from + i]);
  word[n] = '\0';
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(word, known[i]) == 0) return true;
  uint32_t cp, before;
  size_t len = look_back(s, dot, &cp);
  look_back(s, dot - len, &before);
  return len && is_capital(cp) && cp != 'I' && (dot == len || is_space(before) || before == '.');
}

/* Behind closing marks and, in French, behind a no-break space (also a narrow one) or a blank and the guillemet that it sets apart. */
static size_t skip_closers(const char *s, size_t n, size_t i) {
  uint32_t cp;
  for (;;) {
    i = skip(s, n, i, ends_or_closes, n);
    size_t len = look(s, n, i, &cp);
    if ((cp == 0xab || cp == 0x2039) && (i + len == n || is_space((unsigned char)s[i + len]))) {
      i += len; /* the German »Ja.« */
      continue;
    }
    if (cp != ' ' && cp != 0xa0 && cp != 0x202f) return i;
    size_t mark = look(s, n, i + len, &cp);
    if (!mark || (cp != 0xbb && cp != 0x203a)) return i;
    /* »Da.« »Nein.«: where guillemets point inwards, one that a letter follows opens the next sentence. */
    look(s, n, i + len + mark, &cp);
    if (cp != 0 && !is_space(cp) && !ends_or_closes(cp) && cp != ',' && cp != ';') return i;
    i += len + mark;
  }
}

/* A dash, which sets speech apart from who says it: "—No —dijo ella." */
static bool is_dash(uint32_t cp) {
  return cp == 0x2013 || cp == 0x2014 || cp == 0x2015 || cp == '-';
}

static bool opens_or_dashes(uint32_t cp) {
  return opens(cp) || is_dash(cp) || is_space(cp);
}

/* Speech in Japanese goes on with a particle that quotes it: 「はい。」と言った. */
static bool quotes_on(const char *s, size_t n, size_t mark, size_t behind) {
  static const char *const particles[] = {"と", "って"};
  uint32_t last;
  look_back(s, behind, &last);
  if (behind <= mark || (last != 0x300d && last != 0x300f)) return false;
  for (size_t i = 0; i < sizeof particles / sizeof particles[0]; i++)
    if (n - behind >= strlen(particles[i]) && memcmp(s + behind, particles[i], strlen(particles[i])) == 0)
      return true;
  return false;
}

/* `behind` follows a full stop (at `at`) and its closing quotes. Does a sentence end there? */
static bool boundary(const char *s, size_t n, size_t at, size_t behind) {
  uint32_t cp;
  size_t next = skip(s, n, behind, is_space, n);
  if (next == n) return true;
  if (next == behind) return false;
  for (size_t i = behind; i < next; i++)
    if (s[i] == '\n' && paragraph_ends(s, n, i)) return true;
  look(s, n, skip(s, n, next, opens_or_dashes, MOST_OPENERS), &cp);
  if (is_small(cp)) return false;
  return s[at] != '.' || behind > at + 1 || !abbreviates(s, at);
}

size_t prose_sentence_end(const char *s, size_t n, size_t from) {
  uint32_t cp;
  for (size_t i = from, len; (len = look(s, n, i, &cp)) != 0;) {
    bool wide = ends_wide_sentence(cp);
    if (cp == '\n' && paragraph_ends(s, n, i)) return i;
    if (!wide && !ends_sentence(cp)) {
      i += len;
      continue;
    }
    size_t behind = skip_closers(s, n, i + len);
    if (wide ? !quotes_on(s, n, i + len, behind) : boundary(s, n, i, behind)) return behind;
    i = behind;
  }
  return n;
}
