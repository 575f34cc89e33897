/* output.c - text and JSON for people and programs. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/terminal.h"

#define CONTINUED "    "

enum { MOST_COLUMNS = 12, MOST_CELL = 60 };

/* ---- JSON */

/* JSON escapes what is below a blank; terminals obey some that are above, and those stand in strings only. */
static void put_json(const char *text) {
  for (const char *at = text; *at; at++) {
    unsigned char c = (unsigned char)*at, next = (unsigned char)at[1];
    if (c == 0x7F)
      fputs("\\u007f", stdout);
    else if (c == 0xC2 && next >= 0x80 && next < 0xA0)
      printf("\\u%04x", *++at & 0xFF);
    else
      putchar(c);
  }
  putchar('\n');
}

static void dump(json_t *doc, size_t flags) {
  char *text = json_dumps(doc, flags | JSON_ENCODE_ANY | JSON_SORT_KEYS);
  if (text) put_json(text);
  free(text);
  json_decref(doc);
}

void out_json(json_t *doc) {
  dump(doc, JSON_INDENT(2));
}

void out_json_line(json_t *doc) {
  dump(doc, JSON_COMPACT);
  fflush(stdout);
}

json_t *out_error_json(const struct error *e) {
  json_t *v = json_object();
  json_object_set_new(v, "code", json_string(err_name(e->code)));
  json_object_set_new(v, "message", view_text(e->message));
  if (e->hint[0]) json_object_set_new(v, "hint", view_text(e->hint));
  return v;
}

/* ---- text */

/* The one way of text to a stream. `line`: with its end, and what follows a line break inside is indented. */
static void print(FILE *stream, const char *text, bool line) {
  struct buf b;
  buf_init(&b, (size_t)4 * MAX_JSON_BYTES);
  for (const char *at = text;;) {
    size_t n = strcspn(at, "\n");
    char *part = mem_dup_n(at, n + (at[n] == '\n'));
    terminal_clean(&b, part);
    free(part);
    at += n;
    if (!*at++) break;
    if (line && *at) buf_puts(&b, CONTINUED);
  }
  if (line) buf_putc(&b, '\n');
  if (stream == stderr) terminal_line_hide();
  fwrite(b.data, 1, b.len, stream);
  buf_release(&b);
}

static void __attribute__((format(printf, 2, 0)))
vprint(FILE *stream, const char *fmt, va_list ap, bool line) {
  char *text = NULL;
  if (vasprintf(&text, fmt, ap) < 0) return;
  print(stream, text, line);
  free(text);
}

void out_line(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprint(stdout, fmt, ap, true);
  va_end(ap);
}

void out_field(const char *name, const char *fmt, ...) {
  char *text = NULL;
  va_list ap;
  va_start(ap, fmt);
  int n = vasprintf(&text, fmt, ap);
  va_end(ap);
  if (n < 0) return;
  if (*text)
    out_line("%s%-10s%s %s", terminal_style(stdout, STYLE_DIM), name, terminal_style(stdout, STYLE_NONE),
             text);
  free(text);
}

void out_line_to(FILE *stream, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprint(stream, fmt, ap, true);
  va_end(ap);
}

void out_text(FILE *stream, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprint(stream, fmt, ap, false);
  va_end(ap);
}

void out_document(const char *bytes, size_t n) {
  if (!isatty(STDOUT_FILENO) || memchr(bytes, '\0', n))
    fwrite(bytes, 1, n, stdout);
  else
    print(stdout, bytes, false);
}

void out_say(const struct output *o, const char *fmt, ...) {
  if (o->quiet) return;
  va_list ap;
  va_start(ap, fmt);
  char *text = NULL;
  int n = vasprintf(&text, fmt, ap);
  va_end(ap);
  if (n < 0) return;
  if (o->log)
    log_info("%s", text);
  else
    print(stderr, text, true);
  free(text);
}

int out_error(const struct output *o, const struct error *e) {
  if (o->log && !o->json) {
    log_errorx("%s%s%s", e->message, e->hint[0] ? ". " : "", e->hint);
    return exit_of_err(e->code);
  }
  terminal_line_hide();
  if (o->json) {
    json_t *doc = json_object();
    json_object_set_new(doc, "error", out_error_json(e));
    if (o->lines)
      out_json_line(doc);
    else
      out_json(doc);
  } else {
    out_line_to(stderr, "%squire:%s %s", terminal_style(stderr, STYLE_RED),
                terminal_style(stderr, STYLE_NONE), e->message[0] ? e->message : err_name(e->code));
    if (e->hint[0]) out_line_to(stderr, "  %s", e->hint);
  }
  return exit_of_err(e->code);
}

static bool is_pipe(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* What failed when an earlier part of the output was written left no errno: then what stdout is has to tell. */
bool out_finish(bool *pipe) {
  *pipe = false;
  errno = 0;
  bool failed = fflush(stdout) != 0 || ferror(stdout);
  if (!failed) return true;
  *pipe = errno == EPIPE || (errno == 0 && is_pipe(STDOUT_FILENO));
  if (!*pipe)
    fprintf(stderr, "quire: cannot write the output%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
  return false;
}

/* ---- tables */

struct table {
  const char *const *headers;
  size_t columns, n, cap;
  char **cells;
};

struct table *table_new(const char *const *headers) {
  struct table *t = mem_alloc(sizeof *t);
  t->headers = headers;
  while (headers[t->columns] && t->columns < MOST_COLUMNS) t->columns++;
  return t;
}

void table_cell(struct table *t, const char *fmt, ...) {
  char *text = NULL;
  va_list ap;
  va_start(ap, fmt);
  int n = vasprintf(&text, fmt, ap);
  va_end(ap);
  struct buf b;
  buf_init(&b, 4096);
  if (n >= 0) terminal_clip(&b, text, MOST_CELL);
  free(text);
  if (t->n == t->cap) {
    t->cap = t->cap ? t->cap * 2 : 64;
    t->cells = mem_grow(t->cells, t->cap * sizeof *t->cells);
  }
  t->cells[t->n++] = b.len ? buf_take(&b) : mem_dup("");
  buf_release(&b);
}

static void print_cell(const char *text, size_t width, bool right, bool last) {
  int pad = (int)(width - terminal_columns(text));
  if (right)
    printf("%*s%s%s", pad, "", text, last ? "" : "  ");
  else if (last)
    fputs(text, stdout);
  else
    printf("%s%*s  ", text, pad, "");
}

static void print_row(const struct table *t, char *const *cells, const size_t *widths) {
  for (size_t i = 0; i < t->columns; i++)
    print_cell(cells[i], widths[i], t->headers[i][0] == '>', i + 1 == t->columns);
  putchar('\n');
}

void table_print(struct table *t) {
  size_t widths[MOST_COLUMNS];
  char *headers[MOST_COLUMNS];
  for (size_t i = 0; i < t->columns; i++) {
    headers[i] = mem_dup(t->headers[i] + (t->headers[i][0] == '>'));
    widths[i] = terminal_columns(headers[i]);
    for (size_t k = i; k < t->n; k += t->columns) {
      size_t w = terminal_columns(t->cells[k]);
      if (w > widths[i]) widths[i] = w;
    }
  }
  out_text(stdout, "%s", terminal_style(stdout, STYLE_BOLD));
  print_row(t, headers, widths);
  out_text(stdout, "%s", terminal_style(stdout, STYLE_NONE));
  for (size_t k = 0; k + t->columns <= t->n; k += t->columns) print_row(t, t->cells + k, widths);
  for (size_t i = 0; i < t->columns; i++) free(headers[i]);
  for (size_t k = 0; k < t->n; k++) free(t->cells[k]);
  free(t->cells);
  free(t);
}
