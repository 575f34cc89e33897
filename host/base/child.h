/* child.h - programs as processes of their own: the one way to start one. Any thread but the loop's; the caller waits.
 *
 *   static const char *const argv[] = {"fc-list", "family", NULL};
 *   int status = child_run(&(struct child_job){.argv = argv, .ms = 30000, .stop = -1}, &fonts);
 *
 * A child has a process group of its own, so that Ctrl-C passes it by and all that it started can be ended with it; default signals; input
 * and output in memory, so that nobody can block on a pipe; and of our environment only what is named. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"

struct child_job {
  const char *program;     /* looked for on PATH, or a path; NULL: argv[0] */
  const char *const *argv; /* NULL-terminated */
  const char *const *kept; /* NULL-terminated names of our environment that it gets; NULL: all of it */
  const char *const *more; /* NULL-terminated "NAME=value" beside those; NULL: none */
  const char *input;       /* its standard input */
  size_t n_input;
  bool silent;    /* what it complains about is dropped; otherwise its standard error is ours */
  int ms;         /* then its group is ended */
  int stop;       /* a descriptor: once it can be read, its group is ended; -1: none */
  bool *too_much; /* set: it printed more than `out` has room for, and none of that is there; or NULL */
};

enum { CHILD_MISSING = 127, CHILD_DIED = -1, CHILD_ENDED = -2 /* by us */ };
/* Its exit status, or one of these. What it printed goes to `out` if there is room for all; NULL: to our standard error. */
int child_run(const struct child_job *job, struct buf *out);

/* This program itself, `quire ARGS --json`: JSON in, JSON out. For what may eat memory or time, or must not see what this host holds. */
struct child_question {
  const char *const *args; /* NULL-terminated, without the program and --json */
  const char *input;       /* its standard input; NULL: empty */
  bool with_environment;   /* it gets ours, with the keys in it; otherwise HOME and TMPDIR only */
  int seconds;             /* then it is ended */
  const int *stop;         /* a descriptor: once it can be read, it is ended (ERR_CANCELLED); NULL: none */
};
/* *out: what it printed, the caller's. ERR_SCRIPT: it printed {"error":..} (its words), no JSON, or took too long. */
enum err child_ask(const struct child_question *q, json_t **out, struct error *e);
