/* err.c - error codes to names, and filling a struct error.
 *
 * err_set | err_errno -> err_hint. Any thread; nothing here allocates or keeps state. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ERR_COUNT] = {
    [OK] = "ok",
    [ERR_INVALID] = "invalid",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",
    [ERR_CONFLICT] = "conflict",
    [ERR_FENCED] = "fenced",
    [ERR_FULL] = "full",
    [ERR_LIMIT] = "limit",
    [ERR_OWNED] = "owned",
    [ERR_IO] = "io",
    [ERR_NOSPACE] = "no_space",
    [ERR_READONLY] = "read_only",
    [ERR_CORRUPT] = "corrupt",
    [ERR_NEWER] = "newer",
    [ERR_LOCKED] = "locked",
    [ERR_SCRIPT] = "script",
    [ERR_CONFIG] = "config",
    [ERR_PROVIDER] = "provider",
    [ERR_UNAVAILABLE] = "unavailable",
    [ERR_AUTH] = "auth",
    [ERR_BUDGET] = "budget",
    [ERR_CANCELLED] = "cancelled",
    [ERR_STUCK] = "stuck",
    [ERR_CLOSED] = "closed",
};

const char *err_name(enum err code) {
  if ((unsigned)code >= ERR_COUNT || !names[code]) return "unknown";
  return names[code];
}

weak_err err_set(struct error *e, enum err code, const char *fmt, ...) {
  if (!e) return code;
  e->code = code;
  e->hint[0] = '\0';
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(e->message, sizeof e->message, fmt, ap);
  va_end(ap);
  return code;
}

void err_hint(struct error *e, const char *fmt, ...) {
  if (!e) return;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(e->hint, sizeof e->hint, fmt, ap);
  va_end(ap);
}

static enum err code_of_errno(int sys_errno) {
  switch (sys_errno) {
  case ENOSPC:
  case EDQUOT: return ERR_NOSPACE;
  case EROFS:
  case EACCES:
  case EPERM: return ERR_READONLY;
  case ENOENT: return ERR_NOT_FOUND;
  case EEXIST: return ERR_EXISTS;
  default: return ERR_IO;
  }
}

weak_err err_errno(struct error *e, int sys_errno, const char *fmt, ...) {
  enum err code = code_of_errno(sys_errno);
  if (!e) return code;
  e->code = code;
  e->hint[0] = '\0';
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(e->message, sizeof e->message, fmt, ap);
  va_end(ap);
  if (n < 0) n = 0;
  if ((size_t)n < sizeof e->message)
    snprintf(e->message + n, sizeof e->message - (size_t)n, ": %s", strerror(sys_errno));
  return code;
}
