/* child.h - asks this program itself as a process of its own: `quire ARGS --json`, JSON in, JSON out. For what may eat memory or time, or
 * must not see what this host holds. Any thread but the loop's; the caller waits. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

struct child_job {
  const char *const *args; /* NULL-terminated, without the program and --json */
  const char *input;       /* its standard input; NULL: empty */
  bool with_environment;   /* it gets ours, with the keys in it; otherwise HOME and TMPDIR only */
  int seconds;             /* then it is ended */
};

/* *out: what it printed, the caller's. ERR_SCRIPT: it printed {"error":..} (its words), no JSON, or took too long. */
enum err child_ask(const struct child_job *job, json_t **out, struct error *e);
