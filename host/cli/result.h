/* result.h - how a run is told at its end: its result on stdout, what happened on stderr. */
#pragma once
#include "cli/command.h"
#include "view/state.h"

/* Returns the exit code. A run that waits or failed says how to go on. */
int result_print(struct cli *c, const struct run_row *r);
/* One sentence about a run that did not end, on stderr; with --json the run as JSON on stdout. */
void result_say_state(struct cli *c, const struct run_row *r, const struct library_owner *owner);
/* Any JSON value as lines "Name: value". */
void result_print_value(const json_t *v);
/* ERR_NOT_FOUND with the nearest slug. */
enum err result_project_there(struct cli *c, const char *slug, struct error *e);
