/* run.h - one run in memory, its tasks, and how a host call waits. For engine/ and api/ only. Loop thread.
 *
 * Lifetimes (host/README.md draws them): process > run > task > wait > slice. A run owns its machine and its tasks; a task owns at most
 * one wait; a wait may have an op, a timer, a call or a job in flight, which outlives it when it is cancelled.
 *
 * A call that waits has four parts (after OpenResty and HAProxy):
 *   check    the C function called from Lua checks its arguments into a `struct wait`; nothing of ours is alive when it raises
 *   start    it yields; the scheduler then calls wait_kind.start: no C frame of Lua is alive any more
 *   deliver  when the answer is there (recorded or new), the wait joins the run's inbox at its `seq`
 *   finish   the scheduler resumes the task; the continuation turns the answer into Lua values (raising is fine there)
 *
 * Order: a run does one thing at a time. While a task can go on without an answer (new, preempted, woken by another task) it goes
 * on; only then the inbox entry with the lowest seq is delivered. So replay, where all answers are there, takes the same order. */
#pragma once
#include "base/list.h"
#include "base/jsonx.h"
#include "base/map.h"
#include "engine/engine.h"
#include "engine/live.h"
#include "store/artifacts.h"
#include "store/gates.h"
#include "store/runs.h"
#include "store/with.h"

struct run;
struct task;
struct wait;

struct wait_kind {
  const char *name; /* the journal's kind; also what messages call it: "llm.ask" is api_name */
  const char *api_name;
  bool journaled; /* has a key: looked up first, start is only called on a miss */
  /* begins the work; ends by wait_deliver, wait_fail or run_park, now or later */
  void (*start)(struct wait *w);
  /* stops it; must not call back. NULL: nothing to stop (an op in flight is detached by the engine) */
  void (*cancel)(struct wait *w);
  /* it waits for something that ends by itself: no sign of life is needed. NULL: false */
  bool (*waits)(const struct wait *w);
  bool (*in_flight)(const struct wait *w); /* stopping it would lose what is paid for. NULL: false */
  void (*show)(
      struct wait *w,
      uint64_t watcher); /* the text so far, for who has begun to watch (live.h). NULL: it has none */
  int (*finish)(lua_State *L, struct wait *w); /* pushes the values; may raise */
  /* after a recorded answer: fetches what the journal only names, then wait_ready. NULL: nothing to fetch */
  void (*restore)(struct wait *w);
  void (*release)(struct wait *w); /* frees w->data; NULL: free() */
  /* Hashes what the answer says, without what was measured of it (ids, times, costs): equal questions with equal answers, again and again,
   * are a loop. NULL: such a loop does no harm. */
  void (*digest)(const struct wait *w, uint8_t out[SHA_BYTES]);
};

struct wait {
  const struct wait_kind *kind;
  struct task *task;
  struct buf content; /* what is hashed; empty once sealed */
  struct journal_key key;
  int64_t seq;        /* order of delivery; 0 until known */
  int64_t supersedes; /* journal id that a new answer replaces */
  int64_t call_id;    /* of the recorded answer, if a call gave it */
  int64_t at_ms;      /* when it was delivered first: the run's clock */
  enum { WAIT_NEW, WAIT_STARTED, WAIT_LOADING, WAIT_READY, WAIT_PARKED, WAIT_DETACHED } state;
  /* WAIT_PARKED: what happens once nothing else of the run is in flight */
  void (*when_quiet)(struct wait *w);
  bool recorded; /* the answer came from the journal */
  bool failed;   /* the result says why there is none: finish is not called, the task is raised it */
  bool anew;     /* one is recorded, but a resume --with ... wants another */
  size_t held;   /* bytes of it that count as the run's memory */
  char *result;  /* canonical JSON of the answer; owned */
  size_t n_result;
  void *data;              /* the kind's own */
  const char *subject;     /* of a read: what is read, in data */
  struct pending *pending; /* an op in flight for it */
  struct timer timer;
  void (*behind_fn)(struct wait *w);
  struct list inbox, behind; /* behind: in run->behind */
};

enum task_state { TASK_NEW, TASK_READY, TASK_WAITING, TASK_DONE, TASK_FAILED };

struct task {
  struct run *run;
  struct task *parent;
  lua_State *L;
  char *scope; /* "/", "/chapter-3" */
  enum task_state state;
  bool held; /* made, but its group lets it start later */
  struct task_group *group;
  struct wait *wait;     /* what it waits for */
  struct wait *finished; /* being turned into values by the continuation; freed after the resume */
  struct map *counts;    /* (kind, hash) -> n: how many equals this scope asked so far */
  struct map *keys;      /* key -> 2 * how many children had it, + 1 while one of them is unfinished */
  char *key;             /* its own among its parent's; or NULL */
  int children;          /* ordinal of the next child */
  int n_args;            /* for the first resume */
  int n_results;         /* on L when DONE */
  const char *abandoned; /* when FAILED without an error value on L's top: why */
  uint8_t last_hash[SHA_BYTES], last_result[SHA_BYTES]; /* loop guard */
  int repeats;
  struct list ready; /* in run->ready */
  struct list all;   /* in run->tasks, later in run->ended */
};

/* Tasks that are waited for together. */
struct task_group {
  struct task **tasks;
  size_t n, next, limit, unfinished; /* next: first that was not started */
  struct list waiters;               /* struct wait.inbox */
  struct list all;                   /* in run->groups */
};

/* --model writer=a/b: one or more models for a role; role "" is all others. */
struct run_role {
  char *role;
  const char **models;
  size_t n;
};
struct run_roles {
  struct run_role *roles;
  size_t n;
};

/* What a run has said and written: what is not durable yet, and all of it. See pressure.c. */
struct pressure {
  struct op_events *events;         /* of this slice; NULL: none */
  struct op_run_progress *progress; /* the newest, not posted yet; NULL: none */
  bool progress_posted;             /* one is on its way: the next waits for it */
  size_t changes,
      changes_posted; /* how many changes of the progress are in the newest, and in the posted one */
  size_t unsaved, unsaved_bytes; /* not durable yet, posted or not */
  uint64_t full_ns;              /* since when it has been too much; 0: it is not */
  struct timer rest;             /* set: the others' turn, until then */
  uint64_t owed_ns, owed_at;     /* rest that it owes the others for the writer's time it took; as of then */
  int64_t lines, documents, written; /* of this life of the run; written: bytes */
};

struct run {
  struct engine *engine;
  struct run_row row;
  int64_t id, epoch, seq; /* seq: last given */
  int64_t project;        /* the one that artifact.* and project.* mean now */
  char *project_slug;
  json_t *options, *input;
  char *until; /* slug of the phase or checkpoint to stop after, or NULL */
  bool until_met;
  char *phase; /* name shown in the banner */
  char *out_dir;
  struct run_roles chosen; /* --model [ROLE=]PROVIDER/NAME */
  struct run_roles begun;  /* what the settings' roles meant when it was begun */
  bool begun_is_told;      /* its options say so; else the journal's answers do, with names in `noted` */
  char **noted;
  size_t n_noted;
  struct script_set *scripts;
  struct machine *machine;
  struct map *journal;    /* key -> struct entry */
  struct map *by_content; /* (kind, hash) -> list of unused entries, for --with scripts */
  struct list losers;     /* entries whose key another one has */
  size_t unused;          /* recorded entries not asked for yet */
  struct with with; /* what the newest resume takes up anew, of what is recorded up to row.seq_horizon */
  /* artifacts that the run wrote since it was changed: older reads of them are old. NULL: none */
  struct map *fresh;
  struct map *seen; /* "project/artifact" -> highest version number read or written (as intptr_t) */
  struct llm_budget budget;
  int64_t now_ms;    /* the run's clock: time of the last delivered answer */
  int64_t at_seq;    /* of the last delivered entry: the place of what is told now */
  int64_t told_here; /* events at this place, in all lives */
  struct told *told; /* what earlier lives of the run told; NULL: nothing */
  bool replaying;    /* no miss yet */
  /* the progress of a replay is no news: the last of it is written when it is over */
  struct op_run_progress *held;
  enum {
    RUN_CLAIMING,
    RUN_LOADING,
    RUN_LIVE,
    RUN_ENDING,
    RUN_GONE
  } state;       /* GONE: machine and tasks closed, ops still in flight */
  int in_flight; /* store ops that will come back */
  /* What is on its way to the disk (pending.c). */
  struct store_line *line; /* its ops; NULL: what it went on with was refused */
  int early, late;         /* entries that it went on with, and those that it waits for */
  size_t early_bytes;
  struct list behind; /* struct wait.behind: what may begin once nothing is early */
  bool scheduled;     /* in engine->ready */
  bool cancelled;
  bool leaves; /* it is being closed, but it has not ended: it goes on later, here or elsewhere */
  enum run_pause {
    PAUSE_NONE,
    PAUSE_PERSON, /* asked for it */
    PAUSE_DISK    /* has less free room than limits.free_mb */
  } pausing;
  struct pressure pressure;
  bool parking; /* some wait is parked */
  struct task *main, *current;
  struct artifact_batch *batch; /* artifact.commit collects here */
  int unfinished_tasks;
  struct list tasks, ended; /* tasks: the unfinished ones, parents before children */
  struct list groups, ready, inbox;
  struct list suspect_node; /* in engine->suspects */
  struct list node;         /* in engine->runs */
  struct list ready_node;   /* in engine->ready */
  struct list set_node;     /* in engine->set_waiters */
  uint64_t beat_ns;         /* last progress, monotonic */
  int64_t held_until;       /* as was told last */
  bool beat_dirty;
};

/* ---- for API functions (check) */
static inline struct run *run_of(lua_State *L) {
  return machine_of(L)->owner;
}
/* Raises when the caller cannot wait here ("llm.ask cannot wait here (inside sort, gsub, ...)"). */
void wait_allowed(lua_State *L, const char *api_name);
/* Is there a recorded answer (or one to adopt) for it? Does not use it up. */
bool run_journal_has(struct run *run, const struct wait *w);
/* A wait for the current task, which owns it and `data` from here on: what raises now leaks nothing. The caller appends what the script
 * said, as canonical JSON, to w->content; wait_seal hashes it into the key. Never raises. */
struct wait *wait_new(struct run *run, const struct wait_kind *kind, void *data);
void wait_seal(struct wait *w);
/* C keeps n bytes for it: they count as the run's memory, until it is freed or its answer is turned into values. ERR_LIMIT: there is no room for them. */
enum err wait_hold(struct wait *w, size_t n, struct error *e);
/* It will not be yielded for: frees it. */
void wait_abandon(struct wait *w);
/* Seals, then yields. `return wait_yield(L, w);` is the last thing that an API function does. */
int wait_yield(lua_State *L, struct wait *w);

/* ---- for wait kinds (start and what follows) */
/* The answer is durable, or posted as early: result (owned from here on) is delivered at w->seq. */
void wait_deliver(struct wait *w, char *result, size_t n);
/* Its result is set already. */
void wait_ready(struct wait *w);
/* The wait cannot go on in this life of the run (a gate, a budget, --until). Once nothing else of the run is in flight, `when_quiet` is
 * called: it parks the run, or asks the store to. So calls that other tasks paid for are never thrown away. */
void wait_park(struct wait *w, void (*when_quiet)(struct wait *w));
/* The call failed in a way that the script may see: it is raised in the task. Journaled as an entry like an answer, so that it comes at the same place in
 * each life of the run, and is not tried again by a replay. */
void wait_fail(struct wait *w, enum err code, const struct error *e);
/* Fills the op's journal entry from the wait, gives it the next seq, and posts the op; `done` runs on the loop thread with the op when it is
 * durable, unless the wait was cancelled: then the op is only freed. ERR_FENCED and store failures are handled here: the run is dropped. */
void wait_post(struct wait *w, struct store_op *op, struct journal_entry *entry,
               void (*done)(struct wait *w, struct store_op *op));
/* What the `done` of most ops does: *result is taken out of the op and delivered. A failure of the database parks the run; any other is raised in the
 * task (`result` may be NULL then). */
void wait_take(struct wait *w, struct store_op *op, char **result);
/* Most kinds: post an op_journal with this result, deliver it at once where the run may go on (pending.c), else when it is durable. `result` is owned from here on. */
void wait_journal(struct wait *w, char *result, size_t n);

/* ---- for API functions that do not wait */
/* One event of the run's history, unless an earlier life of the run told it already. `data` is consumed. */
void run_event(struct run *run, const char *kind, json_t *data);
void run_beat(struct run *run); /* progress was made */
/* A provider makes it wait until then: shown while the time has not come. */
void run_held(struct run *run, const char *why, int64_t until_ms);
void run_progress(struct run *run, const char *phase, const char *summary, int64_t done, int64_t total,
                  const char *label);
/* Is `name` what `--until` asks for? Then the caller yields a park wait. */
bool run_until_reached(struct run *run, const char *name);
/* A change of the run (a resume --with, a retry) leaves recorded reads behind that are older than what the run has written since.
 * `subject`: an artifact's name in the project that the run works on now. run_wrote: did the run write it since that change? */
void run_note_write(struct run *run, const struct wait *w, const char *subject);
/* The project that the run works on now is called `slug` (copied). For the run's own project this is also where its files go, unless
 * --out says another place. */
void run_project_named(struct run *run, const char *slug);
bool run_wrote(const struct run *run, const char *subject);
/* Before something is said or written, in an API function: raises "limit: ..." when the run has done so too often. They count it. */
void run_check_line(lua_State *L, const char *function,
                    size_t n); /* a line of n bytes in the run's history */
void run_check_document(lua_State *L, const char *function);
void run_check_written(lua_State *L, const char *function); /* all bytes of the run */
void run_count_written(struct run *run, size_t n);
/* Stops the run here, as waiting; the script is closed and starts again from its journal when it goes on. */
void run_park(struct run *run, enum run_wait wait, const char *why, const char *hint, int64_t wake_at);

/* The one rule for an op of the store that failed, whether it wrote, read, or loaded the run:
 *   the database cannot now (locked, full, read-only, unreadable)   the run waits and tries again by itself: it is no error of the
 *                                                                   script, which must not decide by it
 *   any other error, and `w` waits for a new answer                 it is raised in its task
 *   any other error                                                 the run fails
 * (ERR_FENCED never comes here: such a run is dropped when its op comes back.) `w` may be NULL. */
void run_store_error(struct run *run, struct wait *w, enum err err, const struct error *e);

/* The run's own choice of models for a role (--model), or none. */
void run_models(const struct run *run, const char *role, const char *const **models, size_t *n);
/* The models that the run asks for a role; none: those of the settings. False: nobody answers for it as the run was begun, *e says what is
 * missing. (meaning.c) */
bool run_meaning(const struct run *run, const char *role, const char *const **models, size_t *n,
                 struct error *e);
/* Was it recorded before the newest change of the run (a resume --with, a retry)? What came later goes by that change already. */
bool run_is_older(const struct run *run, int64_t seq);

/* ---- tasks (task.c) */
struct task *task_new(struct run *run, struct task *parent, const char *key, lua_State *L);
/* Is an unfinished child of this key there? Of two at once nobody could say which is which; one after the other they are counted: a
 * loop that maps over the same keys again gets "key", "key#2", ... When a child ended is the same in each life of the run. */
bool task_key_taken(const struct task *parent, const char *key);
void task_start(struct task *t);
/* Room for n tasks, of which at most `limit` run at once. Freed with the run. */
struct task_group *task_group_new(struct run *run, size_t n, size_t limit);
/* It is done or failed: what it started and did not wait for is cancelled. */
void task_ended(struct task *t);
/* All of it ended: the group and its tasks are no more, but for those that were cancelled (what they had begun may be under way). */
void task_group_free(struct task_group *g);
void task_group_left(struct task_group *g); /* one of it ended; the last one wakes who waits for them */
void task_free_all(struct run *run);

/* ---- the in-memory journal (journal.c) */
struct entry {
  struct journal_key key; /* strings owned */
  int64_t id, seq, call_id, at_ms;
  char *result; /* or NULL: to be fetched */
  size_t n_result;
  char *model, *role; /* of the call that answered it */
  bool used;
  struct list node; /* in run->losers, when another entry has its key */
};
/* The recorded entry for the wait's key, or one to adopt, or NULL. Marks it used. */
struct entry *run_journal_find(struct run *run, struct wait *w, bool *adopted);
void run_journal_add(struct run *run, const struct journal_row *row);
void run_journal_free(struct run *run);
