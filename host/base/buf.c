/* buf.c - the growing byte buffer.
 *
 * buf_init -> (buf_append | buf_puts | buf_putc | buf_printf | buf_drop_front)* -> buf_take | buf_release.
 * Memory doubles and stops at max + 1 (the NUL); an append that does not fit changes nothing. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"

/* What `data` points to while nothing is allocated (cap == 0). Never written: every write checks cap first.
 */
static char empty[1];

enum { MOST_SLACK = 256 };

void buf_init(struct buf *b, size_t max) {
  *b = (struct buf){.data = empty, .max = max};
}

void buf_release(struct buf *b) {
  if (b->cap) free(b->data);
  buf_init(b, b->max);
}

void buf_clear(struct buf *b) {
  b->len = 0;
  if (b->cap) b->data[0] = '\0';
}

char *buf_take(struct buf *b) {
  char *out = b->cap ? b->data : mem_dup("");
  if (b->cap > 2 * MOST_SLACK && b->cap - b->len > MOST_SLACK)
    out = mem_grow(out, b->len + 1); /* it grows no more */
  buf_init(b, b->max);
  return out;
}

/* Makes room for n more bytes and the NUL. */
static enum err reserve(struct buf *b, size_t n) {
  if (n > b->max || b->len > b->max - n) return ERR_LIMIT;
  size_t need = b->len + n + 1;
  if (need <= b->cap) return OK;
  size_t cap = b->cap ? b->cap : 64;
  while (cap < need) cap = cap > SIZE_MAX / 2 ? need : cap * 2;
  if (cap > b->max + 1 && b->max < SIZE_MAX) cap = b->max + 1;
  b->data = mem_grow(b->cap ? b->data : NULL, cap);
  b->cap = cap;
  return OK;
}

weak_err buf_append(struct buf *b, const void *p, size_t n) {
  enum err err = reserve(b, n);
  if (err) return err;
  if (n) memcpy(b->data + b->len, p, n);
  b->len += n;
  b->data[b->len] = '\0';
  return OK;
}

weak_err buf_puts(struct buf *b, const char *s) {
  return buf_append(b, s, strlen(s));
}

weak_err buf_putc(struct buf *b, char c) {
  return buf_append(b, &c, 1);
}

weak_err buf_printf(struct buf *b, const char *fmt, ...) {
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  enum err err = n < 0 ? ERR_INVALID : reserve(b, (size_t)n);
  if (!err) {
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    b->len += (size_t)n;
  }
  va_end(again);
  return err;
}

void buf_drop_front(struct buf *b, size_t n) {
  if (n >= b->len) {
    buf_clear(b);
    return;
  }
  if (!n) return;
  b->len -= n;
  memmove(b->data, b->data + n, b->len + 1);
}

static enum err read_all(struct buf *b, int fd, const char *path, struct error *e) {
  char chunk[65536];
  for (;;) {
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n == 0) return OK;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_set(e, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (buf_append(b, chunk, (size_t)n) != OK)
      return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", path, b->max);
  }
}

enum err buf_read_file(struct buf *b, const char *path, struct error *e) {
  if (strcmp(path, "-") == 0) return read_all(b, STDIN_FILENO, "standard input", e);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return err_set(e, ERR_NOT_FOUND, "there is no file %s", path);
  if (fd < 0) return err_set(e, ERR_IO, "cannot open %s: %s", path, strerror(errno));
  enum err err = read_all(b, fd, path, e);
  close(fd);
  return err;
}

void buf_drop_mark(struct buf *b) {
  if (b->len >= 3 && memcmp(b->data, "\xef\xbb\xbf", 3) == 0) buf_drop_front(b, 3);
}

enum err buf_read_text(struct buf *b, const char *path, struct error *e) {
  enum err err = buf_read_file(b, path, e);
  if (err == OK) buf_drop_mark(b);
  return err;
}
