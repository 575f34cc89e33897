/* states.h - what a run may be, and what it may wait for: each word once, with the lists that statements need. C asks by the enum; SQL, the spool,
 * the API, scripts and the browser use the word. A new one gets its line here, its CHECK in a migration, its place in transitions.h, its sentence
 * in view/state.c and ui/core/sentences.js (a test holds that both know every word). */
#pragma once
#include <stdbool.h>

enum run_status {
  RUN_NO_STATUS, /* not one of ours; in a filter: any */
  RUN_QUEUED,
  RUN_RUNNING,
  RUN_WAITING,
  RUN_COMPLETED, /* from here on it has ended */
  RUN_FAILED,
  RUN_CANCELLED,
  RUN_STATUSES
};
#define SQL_UNFINISHED "('queued','running','waiting')" /* spelled as the partial index is */
#define SQL_ENDED      "('completed','failed','cancelled')"

const char *run_status_word(enum run_status status); /* "?" for RUN_NO_STATUS */
enum run_status run_status_of(const char *word);     /* RUN_NO_STATUS for NULL and unknown words */
static inline bool run_status_ended(enum run_status status) {
  return status >= RUN_COMPLETED;
}

/* What a waiting run waits for. Who moves it on: a person's decision, a person's `quire resume`, or its time (wake_at). */
enum run_wait {
  FOR_NOTHING,
  FOR_GATE,     /* a decision */
  FOR_TIMER,    /* its time, which it named itself */
  FOR_BUDGET,   /* a higher limit */
  FOR_PROVIDER, /* a provider that answers again: its time, or a resume */
  FOR_KEY,      /* a provider's key */
  FOR_MODEL,    /* a model that the settings know */
  FOR_STORE,    /* a disk that takes writes: its time, or a resume */
  FOR_UNTIL,    /* a resume: it stopped where it was told to */
  FOR_PAUSED,   /* a resume: a person paused it */
  RUN_WAITS
};
/* Those that a person can end at any time, so that they need no time of their own. */
#define SQL_WAITS_FOR_A_PERSON "('gate','timer','budget','provider','key','model','until','paused')"

const char *run_wait_word(enum run_wait wait); /* NULL for FOR_NOTHING */
enum run_wait run_wait_of(const char *word);   /* FOR_NOTHING for NULL and unknown words */

/* For a person's choice of runs: every status, and "unfinished". NULL-terminated. */
extern const char *const run_filter_words[];
