/* mem.c - allocation that does not fail, and the end of the process when it would.
 *
 * Any thread. fatal() ends by abort(), not exit(): no handler runs on a broken heap, and the guardian
 * sees death by signal, which it answers with a restart. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

void *mem_alloc(size_t n) {
  void *p = calloc(1, n ? n : 1);
  if (!p) fatal("out of memory (%zu bytes refused)", n);
  return p;
}

void *mem_grow(void *p, size_t n) {
  void *q = realloc(p, n ? n : 1);
  if (!q) fatal("out of memory (%zu bytes refused)", n);
  return q;
}

char *mem_dup(const char *s) {
  return s ? mem_dup_n(s, strlen(s)) : NULL;
}

char *mem_dup_n(const char *s, size_t n) {
  char *copy = mem_grow(NULL, n + 1);
  if (n) memcpy(copy, s, n);
  copy[n] = '\0';
  return copy;
}

char *mem_printf(const char *fmt, ...) {
  char *out = NULL;
  va_list ap;
  va_start(ap, fmt);
  int n = vasprintf(&out, fmt, ap);
  va_end(ap);
  if (n < 0) fatal("out of memory (formatting text)");
  return out;
}

void fatal(const char *fmt, ...) {
  char line[1000]; /* no allocation: memory may be what we ran out of */
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(line, sizeof line, fmt, ap);
  va_end(ap);
  log_errorx("fatal: %s", line);
  abort();
}
