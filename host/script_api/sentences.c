/* sentences.c - where sentences end, in any language at once: a text does not say which one it is in.
 *
 * prose_sentence_end goes from mark to mark. A full stop ends nothing when a small letter follows, when it belongs to a short form or to an
 * ordinal number, or inside of what somebody says (「はい。」と). tests/lua/sentences.txt is the gold set that this is held against. */
#include <string.h>

#include "script_api/prose.h"
#include "base/utf8.h"

enum { MOST_OPENERS = 4, MOST_WORD = 24, MOST_TAG = 6 };

static bool is_digit(uint32_t cp) {
  return cp >= '0' && cp <= '9';
}

static bool is_cased(uint32_t cp) {
  return prose_is_small(cp) || prose_is_capital(cp);
}

static bool closes(uint32_t cp) {
  return cp == '"' || cp == '\'' || cp == ')' || cp == ']' || cp == '*' || cp == '_' || cp == 0x201d ||
         cp == 0x2019 || cp == 0xbb || cp == 0x203a || cp == 0x300d || cp == 0x300f || cp == 0xff09;
}

/* These open in most languages and close in German („Halt!“): no letter follows them then. */
static bool may_close(uint32_t cp) {
  return cp == 0x201c || cp == 0x2018;
}

static bool opens(uint32_t cp) {
  return cp == '"' || cp == '\'' || cp == '(' || cp == '[' || cp == '*' || cp == '_' || cp == 0xab ||
         cp == 0x201e || cp == 0x201c || cp == 0x2018 || cp == 0x201a || cp == 0x2039;
}

static size_t skip(const char *s, size_t n, size_t i, bool (*wanted)(uint32_t cp), size_t most) {
  uint32_t cp;
  for (size_t len; most-- && (len = prose_look(s, n, i, &cp)) != 0 && wanted(cp);) i += len;
  return i;
}

static bool ends_or_closes(uint32_t cp) {
  return closes(cp) || prose_ends_sentence(cp) || prose_ends_wide_sentence(cp);
}

/* At a newline: does an empty line follow? */
static bool paragraph_ends(const char *s, size_t n, size_t i) {
  for (i++; i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r'); i++) {
  }
  return i < n && s[i] == '\n';
}

/* ---- short forms ---- */

/* The word that ends at `end`, in small letters, with the dots inside it ("z.b"), as text; where it begins. "" when it is too long. */
static size_t word_before(const char *s, size_t end, char word[MOST_WORD + 1]) {
  size_t from = end;
  uint32_t cp;
  for (size_t len; (len = prose_look_back(s, from, &cp)) != 0; from -= len)
    if (!is_cased(cp) && !is_digit(cp) && !(cp == '.' && from < end)) break;
  size_t n = 0;
  for (size_t i = from, len; end - from <= MOST_WORD && i < end; i += len) {
    len = prose_look(s, end, i, &cp);
    n += (size_t)utf8_encode(word + n, prose_fold(cp));
  }
  word[n] = '\0';
  return from;
}

static bool is_one_of(const char *word, const char *const list[], size_t n) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(word, list[i]) == 0) return true;
  return false;
}
#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof *(list))

/* What a name or a noun follows, in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish and Russian. */
static const char *const before_names[] = {
    "mr",   "mrs",  "ms",   "dr",   "prof", "st",  "sr",   "capt", "col",    "gen", "lt",  "sgt",
    "rev",  "hon",  "vs",   "e.g",  "i.e",  "ca",  "z.b",  "d.h",  "u.a",    "bzw", "vgl", "sog",
    "evtl", "hr",   "fr",   "mme",  "mlle", "sra", "srta", "dra",  "ud",     "uds", "ee",  "av",
    "avda", "p.ej", "p.ex", "exmo", "sig",  "avv", "dott", "ing",  "sig.ra", "es",  "dhr", "mevr",
    "mw",   "drs",  "bijv", "np",   "tzn",  "tzw", "проф", "ул",   "им",     "см",  "св",  "акад"};

/* What a number follows. "No." alone is an answer. */
static const char *const before_numbers[] = {
    "no",  "nr",  "nos", "vol", "fig", "p",   "pp",  "ch",   "art", "sec",   "bd",  "kap", "abb", "pág",
    "pag", "cap", "núm", "n",   "h",   "blz", "dl",  "hfst", "str", "rozdz", "стр", "гл",  "рис", "д",
    "кв",  "т",   "jan", "feb", "apr", "aug", "sep", "sept", "oct", "nov",   "dec", "с"};

/* What a German ordinal stands behind ("am 3. Mai"), and what it counts. */
static const char *const articles[] = {"der", "die", "das", "dem", "den",  "des",
                                       "am",  "im",  "vom", "zum", "beim", "jeder"};
static const char *const counted[] = {
    "januar", "jänner",    "februar", "märz",     "april",    "mai",         "juni",  "juli",
    "august", "september", "oktober", "november", "dezember", "jahrhundert", "stock", "kapitel"};

/* A number of at most two digits, and what stands around "12. ": an ordinal or a part of a date ("3. Mai", "der 1. Akt", "12. 8. 1914")? */
static bool is_ordinal(const char *s, size_t n, size_t dot, size_t next) {
  char word[MOST_WORD + 1];
  uint32_t cp;
  size_t from = word_before(s, dot, word);
  if (dot - from > 2 || !is_digit((unsigned char)word[0]) || !is_digit((unsigned char)s[dot - 1]))
    return false;
  size_t end = next;
  for (size_t len; (len = prose_look(s, n, end, &cp)) != 0 && (is_cased(cp) || is_digit(cp));) end += len;
  if (is_digit((unsigned char)s[next])) {
    bool date = end - next <= 2 && end < n && s[end] == '.'; /* 12. 8. */
    return date || (end - next == 4 && from >= 3 && s[from - 1] == ' ' && s[from - 2] == '.');
  }
  word_before(s, end, word);
  if (IS_ONE_OF(word, counted)) return true;
  size_t before = from;
  while (before && s[before - 1] == ' ') before--;
  word_before(s, before, word);
  return before < from && IS_ONE_OF(word, articles);
}

/* "z. B.", "т. д.": a letter, a full stop, and another of the kind. */
static bool is_spaced_form(const char *s, size_t n, size_t next) {
  uint32_t cp;
  size_t len = prose_look(s, n, next, &cp);
  return is_cased(cp) && next + len < n && s[next + len] == '.';
}

/* The full stop at `dot` belongs to the word before it; `next` is the first letter behind it. */
static bool abbreviates(const char *s, size_t n, size_t dot, size_t next) {
  char word[MOST_WORD + 1];
  uint32_t cp, before;
  size_t from = word_before(s, dot, word);
  if (is_ordinal(s, n, dot, next)) return true;
  if (IS_ONE_OF(word, before_names)) return true;
  if (next < n && is_digit((unsigned char)s[next]) && IS_ONE_OF(word, before_numbers)) return true;
  size_t len = prose_look_back(s, dot, &cp);
  if (!len || !is_cased(cp)) return false;
  prose_look_back(s, dot - len, &before);
  bool alone = dot - len == from || before == '.';
  if (prose_is_small(cp)) return alone && is_spaced_form(s, n, next);
  return alone && cp != 'I'; /* an initial */
}

/* ---- speech ---- */

/* Behind closing marks and, in French, behind a no-break space (also a narrow one) or a blank and the guillemet that it sets apart. */
static size_t skip_closers(const char *s, size_t n, size_t i) {
  uint32_t cp;
  for (;;) {
    i = skip(s, n, i, ends_or_closes, n);
    size_t len = prose_look(s, n, i, &cp);
    if (may_close(cp)) {
      uint32_t following;
      prose_look(s, n, i + len, &following);
      if (following && !prose_is_space(following) && !ends_or_closes(following) && following != ',' &&
          following != ';')
        return i; /* “停！”“为什么？” */
      i += len;
      continue;
    }
    if ((cp == 0xab || cp == 0x2039) && (i + len == n || prose_is_space((unsigned char)s[i + len]))) {
      i += len; /* the German »Ja.« */
      continue;
    }
    if (cp != ' ' && cp != 0xa0 && cp != 0x202f) return i;
    size_t mark = prose_look(s, n, i + len, &cp);
    if (!mark || (cp != 0xbb && cp != 0x203a)) return i;
    /* »Da.« »Nein.«: where guillemets point inwards, one that a letter follows opens the next sentence. */
    prose_look(s, n, i + len + mark, &cp);
    if (cp != 0 && !prose_is_space(cp) && !ends_or_closes(cp) && cp != ',' && cp != ';') return i;
    i += len + mark;
  }
}

/* A dash, which sets speech apart from who says it: "—No —dijo ella." */
static bool is_dash(uint32_t cp) {
  return cp == 0x2013 || cp == 0x2014 || cp == 0x2015 || cp == '-';
}

static bool opens_or_dashes(uint32_t cp) {
  return opens(cp) || is_dash(cp) || prose_is_space(cp);
}

static bool begins_with_one(const char *s, size_t n, const char *const list[], size_t count) {
  for (size_t i = 0; i < count; i++)
    if (n >= strlen(list[i]) && memcmp(s, list[i], strlen(list[i])) == 0) return true;
  return false;
}

/* Is what stands there who speaks: a few characters, the last of them a verb of saying, and a mark? “停！”他说。 But not 她没有回答。 */
static bool tells_who_speaks(const char *s, size_t n) {
  static const char *const verbs[] = {"说", "說", "道", "问", "問", "喊", "叫", "答"};
  static const char *const denials[] = {"没", "沒", "不", "知道"};
  const size_t kinds = sizeof verbs / sizeof verbs[0];
  uint32_t cp;
  size_t i = 0, last = 0;
  for (int count = 0; count < MOST_TAG; count++) {
    size_t len = prose_look(s, n, i, &cp);
    if (cp == 0xff0c || cp == 0xff1a || prose_ends_wide_sentence(cp))
      return i && begins_with_one(s + last, n - last, verbs, kinds);
    if (!len || cp < 0x4e00) return false;
    if (begins_with_one(s + i, n - i, denials, sizeof denials / sizeof denials[0])) return false;
    last = i;
    i += len;
  }
  return false;
}

/* Speech goes on with what names its speaker: in Japanese a particle (「はい。」と言った), in Chinese a pronoun and a verb. */
static bool speech_goes_on(const char *s, size_t n, size_t mark, size_t behind) {
  static const char *const particles[] = {"と", "って"};
  uint32_t last;
  prose_look_back(s, behind, &last);
  if (behind <= mark || !(last == 0x300d || last == 0x300f || last == 0x201d)) return false;
  return begins_with_one(s + behind, n - behind, particles, sizeof particles / sizeof particles[0]) ||
         tells_who_speaks(s + behind, n - behind);
}

/* Speech that breaks off ends its sentence when somebody else speaks: “You said—” “I know.” Behind the closing mark, or 0. */
static size_t end_of_broken_speech(const char *s, size_t n, size_t i) {
  uint32_t cp;
  size_t len = prose_look(s, n, i, &cp);
  if (cp != 0x201d && cp != '"' && cp != 0xbb) return 0;
  size_t next = skip(s, n, i + len, prose_is_space, n);
  prose_look(s, n, next, &cp);
  return next > i + len && opens(cp) ? i + len : 0;
}

/* ---- ends ---- */

/* `behind` follows a full stop (at `at`) and its closing quotes. Does a sentence end there? */
static bool boundary(const char *s, size_t n, size_t at, size_t behind) {
  uint32_t cp;
  size_t next = skip(s, n, behind, prose_is_space, n);
  if (next == n) return true;
  if (next == behind) return false;
  for (size_t i = behind; i < next; i++)
    if (s[i] == '\n' && paragraph_ends(s, n, i)) return true;
  size_t letter = skip(s, n, next, opens_or_dashes, MOST_OPENERS);
  prose_look(s, n, letter, &cp);
  if (prose_is_small(cp)) return false;
  return s[at] != '.' || behind > at + 1 || !abbreviates(s, n, at, letter);
}

size_t prose_sentence_end(const char *s, size_t n, size_t from) {
  uint32_t cp;
  for (size_t i = from, len; (len = prose_look(s, n, i, &cp)) != 0;) {
    bool wide = prose_ends_wide_sentence(cp);
    if (cp == '\n' && paragraph_ends(s, n, i)) return i;
    size_t broken = is_dash(cp) ? end_of_broken_speech(s, n, i + len) : 0;
    if (broken) return broken;
    if (!wide && !prose_ends_sentence(cp)) {
      i += len;
      continue;
    }
    size_t behind = skip_closers(s, n, i + len);
    if (wide ? !speech_goes_on(s, n, i + len, behind) : boundary(s, n, i, behind)) return behind;
    i = behind;
  }
  return n;
}
