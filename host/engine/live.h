/* live.h - text as it streams in, for who watches a run. It is not stored while it streams: who joins gets what has come so far, then each
 * piece. Nothing happens for runs that nobody watches. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct engine;
struct run;
struct llm_call;

struct live_text {
  int64_t run, call,
      attempt; /* call: its row's id; 0: nothing but the word that `watcher` is told everything from here on */
  const char *role, *scope;
  int64_t at; /* where `text` begins in the answer, in code points */
  const char *text;
  size_t n;
  uint64_t watcher; /* only for this one (it has just joined); 0: for all who watch the run */
};

/* Any thread. Until engine_unwatch (as often as engine_watch) the run's text goes to settings.on_text; first what has come of the
 * answers under way, for `watcher` alone. The run need not be in this host's hands yet. */
void engine_watch(struct engine *en, int64_t run, uint64_t watcher);
void engine_unwatch(struct engine *en, int64_t run);

/* ---- for the calls. Loop thread. */

/* How far an answer has been shown. Zeroed at birth. */
struct live {
  int64_t row; /* the attempt that it is about */
  size_t bytes;
  int64_t points;
};
/* More text came. */
void live_more(struct run *run, struct live *l, const struct llm_call *call);
/* All of it, to one watcher. */
void live_whole(struct run *run, struct live *l, const struct llm_call *call, uint64_t watcher);
