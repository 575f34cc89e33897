/* runs.h - one row a run. Every change of status goes through here. queued -> running -> completed | failed |
 * cancelled; running -> waiting -> queued; running -> queued. Terminal rows never change (a trigger says so). */
#pragma once
#include <stdbool.h>
#include "store/states.h"
#include "store/store.h"
#include "store/with.h"

struct run_row {
  int64_t id, project_id, script_set, epoch, retry_of;
  int64_t replay_of; /* a call, or 0 */
  int64_t fork_at;   /* the place in retry_of's journal where it begins, or 0: it is no fork */
  char *key, *project, *pipeline, *input, *options; /* project: slug; input, options: JSON text */
  enum run_status status;
  enum run_wait wait;
  char *wait_for,
      *wait_hint; /* a phrase (of a gate: its title), and what a person can do about it, or NULL */
  char *phase, *summary, *progress_label, *result, *error, *resume_with;
  char *title;  /* of its project */
  int64_t gate; /* the question that is open, or 0 */
  /* a running one: the provider that makes it wait, and why, until `held_until` (ms); or NULL */
  char *held_for;
  int64_t held_until;
  int64_t wake_at, progress_done, progress_total;
  int64_t cost_nano, calls, tokens_in, tokens_out, unpriced_calls; /* sums over its calls */
  int64_t read_horizon; /* highest artifact version id it may read --with artifacts; 0: none */
  /* the last entry of its journal when it was changed (resume --with, retry); 0: never */
  int64_t seq_horizon;
  int64_t created_at, started_at, last_heartbeat, ended_at, deaths;
};
void run_row_release(struct run_row *r);
enum err run_get(struct db *db, int64_t id, struct run_row *out, struct error *e);
/* By --key, or ERR_NOT_FOUND. */
enum err run_find_key(struct db *db, const char *key, int64_t *id);
/* Of the runs that replay a call only the unfinished are listed, and none of a project: they are found at their call (runs_replaying). */
struct run_filter {
  enum run_status status; /* RUN_NO_STATUS: any */
  bool unfinished;        /* queued, running, waiting */
  const char *project;    /* slug or NULL */
  const char *pipeline;
  const char *text;  /* in the project's title or slug, or the run's key, in any case */
  int64_t before_id; /* paging: ids below; 0: from the newest */
  int limit;         /* 0: all */
};
/* What a person asked for: one of run_filter_words, or NULL for any. False: there is no such word. */
bool run_filter_status(struct run_filter *f, const char *word);
/* Newest first. In lists `input` is NULL (it can be megabytes): run_get has it. */
enum err runs_each(struct db *db, const struct run_filter *f, void (*fn)(void *arg, const struct run_row *),
                   void *arg);

/* The runs that asked the question of a call again, oldest first. */
enum err runs_replaying(struct db *db, int64_t call, void (*fn)(void *arg, const struct run_row *),
                        void *arg);

/* How many runs are in each status that occurs. */
enum err runs_count(struct db *db, void (*fn)(void *arg, enum run_status status, int64_t n), void *arg);

/* A new run, queued. With a key that exists already: existed = true, id is that run's, nothing else happens. The project is made
 * when `project` names none that exists; NULL makes a new one ("untitled-7"). Gives become artifacts "given/NAME" by a person. */
struct run_give {
  const char *name, *kind, *content;
  size_t n;
};
struct op_run_create {
  struct store_op op;
  const char *key, *project, *pipeline, *input, *options;
  struct op_script_set *scripts; /* the set it is pinned to, saved with it; NULL: script_set */
  int64_t script_set, retry_of;  /* retry_of: its live journal entries (answers, not errors) are copied */
  int64_t fork_at;   /* not 0: a fork of retry_of; all entries before this place are copied, errors too */
  int64_t replay_of; /* the call whose question it asks again; 0: none */
  const struct with *with; /* of a retry --with ..., or NULL */
  const struct run_give *gives;
  size_t n_gives;
  int64_t wake_at;           /* not before this time (ms); 0: at once */
  const char *project_title; /* for a new project; may be NULL */
  bool title_is_stand_in;    /* the project is called after the first title that the run sets */
  int64_t id;                /* out */
  bool existed;              /* out */
  char project_slug[96];     /* out */
};
extern const struct store_op_kind op_run_create_kind;

/* queued (or waiting until a time that has come, or running under a dead owner, for an owner that knows it is dead: `adopt`) -> running;
 * epoch + 1. Does not move the heartbeat. ERR_CONFLICT when it is in no such state (row says which).
 *
 * `deaths` counts the hosts that died by their own fault while the run was theirs, since its last new journal entry. A host that somebody
 * killed is nobody's fault. */
struct op_run_claim {
  struct store_op op;
  int64_t id;
  bool adopt;
  enum { DEATH_NOT_COUNTED, DEATH_COUNTED, DEATH_BY_THIS } death; /* of the host that it is adopted from */
  /* not 0: a run with so many deaths is only claimed `alone`; else ERR_CONFLICT and `suspect` */
  int64_t deaths_most;
  bool alone;
  bool suspect;          /* out */
  bool poison;           /* out: claimed, and to be failed: it died too often by itself, or alone */
  struct run_row row;    /* out, owned by the poster: run_row_release */
  int64_t presumed_nano; /* out: booked by estimate, for calls whose end nobody saw */
  /* out: since it could have begun, for a run that never ran and one whose time came; else -1 */
  int64_t waited_ms;
};
extern const struct store_op_kind op_run_claim_kind;

/* It has lived long enough in this host: the deaths before are forgotten. Fenced. */
struct op_run_trust {
  struct store_op op;
  int64_t run, epoch;
};
extern const struct store_op_kind op_run_trust_kind;

/* The engine's own change of status; fenced by epoch. Spoolable. An event of kind "status" is written with it. */
struct op_run_status {
  struct store_op op;
  int64_t run, epoch;
  enum run_status status;
  enum run_wait wait;                          /* of a waiting one; else it is cleared, with wait_for */
  char *wait_for, *wait_hint, *result, *error; /* owned by the op; NULL leaves result/error alone */
  int64_t wake_at;
};
extern const struct store_op_kind op_run_status_kind;

/* A person's change: resume (waiting -> queued), pause (queued -> waiting until it is resumed), cancel (any unfinished -> cancelled,
 * epoch + 1). */
struct op_run_command {
  struct store_op op;
  int64_t id;
  enum { RUN_RESUME, RUN_PAUSE, RUN_CANCEL } what;
  /* a run that is 'running' is in nobody's hands (its host died), so it may be resumed or paused */
  bool orphan;
  const struct with *with; /* what is taken up anew; NULL or empty: an exact replay */
  int64_t script_set;      /* new set for --with scripts, or 0 */
  const char *options;     /* replaces the options (models, budget, until) when not NULL */
  struct run_row row;      /* out: as it is now */
};
extern const struct store_op_kind op_run_command_kind;

/* Progress of one run: NULL or -1 leaves a field alone; always moves last_heartbeat. Fenced. */
struct op_run_progress {
  struct store_op op;
  int64_t run, epoch;
  char *phase, *summary, *label; /* owned by the op */
  int64_t done, total;
};
extern const struct store_op_kind op_run_progress_kind;

/* A provider makes the run wait: its row says for whom until when, and a line of its log says so. Fenced. */
struct op_run_held {
  struct store_op op;
  int64_t run, epoch, until_ms;
  char *why; /* owned by the op */
};
extern const struct store_op_kind op_run_held_kind;

/* What is left to do for an owner at start and after each wake: ids of runs that are queued (and due), running, or waiting until a time
 * that has come (a timer, a provider's limit, a gate that expired), in order of age: op_run_claim takes them all. */
enum err runs_due(struct db *db, void (*fn)(void *arg, int64_t id, int64_t project), void *arg);
enum err runs_count_unfinished(struct db *db, int64_t *n);
/* The earliest wake_at of a queued or waiting run, also when it has passed; 0: none. */
enum err runs_next_wake(struct db *db, int64_t *wake_at);
/* For the watcher: running rows whose heartbeat is older, or that have none and started earlier. */
enum err runs_stale(struct db *db, int64_t beat_before, int64_t started_before,
                    void (*fn)(void *arg, const struct run_row *), void *arg);
