/* runs_internal.h - what the files of a run's life share (runs.c; run_create.c, run_claim.c, run_status.c, run_command.c).
 *
 * Every statement that changes a status is in the last three or, for gates, in gates.c; each carries the state that it expects, and the
 * schema's CHECKs hold what a state must say. */
#pragma once
#include "store/runs.h"

/* What a run is now, for the changes and their errors. */
struct run_standing {
  enum run_status status;
  char wait_for[200];
  int64_t wake_at, deaths, death_mark, epoch;
};

/* ERR_NOT_FOUND with an error text when there is no such run. */
enum err run_look(struct db *db, int64_t id, struct run_standing *now, struct error *e);
enum err run_missing(struct error *e, int64_t id); /* always ERR_NOT_FOUND */
void run_op_free(struct store_op *op);             /* an op that owns nothing */
