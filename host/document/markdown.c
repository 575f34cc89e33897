/* markdown.c - see markdown.h.
 *
 * Source -> markdown_limit -> (only whole UTF-8 and characters that XML knows) -> md4c -> made safe tag by tag. Text never holds a raw
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

enum err markdown_plain_characters(struct buf *out, const char *s, size_t n) {
  enum err err = OK;
  size_t from = 0, i = 0;
  while (i < n && !err) {
    size_t len = utf8_xml_character(s + i, n - i);
    if (!len) {
      err = buf_append(out, s + from, i - from);
      from = i + 1;
    }
    i += len ? len : 1;
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

/* The value of the attribute that begins at `at` with `name`; 0 when it is another one. */
static size_t attribute(const char *at, const char *end, const char *name, const char **value) {
  size_t n = strlen(name);
  if ((size_t)(end - at) < n || memcmp(at, name, n) != 0) return 0;
  *value = at + n;
  const char *quote = memchr(*value, '"', (size_t)(end - *value));
  return quote ? (size_t)(quote - *value) + 1 : 0; /* with its quote, so that an empty value is not nothing */
}

/* Writes one tag, `s` to `end` (behind its '>'), or what stands for it. */
static enum err put_tag(struct buf *out, const char *s, const char *end) {
  const char *value = NULL;
  size_t n = attribute(s, end, "<a href=\"", &value);
  if (n && !safe_target(value, n - 1)) return buf_puts(out, "<a>");
  if (n && (begins(value, n, "http:") || begins(value, n, "https:"))) {
    enum err err = buf_append(out, s, (size_t)(end - s) - 1);
    return err ? err : buf_puts(out, " rel=\"noopener noreferrer\">");
  }
  if (!begins(s, (size_t)(end - s), "<img ")) return buf_append(out, s, (size_t)(end - s));
  const char *alt = memmem(s, (size_t)(end - s), "alt=\"", 5);
  n = alt ? attribute(alt, end, "alt=\"", &value) : 0;
  return n ? buf_append(out, value, n - 1) : OK;
}

static enum err make_safe(struct buf *out, const char *s, size_t n) {
  const char *stop = s + n;
  enum err err = OK;
  while (s < stop && !err) {
    const char *tag = memchr(s, '<', (size_t)(stop - s));
    const char *end = tag ? memchr(tag, '>', (size_t)(stop - tag)) : NULL;
    err = markdown_plain_characters(out, s, (size_t)((tag ? tag : stop) - s));
    if (!end) break;
    if (!err) err = put_tag(out, tag, end + 1);
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

enum err markdown_html(const char *s, size_t n, struct buf *out, struct error *e) {
  const char *limit = markdown_limit(s, n);
  if (limit) return err_set(e, ERR_LIMIT, "%s", limit);
  struct buf source;
  struct raw raw = {.full = false};
  buf_init(&source, MARKDOWN_MOST_BYTES);
  buf_init(&raw.html, MARKDOWN_MOST_BYTES);
  markdown_plain_characters(&source, s, n); /* never longer than s */
  unsigned reader = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH;
  int failed =
      md_html(source.data, (MD_SIZE)source.len, append_raw, &raw, reader, MD_HTML_FLAG_SKIP_UTF8_BOM);
  enum err err = failed || raw.full ? ERR_LIMIT : make_safe(out, raw.html.data, raw.html.len);
  buf_release(&source);
  buf_release(&raw.html);
  return err ? err_set(e, ERR_LIMIT, "limit: the Markdown would become larger than 16 MB") : OK;
}
