/* smarten.c - straight quotes, hyphens and dots to typographic ones.
 *
 * Line by line, because Markdown's own marks are lines (rules, tables, fences). Within a line one pass; whether a quote
 * opens or closes is told by its neighbours, so a missing quote spoils nothing behind it. */
#include <stdbool.h>
#include <string.h>

#include "script_api/prose.h"
#include "base/text.h"
#include "lua/budget.h"

enum { BYTES_A_STEP = 16, LONGEST_SPAN = 2 };

struct style {
  const char *language;
  const char *open, *close, *inner_open, *inner_close;
  const char *two_hyphens; /* what "--" means */
};

#define EM    "\u2014"
#define EN    "\u2013"
#define NNBSP "\u202f" /* narrow no-break space */

/* The first is what unknown languages get. */
static const struct style styles[] = {
    {"en", "“", "”", "‘", "’", EM},
    {"bg", "„", "“", "’", "’", EN},
    {"cs", "„", "“", "‚", "‘", EN},
    {"da", "»", "«", "›", "‹", EN},
    {"de", "„", "“", "‚", "‘", EN},
    {"el", "«", "»", "“", "”", EN},
    {"es", "«", "»", "“", "”", EM},
    {"fi", "”", "”", "’", "’", EN},
    {"fr", "«" NNBSP, NNBSP "»", "“", "”", EN},
    {"hr", "„", "”", "‘", "’", EN},
    {"hu", "„", "”", "»", "«", EN},
    {"it", "«", "»", "“", "”", EN},
    {"nb", "«", "»", "‘", "’", EN},
    {"nl", "“", "”", "‘", "’", EN},
    {"no", "«", "»", "‘", "’", EN},
    {"pl", "„", "”", "«", "»", EN},
    {"pt", "“", "”", "‘", "’", EM},
    {"ro", "„", "”", "«", "»", EN},
    {"ru", "«", "»", "„", "“", EM},
    {"sk", "„", "“", "‚", "‘", EN},
    {"sl", "„", "“", "‚", "‘", EN},
    {"sv", "”", "”", "’", "’", EN},
    {"tr", "“", "”", "‘", "’", EN},
    {"uk", "«", "»", "„", "“", EM},
};

struct smart {
  lua_State *L;
  luaL_Buffer *out;
  const struct style *style;
  const char *p, *line, *end; /* of the line */
  bool in_fence;
  int inner;                               /* open single quotes in this paragraph */
  bool no_span[LONGEST_SPAN + 1], no_link; /* searched for in this line and not there: keeps it linear */
};

static bool is_letter(uint32_t cp) {
  char s[] = {(char)cp, '\0'};
  return cp >= 0x80 ? cp >= 0xc0 && !(cp >= 0x2000 && cp < 0x2c00) && !(cp >= 0x3000 && cp < 0x3040)
                    : text_words(s, 1) == 1;
}

static bool is_blank(uint32_t cp) {
  return cp == 0 || cp == ' ' || cp == '\t' || cp == '\r' || cp == '\n' || cp == 0xa0 || cp == 0x202f;
}

/* The characters around s->p; 0 at the line's ends. `behind`: how many bytes to look over. */
static uint32_t next_character(const struct smart *s, size_t behind) {
  uint32_t cp = 0;
  const char *p = s->p + behind;
  return utf8_decode(p, (size_t)(s->end - p), &cp) > 0 ? cp : 0;
}

static uint32_t character_before(const struct smart *s) {
  const char *p = s->p;
  uint32_t cp = 0;
  while (p > s->line && s->p - p < 4) {
    p--;
    if (((unsigned char)*p & 0xc0) != 0x80) break;
  }
  if (p == s->p || utf8_decode(p, (size_t)(s->p - p), &cp) <= 0) return 0;
  return cp;
}

/* The character before the marks of emphasis that stand here: a quote behind "*Anna*" closes, one behind " *" opens. */
static uint32_t before_emphasis(const struct smart *s) {
  struct smart at = *s;
  while (at.p > at.line && (at.p[-1] == '*' || at.p[-1] == '_')) at.p--;
  return character_before(&at);
}

static void put(struct smart *s, const char *text, size_t skip) {
  luaL_addstring(s->out, text);
  s->p += skip;
}

static void keep(struct smart *s, size_t n) {
  luaL_addlstring(s->out, s->p, n);
  s->p += n;
}

/* ---- quotes ---- */

static bool opens_here(const struct smart *s) {
  uint32_t before = before_emphasis(s), next = next_character(s, 1);
  if (is_blank(next)) return false;
  if (is_blank(before) || (before < 0x80 && strchr("([{-/\"'", (int)before))) return true;
  return before == 0x2013 || before == 0x2014 || before == 0x201c || before == 0x201e || before == 0x2018 ||
         before == 0x201a || before == 0xab || before == 0xbf || before == 0xa1;
}

/* 'tis, 'em, '90s: a letter was left out, nothing is quoted. */
static bool drops_letters(const struct smart *s) {
  static const char *const words[] = {"tis", "twas",  "em",   "cause", "til", "till",
                                      "n",   "round", "bout", "twere", NULL};
  const char *word = s->p + 1;
  size_t n = 0, there = (size_t)(s->end - word);
  if (there && *word >= '0' && *word <= '9') return true;
  if (strcmp(s->style->language, "en") != 0) return false;
  while (n < there && is_letter((unsigned char)word[n])) n++;
  for (size_t i = 0; words[i]; i++)
    if (strlen(words[i]) == n && strncasecmp(words[i], word, n) == 0) return true;
  return false;
}

static void single_quote(struct smart *s) {
  bool inside = is_letter(character_before(s)) && is_letter(next_character(s, 1));
  if (!inside && opens_here(s) && !drops_letters(s)) {
    s->inner++;
    put(s, s->style->inner_open, 1);
  } else if (!inside && s->inner > 0) {
    s->inner--;
    put(s, s->style->inner_close, 1);
  } else {
    put(s, "’", 1);
  }
}

/* ---- hyphens and dots ---- */

static size_t run_length(const struct smart *s) {
  const char *p = s->p;
  while (p < s->end && *p == *s->p) p++;
  return (size_t)(p - s->p);
}

static bool only_blanks_before(const struct smart *s) {
  for (const char *p = s->line; p < s->p; p++)
    if (*p != ' ' && *p != '\t' && *p != '>') return false;
  return true;
}

static void hyphens(struct smart *s) {
  size_t n = run_length(s);
  uint32_t before = character_before(s), next = next_character(s, n);
  bool first = only_blanks_before(s), in_table = before == '|' || next == '|' || before == ':' || next == ':';
  bool spaced = is_blank(before) && is_blank(next), option = is_blank(before) && !is_blank(next) && !first;
  if (n == 1 && spaced && !first && next)
    put(s, EN, 1);
  else if (n == 2 && !in_table && !option)
    put(s, s->style->two_hyphens, 2);
  else if (n == 3 && !in_table)
    put(s, EM, 3);
  else
    keep(s, n);
}

static void dots(struct smart *s) {
  size_t n = run_length(s);
  if (n == 3 || n == 4) {
    put(s, "…", 3);
    n -= 3;
  }
  keep(s, n);
}

/* ---- what stays ---- */

static void code_span(struct smart *s) {
  size_t n = run_length(s);
  const char *close = NULL;
  if (n <= LONGEST_SPAN && !s->no_span[n]) {
    close = memmem(s->p + n, (size_t)(s->end - s->p) - n, s->p, n);
    s->no_span[n] = !close;
  }
  keep(s, close ? (size_t)(close - s->p) + n : n);
}

/* "](target "title")": the quotes there are Markdown's. */
static void bracket(struct smart *s) {
  const char *close = NULL;
  if (!s->no_link && s->end - s->p > 1 && s->p[1] == '(') {
    close = memchr(s->p, ')', (size_t)(s->end - s->p));
    s->no_link = !close;
  }
  keep(s, close ? (size_t)(close - s->p) + 1 : 1);
}

static bool is_fence(const char *p, const char *end) {
  while (p < end && *p == ' ') p++;
  return end - p >= 3 && (memcmp(p, "```", 3) == 0 || memcmp(p, "~~~", 3) == 0);
}

/* Rules, headings' underlines and tables' second lines. */
static bool is_marks_only(const char *p, const char *end) {
  for (; p < end; p++)
    if (!strchr("-*_=|:+ \t\r", *p) || !*p) return false;
  return true;
}

static void smarten_line(struct smart *s) {
  memset(s->no_span, 0, sizeof s->no_span);
  s->no_link = false;
  while (s->p < s->end) {
    size_t plain = 0, there = (size_t)(s->end - s->p);
    while (plain < there && (!s->p[plain] || !strchr("\"'-.`]\\", s->p[plain]))) plain++;
    keep(s, plain);
    if (s->p == s->end) return;
    switch (*s->p) {
    case '"': put(s, opens_here(s) ? s->style->open : s->style->close, 1); break;
    case '\'': single_quote(s); break;
    case '-': hyphens(s); break;
    case '.': dots(s); break;
    case '`': code_span(s); break;
    case ']': bracket(s); break;
    default: keep(s, s->end - s->p > 1 ? 2 : 1); break; /* a backslash and what it guards */
    }
  }
}

static const struct style *find_style(const char *language) {
  for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++)
    if (strncasecmp(language, styles[i].language, 2) == 0) return &styles[i];
  return &styles[0];
}

static bool has_own_signs(const char *language) {
  return strncasecmp(language, "ja", 2) == 0 || strncasecmp(language, "zh", 2) == 0 ||
         strncasecmp(language, "ko", 2) == 0;
}

void prose_smarten(lua_State *L, luaL_Buffer *out, const char *text, size_t n, const char *language) {
  struct smart s = {.L = L, .out = out, .style = find_style(language), .p = text};
  const char *end = text + n;
  if (has_own_signs(language)) {
    luaL_addlstring(out, text, n);
    return;
  }
  while (s.p < end) {
    const char *newline = memchr(s.p, '\n', (size_t)(end - s.p));
    s.line = s.p;
    s.end = newline ? newline : end;
    budget_spend(L, (size_t)(s.end - s.line) / BYTES_A_STEP + 1);
    bool fence = is_fence(s.p, s.end), marks = is_marks_only(s.p, s.end);
    if (marks) s.inner = 0;
    if (fence || marks || s.in_fence)
      keep(&s, (size_t)(s.end - s.p));
    else
      smarten_line(&s);
    s.in_fence ^= fence;
    if (newline) keep(&s, 1);
  }
}
