/* prune.h - taking away what is over: old runs, and whole projects. Small transactions of at most PRUNE_ROWS rows, so that other writes
 * pass between; a prune that is broken off goes on with the next one.
 *
 * What goes with a run: its journal, events, gates, notes, input, result, and the prompts and answers of its calls. What stays: the rows
 * of its calls without their texts (who was asked when, tokens, cost: the ledger, so `calls_spent` and the day's limit stay true), what
 * each call read (which chapter depends on what), and every artifact version that it wrote. Contents without references go last.
 *
 * Never taken: an unfinished run, or one whose answers an unfinished run may still need (retry_of). A run that prune has begun to take
 * away can no longer be retried: its journal is not whole. */
#pragma once
#include <stdbool.h>
#include "store/store.h"

enum { PRUNE_ROWS = 500 };

struct prune_counts {
  int64_t runs, journal, events, calls; /* calls: those that lost their texts */
  int64_t blobs, bytes;                 /* contents without references, and what they held */
  int64_t artifacts;                    /* of a deleted project */
};

/* One batch. A run goes when it ended before `before_ms` and is not among the newest `keep_runs` ended runs of its project. dry_run writes
 * nothing and counts everything that prune_library would take. */
struct op_prune {
  struct store_op op;
  int64_t before_ms, keep_runs;
  bool dry_run;
  struct prune_counts counts; /* out */
  bool more;                  /* out: post it again */
};
extern const struct store_op_kind op_prune_kind;

/* One batch of a project's end; the artifacts and the project itself go in the last one, together. ERR_CONFLICT while a run of it is
 * unfinished or it has parts (a series' books): nothing was written by that batch. */
struct op_project_delete {
  struct store_op op;
  const char *slug;
  struct prune_counts counts; /* out */
  bool more;                  /* out */
};
extern const struct store_op_kind op_project_delete_kind;

/* To the end, batch by batch, then the contents that nothing refers to any more. Not on the loop thread. */
enum err prune_library(struct store *s, int64_t before_ms, int64_t keep_runs, bool dry_run,
                       struct prune_counts *out, struct error *e);
enum err project_delete(struct store *s, const char *slug, struct prune_counts *out, struct error *e);
