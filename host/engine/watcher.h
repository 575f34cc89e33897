/* watcher.h - finds runs that stopped moving and gives them back.
 *
 *   watcher_new -> (sweep every `every_s`, and at once) -> watcher_free
 *
 * Lives on the loop, because only the loop may look at runs; a loop that hangs is the guardian's business, not the watcher's. */
#pragma once
#include "engine/engine.h"

struct watcher_settings { /* the old system's numbers are the defaults */
  double every_s;         /* 300 */
  double stale_s;         /* 900: no progress for so long */
  double never_s;         /* 7,200: started so long ago, and never a heartbeat */
  int deaths_most;        /* 3: deaths in a row without a new journal entry; then it is poison */
  bool fail;              /* on_stale = "fail" instead of "resume" */
  bool held_only;         /* `quire run` leaves runs that it does not hold alone */
};

struct watcher;
struct watcher *watcher_new(struct engine *en, const struct watcher_settings *settings);
void watcher_free(struct watcher *w);
/* Sweeps now. Any thread. */
void watcher_sweep(struct watcher *w);
/* Its own beat: wall time of the last finished sweep (0: none yet), and how many runs it gave back or failed. Any thread. */
int64_t watcher_last_sweep(const struct watcher *w);
int64_t watcher_found(const struct watcher *w);
/* How many sweeps have ended, and does one, or what it gave back, still go on? Any thread. */
int64_t watcher_sweeps(const struct watcher *w);
bool watcher_busy(const struct watcher *w);
/* Is it late by more than two periods? Then /readyz says so. Any thread. */
bool watcher_late(const struct watcher *w);
