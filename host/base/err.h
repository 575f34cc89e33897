/* err.h - errors as values.
 *
 * A function that can fail returns `enum err` (OK is 0) and, where a person will read of it, fills a
 * `struct error`: what is wrong and where, and in `hint` what to do. Nothing here allocates.
 *
 *   struct error e = {0};
 *   if (config_load(path, &cfg, &e) != OK) return cli_fail(&e);
 */
#pragma once
#include <stdarg.h>

/* Whoever gets an `enum err` looks at it, passes it on, or says (void) and why: the compiler holds that. A test may leave it (unit.h). */
#ifndef MUST_CHECK
#ifdef __clang__
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define MUST_CHECK [[nodiscard]]
#endif
#endif

enum MUST_CHECK err {
  OK = 0,
  ERR_INVALID,     /* the caller's input is wrong */
  ERR_NOT_FOUND,   /* no such run, project, file, ... */
  ERR_EXISTS,      /* it is there already */
  ERR_CONFLICT,    /* somebody else changed it first (stale version, gate already decided) */
  ERR_FENCED,      /* the run moved on: this epoch may not write any more */
  ERR_FULL,        /* a queue or a cap is full; try later */
  ERR_LIMIT,       /* a limit of this run or buffer was reached */
  ERR_OWNED,       /* the library belongs to another host */
  ERR_IO,          /* the operating system said no */
  ERR_NOSPACE,     /* the disk is full */
  ERR_READONLY,    /* the disk or the file is read-only */
  ERR_CORRUPT,     /* the database is damaged */
  ERR_NEWER,       /* the database was written by a newer quire */
  ERR_LOCKED,      /* another program held the database lock for too long */
  ERR_SCRIPT,      /* a Lua script is wrong */
  ERR_CONFIG,      /* the configuration is wrong */
  ERR_PROVIDER,    /* a model provider refused or failed for good */
  ERR_UNAVAILABLE, /* a model provider cannot be reached now; trying later can help */
  ERR_AUTH,        /* a key is missing or was refused */
  ERR_BUDGET,      /* the run's or the library's budget is used up */
  ERR_CANCELLED,   /* a person said stop */
  ERR_STUCK,       /* it would go round for ever */
  ERR_CLOSED,      /* the thing is shutting down */
  ERR_COUNT
};

/* An enum err that may be left, as its caller knows it or need not: what fills a struct error returns the code it was given, what appends to
 * a buffer ends at the buffer's maximum. */
typedef unsigned weak_err;

struct error {
  enum err code;
  char message[600];
  char hint[300];
};

/* The stable name of a code for JSON and logs ("not_found"). Never NULL. */
const char *err_name(enum err code);

/* Fills `e` (which may be NULL) and returns `code`, so that a caller can `return err_set(...)`.
 * The message is cut, never overrun; invalid UTF-8 is left as it is (output escapes it). */
weak_err err_set(struct error *e, enum err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what to do about it. */
void err_hint(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For `errno` after a failed system call: maps ENOSPC, EROFS, EACCES, ENOENT to our codes and appends
 * strerror. */
weak_err err_errno(struct error *e, int sys_errno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
