/* watch.h - what the watcher does to rows: gives back a run that stopped moving, and one beat for many runs. runs.h has runs_stale, which
 * finds them. */
#pragma once
#include <stdbool.h>
#include "store/store.h"

/* A run that nobody moves: back to the queue (epoch + 1, so that whoever still works for it is fenced), or failed. What was seen is looked
 * at again in the same statement that changes the row: ERR_CONFLICT when the run moved, ended or has another epoch, and then nothing is
 * written. So two watchers can sweep at once.
 *
 * For runs that this host does not hold. Ask the loop before, and count a claim that is under way as held: a claim does not set the
 * heartbeat, so the row of a run that was just adopted may look stale. For a run that this host held and has stopped, judged by its
 * beat in memory, set `judged`: then only epoch and status are looked at again.
 *
 * A run that dies `deaths_most` times in a row without a new journal entry is poison: it fails as "stuck", whatever `then` says. */
struct op_run_stale {
  struct store_op op;
  int64_t id, epoch; /* as seen */
  bool judged;
  int64_t beat_before,
      started_before; /* ms: stale when the last beat is older, or there is none and it started earlier */
  enum { STALE_RESUME, STALE_FAIL } then;
  int deaths_most;    /* 0: 3 */
  const char *reason; /* for the event and the error; NULL: "no sign of life for 16 minutes" */
  enum { STALE_REQUEUED, STALE_FAILED, STALE_POISON } outcome; /* out */
  int64_t deaths;                                              /* out */
};
extern const struct store_op_kind op_run_stale_kind;

/* Moves the heartbeat of many runs in one op; no event. A beat whose run moved on changes nothing and says so: drop that run. */
struct run_beat {
  int64_t run, epoch;
  bool fenced; /* out */
};
struct op_run_beats {
  struct store_op op;
  struct run_beat *beats; /* the op's: freed with it */
  size_t n;
  int64_t n_fenced; /* out */
};
extern const struct store_op_kind op_run_beats_kind;
