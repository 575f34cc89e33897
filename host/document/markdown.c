/* markdown.c - see markdown.h.
 *
 * Source -> markdown_limit -> markdown_source -> md4c -> made safe tag by tag. Text never holds a raw
 * '<' in what md4c writes, so a '<' there begins a tag of its own making, with its attributes in its own order. */
#include "document/markdown.h"

#include <md4c-html.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

/* ---- what costs too much ---- */

/* Markers of quotes and lists nest; md4c's time and every reader's stack grow with them. */
static bool nests_too_deep(const char *s, size_t n) {
  size_t markers = 0;
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    bool marker = c == '>' || ((c == '-' || c == '+' || c == '*' || c == '.' || c == ')') && i + 1 < n &&
                               s[i + 1] == ' ');
    if (c == '\n')
      markers = 0;
    else if (marker && ++markers > MARKDOWN_MOST_NESTING)
      return true;
    else if (!marker && c != ' ' && c != '\t' && (c < '0' || c > '9'))
      while (i + 1 < n && s[i + 1] != '\n') i++; /* the line's text: no markers any more */
  }
  return false;
}

/* Each row of a table gets a cell for every column of its second line, also where the row is one byte: and md4c's
 * HTML writer cannot be stopped once it runs. */
static bool has_too_many_cells(const char *s, size_t n) {
  size_t lines = 1, widest = 0, bars = 0;
  bool marks = true;
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    if (c == '\n') {
      lines++;
      bars = 0;
      marks = true;
      continue;
    }
    bars += c == '|';
    marks = marks && (c == '|' || c == '-' || c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '>');
    if (marks && bars > widest) widest = bars;
  }
  return (widest + 1) * lines > MARKDOWN_MOST_CELLS && widest > 1;
}

const char *markdown_limit(const char *s, size_t n) {
  if (n > MARKDOWN_MOST_BYTES) return "limit: Markdown of more than 16 MB";
  if (nests_too_deep(s, n)) return "limit: quotes and lists nested deeper than 50 levels";
  if (has_too_many_cells(s, n)) return "limit: a table of more than 2000000 cells";
  return NULL;
}

static bool is_mark(const char *s, size_t len) {
  return len == 3 && memcmp(s, "\xef\xb7\x90", 3) == 0;
}

enum err markdown_plain_characters(struct buf *out, const char *s, size_t n) {
  enum err err = OK;
  size_t from = 0, i = 0;
  while (i < n && !err) {
    size_t len = utf8_xml_character(s + i, n - i);
    bool kept = len && !is_mark(s + i, len);
    if (!len) len = 1;
    if (!kept) {
      err = buf_append(out, s + from, i - from);
      from = i + len;
    }
    i += len;
  }
  return err ? err : buf_append(out, s + from, n - from);
}

/* ---- what is safe in a page of ours ---- */

static bool begins(const char *s, size_t n, const char *with) {
  return n >= strlen(with) && strncasecmp(s, with, strlen(with)) == 0;
}

/* May a link lead there? Without a scheme it stays on this site. md4c percent-encodes white space and control characters, so none hides one. */
static bool safe_target(const char *s, size_t n) {
  if (begins(s, n, "http://") || begins(s, n, "https://") || begins(s, n, "mailto:")) return true;
  if (begins(s, n, "//") || begins(s, n, "/\\") || begins(s, n, "\\")) return false;
  for (size_t i = 0; i < n && s[i] != '/' && s[i] != '#' && s[i] != '?'; i++)
    if (s[i] == ':' || s[i] == '&') return false; /* '&': a reference that could stand for a colon */
  return true;
}

/* May a link in a book lead there? There is no site around it. */
static bool book_target(const char *s, size_t n) {
  size_t scheme = begins(s, n, "http://") ? 7 : begins(s, n, "https://") ? 8 : 0;
  if (!scheme) return begins(s, n, "mailto:") && n > 7 && memchr(s, '@', n);
  size_t i = scheme;
  for (; i < n && s[i] != '/' && s[i] != '#' && s[i] != '?'; i++)
    if (!strchr("-.:_%@", s[i]) && !(s[i] >= '0' && s[i] <= '9') &&
        !((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z'))
      return false;
  return i > scheme && s[scheme] != ':' && s[scheme] != '.';
}

/* The value of the attribute that begins at `at` with `name`; 0 when it is another one. */
static size_t attribute(const char *at, const char *end, const char *name, const char **value) {
  size_t n = strlen(name);
  if ((size_t)(end - at) < n || memcmp(at, name, n) != 0) return 0;
  *value = at + n;
  const char *quote = memchr(*value, '"', (size_t)(end - *value));
  return quote ? (size_t)(quote - *value) + 1 : 0; /* with its quote, so that an empty value is not nothing */
}

/* md4c writes <td align="left">, which XHTML 5 does not know. */
static enum err put_cell(struct buf *out, const char *s, const char *end) {
  const char *value = NULL;
  size_t n = attribute(s + 3, end, " align=\"", &value);
  if (!n) return buf_append(out, s, (size_t)(end - s));
  return buf_printf(out, "%.3s style=\"text-align: %.*s\">", s, (int)n - 1, value);
}

/* Writes one tag, `s` to `end` (behind its '>'), or what stands for it. */
static enum err put_tag(struct buf *out, const char *s, const char *end, bool book) {
  const char *value = NULL;
  size_t all = (size_t)(end - s), n = attribute(s, end, "<a href=\"", &value);
  if (n && !(book ? book_target(value, n - 1) : safe_target(value, n - 1))) return buf_puts(out, "<a>");
  if (n && !book && (begins(value, n, "http:") || begins(value, n, "https:"))) {
    enum err err = markdown_plain_characters(out, s, all - 1);
    return err ? err : buf_puts(out, " rel=\"noopener noreferrer\">");
  }
  if (book && (begins(s, all, "<td ") || begins(s, all, "<th "))) return put_cell(out, s, end);
  if (!begins(s, all, "<img ")) return markdown_plain_characters(out, s, all);
  const char *alt = memmem(s, all, "alt=\"", 5);
  n = alt ? attribute(alt, end, "alt=\"", &value) : 0;
  return n ? markdown_plain_characters(out, value, n - 1) : OK;
}

static enum err make_safe(struct buf *out, const char *s, size_t n, bool book) {
  const char *stop = s + n;
  enum err err = OK;
  while (s < stop && !err) {
    const char *tag = memchr(s, '<', (size_t)(stop - s));
    const char *end = tag ? memchr(tag, '>', (size_t)(stop - tag)) : NULL;
    err = markdown_plain_characters(out, s, (size_t)((tag ? tag : stop) - s));
    if (!end) break;
    if (!err) err = put_tag(out, tag, end + 1, book);
    s = end + 1;
  }
  return err;
}

/* ---- the way of one text ---- */

struct raw {
  struct buf html;
  bool full;
};

static void append_raw(const MD_CHAR *s, MD_SIZE n, void *arg) {
  struct raw *raw = arg;
  if (buf_append(&raw->html, s, n) != OK) raw->full = true;
}

static enum err convert(const char *s, size_t n, struct buf *out, bool book, struct error *e) {
  const char *limit = markdown_limit(s, n);
  if (limit) return err_set(e, ERR_LIMIT, "%s", limit);
  struct buf source;
  struct raw raw = {.full = false};
  buf_init(&source, MARKDOWN_MOST_BYTES);
  buf_init(&raw.html, MARKDOWN_MOST_BYTES);
  unsigned reader = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH;
  unsigned writer = MD_HTML_FLAG_SKIP_UTF8_BOM | (book ? MD_HTML_FLAG_XHTML : 0);
  bool failed = markdown_source(&source, s, n) != OK ||
                md_html(source.data, (MD_SIZE)source.len, append_raw, &raw, reader, writer) != 0;
  enum err err = failed || raw.full ? ERR_LIMIT : make_safe(out, raw.html.data, raw.html.len, book);
  buf_release(&source);
  buf_release(&raw.html);
  return err ? err_set(e, ERR_LIMIT, "limit: the Markdown would become larger than 16 MB") : OK;
}

enum err markdown_html(const char *s, size_t n, struct buf *out, struct error *e) {
  return convert(s, n, out, false, e);
}

enum err markdown_xhtml(const char *s, size_t n, struct buf *out, struct error *e) {
  return convert(s, n, out, true, e);
}
