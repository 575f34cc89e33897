/* framing.c - the incremental parser behind framing.h.
 *
 * framing_init -> framing_feed* -> framing_end -> framing_release. Loop thread.
 * A feed looks for line ends; what stands between two goes to take_line, from the fed bytes themselves when
 * the line is whole in them, else from f->line. So a stream gives the same events however it was cut. */
#include "llm/framing.h"

#include <string.h>

void framing_init(struct framing *f, enum framing_kind kind, size_t max_event) {
  memset(f, 0, sizeof *f);
  f->kind = kind;
  buf_init(&f->line, max_event);
  buf_init(&f->data, max_event);
  buf_init(&f->name, max_event);
}

void framing_release(struct framing *f) {
  buf_release(&f->line);
  buf_release(&f->data);
  buf_release(&f->name);
}

/* ---- server-sent events ---- */

static enum err dispatch(struct framing *f, framing_event *on_event, void *arg) {
  enum err err = OK;
  if (f->has_data) err = on_event(arg, f->name.len ? f->name.data : "message", f->data.data, f->data.len);
  f->has_data = false;
  buf_clear(&f->data);
  buf_clear(&f->name);
  return err;
}

static bool field_is(const char *line, size_t n, const char *field) {
  return n == strlen(field) && memcmp(line, field, n) == 0;
}

static enum err take_sse_line(struct framing *f, const char *line, size_t n, framing_event *on_event,
                              void *arg) {
  if (n == 0) return dispatch(f, on_event, arg);
  const char *colon = memchr(line, ':', n);
  if (colon == line) return OK; /* a comment: it shows that the sender lives, no more */
  size_t n_field = colon ? (size_t)(colon - line) : n;
  const char *value = colon ? colon + 1 : line + n;
  if (value < line + n && *value == ' ') value++;
  size_t n_value = (size_t)(line + n - value);

  if (field_is(line, n_field, "data")) {
    enum err err = f->has_data ? buf_putc(&f->data, '\n') : OK;
    f->has_data = true;
    return err ? err : buf_append(&f->data, value, n_value);
  }
  if (field_is(line, n_field, "event")) {
    buf_clear(&f->name);
    return buf_append(&f->name, value, n_value);
  }
  return OK; /* id, retry, and what nobody knows yet */
}

/* ---- newline-delimited JSON ---- */

static enum err take_json_line(struct framing *f, const char *line, size_t n, framing_event *on_event,
                               void *arg) {
  if (n && line[n - 1] == '\r') n--;
  size_t blank = 0;
  while (blank < n && (line[blank] == ' ' || line[blank] == '\t' || line[blank] == '\r')) blank++;
  if (blank == n) return OK;
  /* Through the buffer, so that a NUL stands behind it. */
  buf_clear(&f->data);
  enum err err = buf_append(&f->data, line, n);
  return err ? err : on_event(arg, "line", f->data.data, n);
}

/* ---- lines ---- */

static enum err take_line(struct framing *f, const char *line, size_t n, framing_event *on_event, void *arg) {
  if (!f->started && n >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
    line += 3;
    n -= 3;
  }
  f->started = true;
  if (f->kind == FRAMING_SSE) return take_sse_line(f, line, n, on_event, arg);
  return take_json_line(f, line, n, on_event, arg);
}

/* The first line end in p[0..n), or n. In NDJSON a CR alone is white space, not an end. */
static size_t find_line_end(const struct framing *f, const char *p, size_t n) {
  const char *lf = memchr(p, '\n', n);
  size_t end = lf ? (size_t)(lf - p) : n;
  if (f->kind == FRAMING_NDJSON) return end;
  const char *cr = memchr(p, '\r', end);
  return cr ? (size_t)(cr - p) : end;
}

static enum err finish_line(struct framing *f, const char *p, size_t n, framing_event *on_event, void *arg) {
  if (f->line.len == 0) return n > f->line.max ? ERR_LIMIT : take_line(f, p, n, on_event, arg);
  enum err err = buf_append(&f->line, p, n);
  if (!err) err = take_line(f, f->line.data, f->line.len, on_event, arg);
  buf_clear(&f->line);
  return err;
}

static enum err feed_lines(struct framing *f, const char *p, size_t n, framing_event *on_event, void *arg) {
  while (n) {
    if (f->after_cr && *p == '\n') {
      f->after_cr = false;
      p++;
      n--;
      continue;
    }
    f->after_cr = false;
    size_t end = find_line_end(f, p, n);
    if (end == n) return buf_append(&f->line, p, n);
    f->after_cr = p[end] == '\r';
    enum err err = finish_line(f, p, end, on_event, arg);
    if (err) return err;
    p += end + 1;
    n -= end + 1;
  }
  return OK;
}

static size_t blanks(const char *bytes, size_t n) {
  size_t i = 0;
  while (i < n && bytes[i] && strchr(" \t\r\n\xEF\xBB\xBF", bytes[i])) i++;
  return i;
}

/* Content types are wrong too often to go by. */
static void look_what_it_is(struct framing *f, char first) {
  f->known = true;
  if (first == '{' || first == '[' || first == '<') f->kind = FRAMING_WHOLE;
}

enum err framing_feed(struct framing *f, const void *bytes, size_t n, framing_event *on_event, void *arg) {
  if (f->failed || n == 0) return f->failed;
  const char *p = bytes;
  if (f->kind == FRAMING_SSE && !f->known) {
    size_t skipped = blanks(p, n);
    p += skipped;
    n -= skipped;
    if (n == 0) return OK;
    look_what_it_is(f, *p);
  }
  if (f->kind == FRAMING_WHOLE)
    f->failed = buf_append(&f->line, p, n);
  else
    f->failed = feed_lines(f, p, n, on_event, arg);
  return f->failed;
}

enum err framing_end(struct framing *f, framing_event *on_event, void *arg) {
  if (f->failed) return f->failed;
  if (f->kind == FRAMING_SSE) {
    if (f->line.len) f->failed = finish_line(f, "", 0, on_event, arg);
    return f->failed ? f->failed : (f->failed = dispatch(f, on_event, arg));
  }
  if (f->line.len == 0) return OK;
  if (f->kind == FRAMING_NDJSON) f->failed = finish_line(f, "", 0, on_event, arg);
  if (f->kind == FRAMING_WHOLE) f->failed = on_event(arg, "body", f->line.data, f->line.len);
  buf_clear(&f->line);
  return f->failed;
}
