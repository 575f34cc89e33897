/* text.c - UTF-8, words, slugs, nearest names. Pure functions, any thread. */
#include "base/text.h"

#include "base/utf8.h"

#include <string.h>

/* ---- nearest name ---- */

enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Edits between two words of at most WORD_MAX bytes; two neighbours swapped count as one edit. */
static size_t edits(const char *a, size_t an, const char *b, size_t bn) {
  unsigned char d[WORD_MAX + 1][WORD_MAX + 1];
  for (size_t i = 0; i <= an; i++) d[i][0] = (unsigned char)i;
  for (size_t j = 0; j <= bn; j++) d[0][j] = (unsigned char)j;
  for (size_t i = 1; i <= an; i++) {
    for (size_t j = 1; j <= bn; j++) {
      size_t best = d[i - 1][j - 1] + (size_t)(a[i - 1] != b[j - 1]);
      best = least(best, least(d[i - 1][j], d[i][j - 1]) + 1u);
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) best = least(best, d[i - 2][j - 2] + 1u);
      d[i][j] = (unsigned char)best;
    }
  }
  return d[an][bn];
}

const char *text_nearest(const char *word, const char *const *names) {
  size_t n = strlen(word), best = WORD_MAX + 1;
  const char *nearest = NULL;
  if (n > WORD_MAX) return NULL;
  for (; *names; names++) {
    size_t m = strlen(*names);
    if (m > WORD_MAX) continue;
    size_t longer = n > m ? n : m, allowed = longer / 3 ? longer / 3 : 1;
    size_t distance = edits(word, n, *names, m);
    if (distance > allowed || distance > best || distance == longer) continue;
    if (distance == best && strcmp(*names, nearest) > 0) continue; /* the same whatever order they came in */
    best = distance;
    nearest = *names;
  }
  return nearest;
}

/* ---- UTF-8 ---- */

int utf8_decode(const char *s, size_t n, uint32_t *cp) {
  static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (!n) return 0;
  unsigned char c = (unsigned char)s[0];
  if (c < 0x80) {
    *cp = c;
    return 1;
  }
  int len = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc0 && c < 0xe0 ? 2 : 0;
  if (!len || (size_t)len > n) return -1;
  uint32_t v = c & (0xffu >> (len + 1));
  for (int i = 1; i < len; i++) {
    unsigned char next = (unsigned char)s[i];
    if ((next & 0xc0) != 0x80) return -1;
    v = v << 6 | (next & 0x3f);
  }
  if (v < lowest[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) return -1;
  *cp = v;
  return len;
}

size_t utf8_xml_character(const char *s, size_t n) {
  uint32_t cp;
  int len = utf8_decode(s, n, &cp);
  if (len <= 0 || cp == 0xfffe || cp == 0xffff) return 0;
  return cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r' ? 0 : (size_t)len;
}

bool utf8_valid(const char *s, size_t n, size_t *bad_offset) {
  for (size_t i = 0; i < n;) {
    uint32_t cp;
    int len = utf8_decode(s + i, n - i, &cp);
    if (len < 0) {
      if (bad_offset) *bad_offset = i;
      return false;
    }
    i += (size_t)len;
  }
  return true;
}

/* ---- words ---- */

struct range {
  uint32_t first, last;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t count) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (cp > r[mid].last)
      low = mid + 1;
    else if (cp < r[mid].first)
      high = mid;
    else
      return true;
  }
  return false;
}

/* Thai, Lao, Burmese, Khmer: no spaces between words, and about four code points (letters, vowels, tones) a word. */
static bool is_southern(uint32_t cp) {
  static const struct range ranges[] = {
      {0x0e01, 0x0e3a}, {0x0e40, 0x0e4e}, {0x0e81, 0x0ece}, {0x1000, 0x103f}, {0x1780, 0x17d3},
  };
  return cp >= 0xe01 && cp <= 0x17d3 && in_ranges(cp, ranges, sizeof ranges / sizeof ranges[0]);
}

/* Chinese and Japanese, which put no spaces between words: two characters a word. */
static bool is_unspaced(uint32_t cp) {
  static const struct range ranges[] = {
      {0x3005, 0x3007}, {0x3041, 0x309f}, {0x30a1, 0x30fa}, {0x30fc, 0x30ff}, {0x31f0, 0x31ff},
      {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x3fffd},
  };
  return in_ranges(cp, ranges, sizeof ranges / sizeof ranges[0]);
}

/* What is neither letter nor digit beyond ASCII: spaces, punctuation, symbols, pictures. Everything else
 * there is taken for a letter, which spares us a table of every alphabet. */
static bool is_separator(uint32_t cp) {
  static const struct range ranges[] = {
      {0x80, 0xa9},     {0xab, 0xac},     {0xae, 0xb4},       {0xb6, 0xb9},     {0xbb, 0xbf},
      {0xd7, 0xd7},     {0xf7, 0xf7},     {0x37e, 0x37e},     {0x387, 0x387},   {0x55a, 0x55f},
      {0x589, 0x58a},   {0x5be, 0x5be},   {0x5c0, 0x5c0},     {0x5c3, 0x5c3},   {0x5f3, 0x5f4},
      {0x60c, 0x60d},   {0x61b, 0x61f},   {0x66a, 0x66d},     {0x6d4, 0x6d4},   {0x964, 0x965},
      {0xe3f, 0xe3f},   {0xe4f, 0xe4f},   {0xe5a, 0xe5b},     {0x104a, 0x104f}, {0x1680, 0x1680},
      {0x17d4, 0x17da}, {0x2000, 0x200b}, {0x200e, 0x2018},   {0x201a, 0x205f}, {0x2061, 0x206f},
      {0x20a0, 0x20cf}, {0x2190, 0x2bff}, {0x2e00, 0x2e7f},   {0x3000, 0x3004}, {0x3008, 0x3020},
      {0x3030, 0x3030}, {0x303d, 0x303f}, {0x30a0, 0x30a0},   {0x30fb, 0x30fb}, {0xe000, 0xf8ff},
      {0xfe10, 0xfe1f}, {0xfe30, 0xfe6f}, {0xfeff, 0xff0f},   {0xff1a, 0xff20}, {0xff3b, 0xff40},
      {0xff5b, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1faff},
  };
  return in_ranges(cp, ranges, sizeof ranges / sizeof ranges[0]);
}

enum kind { SEPARATOR, LETTER, INNER, UNSPACED, SOUTHERN, IGNORED };

static enum kind kind_of(uint32_t cp) {
  bool ascii_letter = (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
  switch (cp) {
  case '\'':
  case '-':
  case 0x2019: /* typographic apostrophe */
  case 0x2010: /* hyphens */
  case 0x2011: return INNER;
  case 0xad: /* soft hyphen, joiners */
  case 0x200c:
  case 0x200d:
  case 0x2060: return IGNORED;
  default: break;
  }
  if (cp < 0x80) return ascii_letter ? LETTER : SEPARATOR;
  if (is_unspaced(cp)) return UNSPACED;
  if (is_southern(cp)) return SOUTHERN;
  return is_separator(cp) ? SEPARATOR : LETTER;
}

/* A digit before s[i] and one at s[i + 1]: the point or comma between them belongs to their number (UAX #29, WB11 and WB12). */
static bool inside_number(const char *s, size_t n, size_t i) {
  bool mark = s[i] == '.' || s[i] == ',';
  return mark && i > 0 && i + 1 < n && s[i - 1] >= '0' && s[i - 1] <= '9' && s[i + 1] >= '0' &&
         s[i + 1] <= '9';
}

size_t text_words(const char *s, size_t n) {
  size_t words = 0, quarters = 0;
  bool in_word = false,
       after_inner = false; /* after_inner: an apostrophe or hyphen that a letter may follow */
  for (size_t i = 0; i < n;) {
    uint32_t cp = 0;
    int len = utf8_decode(s + i, n - i, &cp);
    enum kind kind = len < 0 ? SEPARATOR : kind_of(cp);
    if (kind == SEPARATOR && inside_number(s, n, i)) kind = LETTER;
    i += len < 0 ? 1 : (size_t)len;
    if (kind == IGNORED) continue;
    if (kind == LETTER && !in_word) words++;
    quarters += kind == UNSPACED ? 2 : kind == SOUTHERN ? 1 : 0;
    in_word = kind == LETTER || (kind == INNER && in_word && !after_inner);
    after_inner = kind == INNER;
  }
  return words + (quarters + 3) / 4;
}

/* ---- slugs ---- */

/* Latin letters U+00C0 to U+017F without their marks; "" separates. */
static const char folded[0x180 - 0xc0][3] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c",  "e",  "e", "e", "e", "i",  "i",  "i", "i", "d", "n",
    "o", "o", "o",  "o",  "o", "",  "o",  "u",  "u",  "u", "u", "y", "th", "ss", "a", "a", "a", "a",
    "a", "a", "ae", "c",  "e", "e", "e",  "e",  "i",  "i", "i", "i", "d",  "n",  "o", "o", "o", "o",
    "o", "",  "o",  "u",  "u", "u", "u",  "y",  "th", "y", "a", "a", "a",  "a",  "a", "a", "c", "c",
    "c", "c", "c",  "c",  "c", "c", "d",  "d",  "d",  "d", "e", "e", "e",  "e",  "e", "e", "e", "e",
    "e", "e", "g",  "g",  "g", "g", "g",  "g",  "g",  "g", "h", "h", "h",  "h",  "i", "i", "i", "i",
    "i", "i", "i",  "i",  "i", "i", "ij", "ij", "j",  "j", "k", "k", "k",  "l",  "l", "l", "l", "l",
    "l", "l", "l",  "l",  "l", "n", "n",  "n",  "n",  "n", "n", "n", "ng", "ng", "o", "o", "o", "o",
    "o", "o", "oe", "oe", "r", "r", "r",  "r",  "r",  "r", "s", "s", "s",  "s",  "s", "s", "s", "s",
    "t", "t", "t",  "t",  "t", "t", "u",  "u",  "u",  "u", "u", "u", "u",  "u",  "u", "u", "u", "u",
    "w", "w", "y",  "y",  "y", "z", "z",  "z",  "z",  "z", "z", "s"};

/* The small letter of the alphabets beyond Latin-1 that have capitals, and that titles are written in. */
static uint32_t small_letter(uint32_t cp) {
  if ((cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f)) return cp + 0x20; /* Greek, Cyrillic */
  if (cp >= 0x400 && cp <= 0x40f) return cp + 0x50;                            /* Cyrillic: Ё, Є, І */
  if (cp >= 0x531 && cp <= 0x556) return cp + 0x30;                            /* Armenian */
  bool pairs = (cp >= 0x460 && cp <= 0x4bf) || (cp >= 0x1e00 && cp <= 0x1eff); /* Ґ; Vietnamese */
  return pairs && cp % 2 == 0 ? cp + 1 : cp;
}

/* A letter of a script that ASCII has nothing for. Language tags and what Unicode keeps free are none. */
static bool stays_as_it_is(uint32_t cp) {
  return cp >= 0x180 && cp < 0xe0000 && (kind_of(cp) == LETTER || kind_of(cp) == UNSPACED);
}

/* What one code point becomes in a slug: some bytes. "" starts a new part. */
static const char *slug_part(uint32_t cp, char one[5]) {
  bool upper = cp >= 'A' && cp <= 'Z';
  bool plain = (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9');
  if (cp >= 0xc0 && cp < 0x180) return folded[cp - 0xc0];
  if (stays_as_it_is(cp)) {
    one[utf8_encode(one, small_letter(cp))] = '\0';
    return one;
  }
  one[0] = upper ? (char)(cp + 32) : plain ? (char)cp : '\0';
  one[1] = '\0';
  return one;
}

void text_slug(const char *s, size_t n, char *out, size_t max) {
  size_t used = 0;
  bool gap = false;
  if (!max) return;
  for (size_t i = 0; i < n;) {
    uint32_t cp = 0;
    int len = utf8_decode(s + i, n - i, &cp);
    i += len < 0 ? 1 : (size_t)len;
    if (len < 0) cp = ' ';
    bool mark = cp == '\'' || cp == 0x2019 || (cp >= 0x300 && cp < 0x370);
    if (mark || (cp >= 0x80 && kind_of(cp) == IGNORED)) continue; /* "don't": dont */
    char one[5];
    const char *part = slug_part(cp, one);
    if (!*part) gap = true;
    if (!*part) continue;
    size_t need = strlen(part) + (gap && used);
    if (used + need > max - 1) break;
    if (gap && used) out[used++] = '-';
    gap = false;
    while (*part) out[used++] = *part++;
  }
  out[used] = '\0';
  if (used) return;
  size_t room = least(sizeof "untitled" - 1, max - 1);
  memcpy(out, "untitled", room);
  out[room] = '\0';
}
