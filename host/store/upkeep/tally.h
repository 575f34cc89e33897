/* tally.h - sums over runs and calls for the metrics. Read-only, any thread but the loop's.
 *
 *   struct tally *t = tally_new();  (tally_read(t, db))*  tally_free(t);
 *
 * What has ended does not change any more, so it is added up once and remembered: each read looks only at rows from the oldest
 * unfinished one on. The first read of a library looks at all of it. */
#pragma once
#include "store/db.h"
#include "store/states.h"

/* lost: it was in flight when its host died, or its run moved on; nobody knows what became of it. */
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
  int64_t runs
      [RUN_STATUSES]; /* unfinished ones: now; the others: ended so far, also those that were pruned since the first read */
  int64_t oldest_due_ms;  /* since when the oldest queued run could have begun; 0: none */
  int64_t oldest_beat_ms; /* the oldest last sign of life of a running run; 0: none */
  int64_t open_gates;
  struct tally_model *models;
  size_t n_models;
  int64_t in_flight; /* calls */
  int64_t repeated,
      repeated_cost_nano; /* calls that were made again because nobody knew what became of the first */

  /* what was settled before this read */
  struct tally *settled;
  int64_t settled_runs, settled_calls; /* up to this id */
};

struct tally *tally_new(void);
void tally_free(struct tally *t);
enum err tally_read(struct tally *t, struct db *db);
/* The time of the library's newest event; 0: there is none. */
enum err tally_newest_ms(struct db *db, int64_t *at_ms);
