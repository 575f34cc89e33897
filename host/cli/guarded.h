/* guarded.h - the commands that may become a library's owner run under a guardian: run, resume, retry, export, serve.
 *
 * The command is the guardian's child. When it is killed it starts again, with attempt > 0, and goes on with the run that
 * it had (pulse->own_run), or, when it died before it knew its number, with the run that has its key.
 * QUIRE_UNGUARDED=1 runs the command without a guardian, for debuggers. */
#pragma once
#include <jansson.h>
#include "cli/command.h"

/* Runs the command; *child is true in the process that did the work (which then finishes and exits), false in the guardian. */
int guarded_run(struct cli *c, int (*work)(struct cli *c));
/* Gives a request for a new run a key of its own when it has none, so that saying it again is the same run. */
void guarded_add_key(struct cli *c, json_t *request);
/* The run that an earlier life of this command followed; 0: none. */
int64_t guarded_own_run(const struct cli *c);
void guarded_set_own_run(struct cli *c, int64_t run, bool hosting);
/* The exit code for a command that could not begin. In a first life, the error's. A life that the guardian began has runs that wait for it:
 * what passes by itself (a full disk, a locked database, a port that is taken) is logged, and the guardian tries again with its back-off. */
int guarded_fail(struct cli *c, const struct error *e);
