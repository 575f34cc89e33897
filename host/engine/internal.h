/* internal.h - what the files of engine/ share and nobody else sees. Loop thread. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "engine/run.h"
#include "store/events.h"

enum { LAGS_KEPT = 60 }; /* a minute of beats */

struct engine {
  struct loop *loop;
  struct store *store;
  struct llm *llm;
  struct pool *pool;
  struct engine_settings settings;
  struct list runs;        /* struct run.node */
  struct list ready;       /* struct run.ready_node: runs with something to do */
  struct map *sets;        /* script set id -> struct script_set */
  struct list set_waiters; /* struct run.set_node: runs whose set is being loaded */
  int n_runs;
  bool draining;
  uint64_t drain_until;
  void (*drained)(void *arg);
  void *drained_arg;
  struct timer beat; /* flushes heartbeats, looks at drains */
  pthread_mutex_t lock;
  atomic_llong claims, claim_wait_ms, lag_us[LAGS_KEPT], lag_most_us; /* see engine_stats */
  unsigned n_lags;
  struct list suspects; /* struct run.suspect_node; see trial.c */
  struct run *on_trial;
  struct timer trial_timer;
  const struct run *posted_last; /* only compared: who posted to the writer last, */
  uint64_t shared_ns;            /* and when that was another one than before */
  int unwoken; /* passes since something was posted that the writer was not woken for; 0: nothing was */
  struct map *watched; /* run -> how many watch its text; see live.c */
  struct map *held;    /* under the lock: ids of the runs in `runs`, for other threads */
};

/* A store op in flight for a run. It keeps the run's memory (not its machine) alive until it returns. */
struct pending {
  struct post post;
  struct store_op *op;
  struct run *run;
  struct wait *wait; /* NULL: nobody waits any more, or it is the run's own */
  enum {
    PLACE_NONE,
    PLACE_LATE,
    PLACE_EARLY
  } place; /* has it an entry, and does the run go on before it is durable? */
  size_t n_early;
  void (*on_wait)(struct wait *w, struct store_op *op);
  void (*on_run)(struct run *run, struct store_op *op);
};

/* pending.c: posting ops whose answer comes back to the loop */
void pending_post(struct run *run, struct wait *w, struct store_op *op, bool read,
                  void (*on_wait)(struct wait *, struct store_op *),
                  void (*on_run)(struct run *, struct store_op *));
/* An op with the journal entry of w, which waits for it; or that the run has gone on with (n: bytes of its result). */
void pending_post_entry(struct wait *w, struct store_op *op,
                        void (*on_wait)(struct wait *, struct store_op *));
void pending_post_early(struct run *run, struct store_op *op, size_t n);
/* It means nothing without what the run did before. */
void run_builds(const struct run *run, struct store_op *op);
void op_release(struct store_op *op);
/* Something of the run is on its way that it goes on with before it is durable (early). Can another be? Not behind one whose answer the database
 * alone can give, for answers come in the order of their entries; and not without bounds. */
bool run_may_go_on(const struct run *run, size_t n);
void run_goes_on(struct run *run, size_t n);
/* It came back. When it failed, all that the run did with it is forgotten: the run goes back to its record. */
void run_went_on(struct run *run, size_t n, enum err err, const struct error *e);
/* Calls fn once all is durable that the run went on with: for what leaves the host by another way than the database. At once when it is. */
void wait_behind(struct wait *w, void (*fn)(struct wait *w));
void engine_posted(struct engine *en); /* the writer is woken at the end of the pass */

/* sched.c */
void sched_add(struct run *run); /* it has something to do */
bool sched_pass(void *engine);   /* the loop's idle callback */
void run_failpoint(const struct run *run, const char *place);

/* wait.c */
/* Into the inbox, by seq: nothing that has a later place is delivered before it is ready. */
void wait_insert(struct wait *w);
void wait_free(struct wait *w);
void wait_detach(struct wait *w); /* cancel, then free (now or when its op returns) */
bool wait_is_failure(
    const struct wait *w); /* does its result say why there is no answer? What a step returned never does */

/* replay.c: a task has yielded for w. The record answers it, or its kind starts. */
void wait_start(struct wait *w);

/* claim.c */
void run_claim(struct engine *en, int64_t id);
void run_post_claim(struct run *run, bool alone);
void run_cancel(struct run *run);
struct run *run_find(struct engine *en, int64_t id);

/* run.c */
void run_begin(struct run *run); /* everything is there: makes the machine and starts */
void run_parked_by_store(
    struct run *run,
    enum run_status status); /* its row was written already (a gate): close it, tell on_run_end */
void run_end(struct run *run, enum run_status status, char *result, char *error); /* strings are consumed */
void run_drop(struct run *run); /* fenced: forget it, write nothing */
void run_stop(struct run *run); /* out of memory, nothing written, nobody told: the watcher gives it back */
void run_maybe_free(struct run *run);
void run_task_ended(struct task *t); /* tells waiters, ends the run with its main task */
bool run_has_call_in_flight(const struct run *run);
/* Is a person's pause due: it is asked for, the run is here, and no call of it is in flight? Then it is parked. */
bool run_look_paused(struct run *run);
/* `result` and `error` are consumed; the other texts are copied. */
struct op_run_status *run_status_op(const struct run *run, enum run_status status);

/* report.c */
void run_fail(struct run *run, enum err code, const struct error *e,
              json_t *record); /* record may be NULL; consumed */
json_t *run_error_record(struct run *run, struct task *t);
enum err run_own_end(json_t *record); /* what a script may say of its own end */

/* history.c: what earlier lives of a run told. Made on any thread, then the run's. *told may be NULL. */
struct told;
void told_add(struct told **told, int64_t seq, const char *kind, const char *data);
void told_free(struct told *told);
void run_replayed(struct run *run); /* what follows is new */
void run_at_entry(struct run *run, int64_t seq,
                  bool recorded); /* it is delivered: what is told from here stands behind it */

/* pressure.c: what a run says on its way to the disk */
void run_tell(struct run *run, struct event_place at, const char *kind, const char *data); /* an event */
/* What is not NULL or -1 in the newer one takes the place of the held one's. `newer` is freed. */
void run_merge_progress(struct op_run_progress *held, struct op_run_progress *newer);
void run_tell_progress(struct run *run, struct op_run_progress *op); /* consumed */
void run_tell_now(struct run *run);        /* posts what this slice said; before any other op of the run */
void run_tell_last(struct run *run);       /* the same, and nothing is kept back: the run ends */
bool run_must_wait(const struct run *run); /* too much of it is not durable: it is not resumed now */
void run_pressure_release(struct run *run);
void run_posts(struct run *run);                          /* something to the writer */
void run_share_writer(struct run *run, uint64_t took_ns); /* which took so much of its time */

/* trial.c */
void trial_wait(struct run *run); /* its claim was refused because hosts died with it: its turn comes */
void trial_over(struct run *run); /* it got on, or left; nothing when it is not on trial */
void trial_skip(struct run *run); /* claim it now, whatever happened: it is cancelled */
void trial_drain(struct engine *en);

/* meaning.c */
void run_roles_read(struct run_roles *list,
                    const json_t *object); /* {"writer": ["a/b"]}; borrows its strings */
void run_roles_release(struct run_roles *list);
/* Of its journal: who answered for a role. */
void run_note_answer(struct run *run, const char *role, const char *model);

/* engine.c */
void engine_note_claim(struct engine *en, int64_t waited_ms);
void engine_look_at_drain(struct engine *en);
void engine_note_held(struct engine *en, int64_t run, bool held);

/* load.c: what a run needs from the database before it can move */
void run_load(struct run *run);
