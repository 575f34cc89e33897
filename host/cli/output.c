/* output.c - text and JSON for people and programs. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/terminal.h"

enum { MOST_COLUMNS = 12, MOST_CELL = 60 };

/* ---- JSON */

static void dump(json_t *doc, size_t flags) {
  char *text = json_dumps(doc, flags | JSON_ENCODE_ANY | JSON_SORT_KEYS);
  if (text) {
    fputs(text, stdout);
    putchar('\n');
  }
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

static void print_clean(FILE *stream, const char *text) {
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  terminal_clean(&b, text);
  fputs(b.data, stream);
  buf_release(&b);
}

void out_line(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  putchar('\n');
}

void out_say(const struct output *o, const char *fmt, ...) {
  if (o->quiet) return;
  char *text = NULL;
  va_list ap;
  va_start(ap, fmt);
  int n = vasprintf(&text, fmt, ap);
  va_end(ap);
  if (n < 0) return;
  if (o->log) {
    log_info("%s", text);
  } else {
    terminal_line_hide();
    print_clean(stderr, text);
    fputc('\n', stderr);
  }
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
    fprintf(stderr, "%squire:%s ", terminal_style(stderr, STYLE_RED), terminal_style(stderr, STYLE_NONE));
    print_clean(stderr, e->message[0] ? e->message : err_name(e->code));
    fputc('\n', stderr);
    if (e->hint[0]) {
      fputs("  ", stderr);
      print_clean(stderr, e->hint);
      fputc('\n', stderr);
    }
  }
  return exit_of_err(e->code);
}

bool out_finish(bool *pipe) {
  *pipe = false;
  errno = 0;
  bool failed = fflush(stdout) != 0 || ferror(stdout);
  if (!failed) return true;
  *pipe = errno == EPIPE || errno == 0;
  if (!*pipe) fprintf(stderr, "quire: cannot write the output: %s\n", strerror(errno));
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
  fputs(terminal_style(stdout, STYLE_BOLD), stdout);
  print_row(t, headers, widths);
  fputs(terminal_style(stdout, STYLE_NONE), stdout);
  for (size_t k = 0; k + t->columns <= t->n; k += t->columns) print_row(t, t->cells + k, widths);
  for (size_t i = 0; i < t->columns; i++) free(headers[i]);
  for (size_t k = 0; k < t->n; k++) free(t->cells[k]);
  free(t->cells);
  free(t);
}
