/* markdown_source.c - a text as md4c shall read it.
 *
 * What a writer means and CommonMark does not see: emphasis beside Chinese, Japanese and Korean signs, lines that look like the
 * definition of a link and are speech, paragraphs that are set apart by an ideographic indent. A MARK beside such a place makes md4c read
 * it as a letter would; it is a noncharacter, which no text may hold, and markdown_plain_characters takes it out again. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "document/markdown.h"

/* ---- characters */

#define MARK      "\xef\xb7\x90" /* U+FDD0 */
#define IDEOSPACE 0x3000u

static bool is_cjk(uint32_t cp) {
  static const uint32_t ranges[][2] = {{0x1100, 0x11ff},   {0x2e80, 0x2fff},  {0x3001, 0x4dbf},
                                       {0x4e00, 0x9fff},   {0xa960, 0xa97f},  {0xac00, 0xd7ff},
                                       {0xf900, 0xfaff},   {0xfe30, 0xfe4f},  {0xff01, 0xffee},
                                       {0x1b000, 0x1b16f}, {0x20000, 0x3fffd}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (cp >= ranges[i][0] && cp <= ranges[i][1]) return true;
  return false;
}

static bool is_blank(uint32_t cp) {
  return cp == 0 || cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
         (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
         cp == IDEOSPACE;
}

/* The character at i, and the one that ends before i; 0 at the text's ends. */
static uint32_t next_of(const char *s, size_t n, size_t i) {
  uint32_t cp = 0;
  return i < n && utf8_decode(s + i, n - i, &cp) > 0 ? cp : 0;
}

static uint32_t before_of(const char *s, size_t i) {
  size_t from = i;
  uint32_t cp = 0;
  while (from && i - from < 4 && (from == i || ((unsigned char)s[from] & 0xc0) == 0x80)) from--;
  return from < i && utf8_decode(s + from, i - from, &cp) > 0 ? cp : 0;
}

/* ---- lines */

/* Where a link's definition would lead. "Where?" is an answer. */
static bool is_target(const char *s, size_t n) {
  static const char *const begins[] = {"http:", "https:", "mailto:", "www.", "/", "#", "<"};
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    if (n >= strlen(begins[i]) && strncasecmp(s, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

/* "[Anna]: Where?" at s[0..n), a line without its indent. */
static bool is_speech(const char *s, size_t n) {
  const char *close = n > 3 && *s == '[' ? memchr(s, ']', n - 1) : NULL;
  if (!close || close[1] != ':') return false;
  const char *end = s + n, *rest = close + 2;
  while (rest < end && (*rest == ' ' || *rest == '\t')) rest++;
  return !is_target(rest, (size_t)(end - rest));
}

/* Bytes before what a line says: blanks and the markers of quotes and lists. */
static size_t line_indent(const char *s, size_t n) {
  size_t i = 0;
  while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '>' ||
                   ((s[i] == '-' || s[i] == '+' || s[i] == '*') && i + 1 < n && s[i + 1] == ' ')))
    i++;
  return i;
}

/* ---- the way of one text */

struct source {
  const char *s;
  size_t n, i;
  bool in_target, after_text; /* behind "]("; the line before holds text */
};

/* At a run of '*'. Beside a CJK neighbour only white space keeps it from opening or closing (markdown-cjk-friendly, and pandoc's Markdown). */
static enum err put_stars(struct source *at, struct buf *out) {
  size_t to = at->i;
  while (to < at->n && at->s[to] == '*') to++;
  uint32_t before = before_of(at->s, at->i), next = next_of(at->s, at->n, to);
  bool beside = !at->in_target && (is_cjk(before) || is_cjk(next));
  enum err err = beside && !is_blank(before) && before != '\\' ? buf_puts(out, MARK) : OK;
  if (!err) err = buf_append(out, at->s + at->i, to - at->i);
  if (!err && beside && !is_blank(next)) err = buf_puts(out, MARK);
  at->i = to;
  return err;
}

static enum err begin_line(struct source *at, struct buf *out) {
  const char *line = at->s + at->i, *newline = memchr(line, '\n', at->n - at->i);
  size_t n = newline ? (size_t)(newline - line) : at->n - at->i, indent = line_indent(line, n);
  bool paragraph = at->after_text && next_of(at->s, at->n, at->i) == IDEOSPACE;
  at->in_target = false;
  at->after_text = indent < n && line[indent] != '\r';
  enum err err = paragraph ? buf_putc(out, '\n') : OK;
  if (err || !is_speech(line + indent, n - indent)) return err;
  err = buf_append(out, line, indent);
  at->i += indent;
  return err ? err : buf_puts(out, MARK);
}

enum err markdown_source(struct buf *out, const char *s, size_t n) {
  struct source at = {.s = s, .n = n};
  bool begins = true;
  enum err err = OK;
  while (at.i < n && !err) {
    if (begins) err = begin_line(&at, out);
    begins = false;
    size_t plain = at.i;
    while (plain < n && s[plain] != '*' && s[plain] != '\n' && s[plain] != ']' && s[plain] != ')') plain++;
    if (!err) err = markdown_plain_characters(out, s + at.i, plain - at.i);
    at.i = plain;
    if (err || at.i == n) break;
    if (s[at.i] == '*') {
      err = put_stars(&at, out);
      continue;
    }
    at.in_target = s[at.i] == ']' ? at.i + 1 < n && s[at.i + 1] == '(' : false;
    begins = s[at.i] == '\n';
    err = buf_putc(out, s[at.i++]);
  }
  return err;
}
