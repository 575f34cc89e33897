/* states.c - the words. */
#include "store/states.h"

#include <stddef.h>
#include <string.h>

static const char *const statuses[RUN_STATUSES] = {
    [RUN_NO_STATUS] = "?",        [RUN_QUEUED] = "queued",       [RUN_RUNNING] = "running",
    [RUN_WAITING] = "waiting",    [RUN_COMPLETED] = "completed", [RUN_FAILED] = "failed",
    [RUN_CANCELLED] = "cancelled"};

static const char *const waits[RUN_WAITS] = {
    [FOR_GATE] = "gate",         [FOR_TIMER] = "timer", [FOR_BUDGET] = "budget",
    [FOR_PROVIDER] = "provider", [FOR_KEY] = "key",     [FOR_MODEL] = "model",
    [FOR_STORE] = "store",       [FOR_UNTIL] = "until", [FOR_PAUSED] = "paused"};

const char *const run_filter_words[] = {"queued", "running",   "waiting",    "completed",
                                        "failed", "cancelled", "unfinished", NULL};

static int find(const char *const *words, int n, const char *word) {
  for (int i = 1; word && i < n; i++)
    if (strcmp(words[i], word) == 0) return i;
  return 0;
}

const char *run_status_word(enum run_status status) {
  return statuses[status];
}

enum run_status run_status_of(const char *word) {
  return (enum run_status)find(statuses, RUN_STATUSES, word);
}

const char *run_wait_word(enum run_wait wait) {
  return waits[wait];
}

enum run_wait run_wait_of(const char *word) {
  return (enum run_wait)find(waits, RUN_WAITS, word);
}
