/* tally.h - sums over runs and calls for the metrics, as the schema keeps them. Read-only, any thread but the loop's. A read looks at what is
 * unfinished now, and at nothing that ended.
 *
 *   struct tally t;  if (tally_read(&t, db) == OK) use(&t);  tally_release(&t); */
#pragma once
#include "store/db.h"
#include "store/states.h"

/* lost: it was in flight when its host died, or its run moved on; nobody knows what became of it (calls_lost.c). */
enum tally_outcome {
  TALLY_ANSWERED,
  TALLY_CALL_FAILED,
  TALLY_TRUNCATED,
  TALLY_CALL_CANCELLED,
  TALLY_LOST,
  TALLY_OUTCOMES
};
extern const char *const tally_outcome_names[TALLY_OUTCOMES];

struct tally_model {
  char *provider, *model;
  int64_t outcomes[TALLY_OUTCOMES];
  int64_t retries, unpriced, cost_nano, total_ms, timed;
  int64_t input, cached_read, cache_write, output, reasoning;
};

struct tally {
  /* unfinished ones: now; the others: ended so far, also those that were pruned */
  int64_t runs[RUN_STATUSES];
  int64_t oldest_due_ms;  /* since when the oldest queued run could have begun; 0: none */
  int64_t oldest_beat_ms; /* the oldest last sign of life of a running run; 0: none */
  int64_t open_gates;
  struct tally_model *models;
  size_t n_models;
  int64_t in_flight; /* calls */
  int64_t repeated,
      repeated_cost_nano; /* calls that were made again because nobody knew what became of the first, and ended */
};

/* One snapshot. To be released in any case. */
enum err tally_read(struct tally *t, struct db *db);
void tally_release(struct tally *t);
/* The time of the library's newest event; 0: there is none. */
enum err tally_newest_ms(struct db *db, int64_t *at_ms);
