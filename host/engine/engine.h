/* engine.h - runs, from the outside: what serve.c, the commands and the API tables of scripts need.
 *
 *   engine_new -> engine_start_run* -> (loop_run) -> engine_drain -> engine_free
 *
 * Loop thread only, but for engine_start_run, engine_cancel, engine_pause, engine_drain, engine_stats and engine_holds, which post to it. */
#pragma once
#include <stdbool.h>
#include "base/loop.h"
#include "base/pool.h"
#include "base/pulse.h"
#include "llm/llm.h"
#include "lua/machine.h"
#include "lua/sandbox.h"
#include "lua/script_set.h"
#include "engine/turns.h"
#include "store/states.h"
#include "store/store.h"

struct engine;
struct live_text;
struct lua_State;

struct engine_settings {
  struct machine_limits machine;
  int most_deaths; /* so many crashes of hosts by a run, without a new journal entry, make it poison (3); see trial.c */
  int most_tasks;             /* unfinished tasks of a run (64) */
  int64_t run_limit_nano;     /* default budget of a run: 10 USD */
  int64_t run_limit_calls;    /* 2,000 */
  int64_t run_limit_tokens;   /* in and out; 0: none */
  enum llm_at_limit at_limit; /* of runs that say nothing of it */
  int64_t most_unfinished;    /* runs in the library; with more a new one is refused; 0: no limit */
  struct turn_limits turns;   /* most runs in memory at once, of all and of one project */
  /* bytes: with less free in the library's directory no new run begins, and running ones wait (200 MB) */
  int64_t free_least;
  int64_t most_lines, most_documents,
      most_written; /* of one run: lines of its history, documents, bytes in all; 0: no limit */
  /* the script API, ended by {NULL, NULL}. The engine is handed the list; it does not know the tables */
  const struct sandbox_table *apis;
  /* where export.run writes: DIR/PROJECT/NAME, unless the run's options name an `out` directory */
  const char *exports_dir;
  /* Loop thread, once a run left this host's hands: completed, failed, cancelled, or parked as waiting or queued; RUN_NO_STATUS: it is another's. */
  void (*on_run_end)(void *arg, int64_t run, enum run_status status);
  /* Loop thread, for each engine_start_run: false leaves the run where it is, the host sees to it later. NULL: always. */
  bool (*may_start)(void *arg, int64_t run);
  /* Loop thread: text of a run that somebody watches (live.h). It copies and returns at once. NULL: nobody does. */
  void (*on_text)(void *arg, const struct live_text *t);
  void *arg;
  struct pulse *pulse; /* the guardian's page, or NULL */
};

struct engine *engine_new(struct loop *loop, struct store *store, struct llm *llm, struct pool *pool,
                          const struct engine_settings *settings);
void engine_free(struct engine *en); /* closes what is in memory; rows stay as they are */

/* Claims the run and moves it. Any thread. Nothing happens when it is here already or cannot be claimed (another host's, terminal). */
void engine_start_run(struct engine *en, int64_t run);
/* The same at once and without asking may_start. `project`: its project, if it is known. Loop thread. */
void engine_claim(struct engine *en, int64_t run, int64_t project);
/* The runs in hand: at most `max` into `out`; how many there are. Loop thread. */
size_t engine_held(const struct engine *en, struct turn *out, size_t max);
/* Stops a run that is here: transfer and coroutine at once, the row when durable. Nothing happens when it is not here. Any thread. */
void engine_cancel(struct engine *en, int64_t run);
/* Takes a run that is here out of memory, as waiting, once its calls in flight have ended. Nothing happens when it is not here. Any thread. */
void engine_pause(struct engine *en, int64_t run);
/* No new work; runs finish the calls in flight for at most grace_ms, then go back to queued. `done` runs on the loop thread. Any thread. */
void engine_drain(struct engine *en, int grace_ms, void (*done)(void *arg), void *arg);
int engine_runs(const struct engine *en); /* in memory now */

struct engine_stats {
  int64_t claims, claim_wait_ms; /* claims whose wait is known, and their waits together */
  int64_t loop_lag_us,
      loop_lag_most_us; /* how late the loop's timer of each second was: at worst in the last minute, and ever */
};
/* Any thread. */
void engine_stats(const struct engine *en, struct engine_stats *out);
/* Is the run in this host's hands? A run that is 'running' and in nobody's was left by a host that died. Any thread. */
bool engine_holds(struct engine *en, int64_t run);

/* What a pipeline declares, as JSON: {"title","description","input":[{"name","type","help","default","required","min","max","choices"}..]}.
 * Loads it in a scratch machine (100 ms, no waits). The caller owns *out. Any thread. */
enum err pipeline_describe(const struct engine_settings *settings, const struct script_set *set,
                           const char *pipeline, json_t **out, struct error *e);
/* Checks input against a description and fills in defaults: unknown fields are refused with the nearest name. *out is owned by the caller. Any thread. */
enum err pipeline_check_input(const json_t *description, const json_t *input, json_t **out, struct error *e);
