/* fork.h - the record that a fork begins with. Inside op_run_create's transaction, so that a kill leaves either no fork or a whole one. */
#pragma once
#include <stdint.h>
#include "store/db.h"

struct fork {
  int64_t run, of, at; /* the new run, the run that it comes from, and the first place that is not kept */
};
/* Copies the journal before the place, and notes which versions of documents the fork does not see: those between that moment and its own
 * beginning. ERR_INVALID: there is no such place. */
enum err fork_record(struct db *db, const struct fork *f, struct error *e);
