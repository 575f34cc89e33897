/* store.h - the library's database: one writer thread with group commit, a pool of read-only connections.
 *
 *   store_open -> (store_post | store_do | store_read_post | store_reader)* -> store_close
 *
 * A write is a `struct store_op`: its `apply` runs on the writer thread inside a savepoint of a group transaction, its
 * `done` after that transaction is durable (fsync). Ops become durable in the order in which they were posted: when one is
 * durable, all posted before it are (but for urgent ones, which overtake). `apply` may run again when a group had to be rolled back, so it changes nothing
 * but the database and the op's own out-fields.
 *
 * An op of a run carries (run, epoch); `apply` fails with ERR_FENCED when the run has another epoch or is not running:
 * then nothing of that op was written (but a paid answer: see calls.h).
 *
 * Durable before it leaves, not before it is seen: the poster of an `early` op goes on with what it says while its commit is on the way. What
 * it posts from there on is of the same `line`; should the early op fail, all that `builds` on that line is refused with it. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

struct store;
struct store_op;

/* What the store must know of an op's kind. `encode`/`decode` (both or neither) let it survive in the spool when the
 * database cannot be written at all; ops without them are simply reported as failed.
 *
 * `apply` says what happened by its return value: OK keeps what it wrote; anything else undoes it. To keep what was written and
 * still report an error (a late answer: ERR_FENCED) it sets op->err itself and returns OK. ERR_LOCKED, ERR_NOSPACE, ERR_READONLY, ERR_IO
 * and ERR_CORRUPT are the database's own: the whole group is rolled back and tried again. An error without a text gets one.
 *
 * `atomic`: when apply fails by itself it has written nothing, so it needs no savepoint.
 *
 * `free`: every kind has one. It releases the op (mem_alloc'ed as one block), its out-fields (result, content, answer, row) and the
 * fields that are not `const`: those are the op's. What is `const char *` is borrowed: it stays the poster's, must stay until done,
 * and is never released here. A poster that takes an out-field away sets it to NULL. The store itself frees only ops that it decoded
 * from the spool; for a posted op the poster calls kind->free (after done), or not at all when the op lies on its stack. */
struct store_op_kind {
  const char *name;
  enum err (*apply)(struct db *db, struct store_op *op);
  enum err (*encode)(const struct store_op *op, struct buf *json_line);
  struct store_op *(*decode)(const char *json_line, size_t n);
  void (*free)(struct store_op *op);
  bool atomic;
};

/* The ops of one life of a run: each builds on those before it. Counted: its maker holds it, and each op in the queue. The flags are the
 * writer thread's. */
struct store_line {
  atomic_int refs;
  bool broken;   /* an early op failed: what builds on it is refused (ERR_FENCED) */
  bool breaking; /* the same in the group that is being tried */
};
struct store_line *store_line_new(void);
struct store_line *store_line_ref(struct store_line *line);
void store_line_unref(struct store_line *line); /* any thread; NULL is fine */

struct store_op {
  const struct store_op_kind *kind;
  /* writer (or reader) thread; usually posts to the loop. May free the op. NULL: nobody waits */
  void (*done)(struct store_op *op);
  void *owner;             /* the poster's */
  struct store_line *line; /* the poster's, or NULL; the queue holds it while the op is there */
  bool builds;             /* the poster's: it means nothing without what its line wrote before */
  bool early;              /* the poster's: its line goes on before this is durable */
  /* the poster's: a person's word or a sign of life, for which its place among other ops means nothing. It goes first */
  bool urgent;
  /* set before `done`: of the writer's time, with its share of a group's commit where the group was heavy */
  uint64_t took_ns;
  enum err err; /* set before `done` */
  bool spooled; /* could not be committed, lies in the fsynced spool instead; err is OK then */
  struct error error;
  struct store_op *next;
};

enum store_role {
  STORE_OWNER, /* takes the library's lock, creates and migrates the database, starts the writer, replays the spool */
  STORE_READER /* read-only; the library must exist */
};

/* Opens the library in directory `dir` (created when missing, for an owner). Errors say what to do: ERR_OWNED (names pid
 * and address of the owner), ERR_NOT_FOUND, ERR_NEWER, ERR_CORRUPT, ERR_READONLY, ERR_NOSPACE, ERR_IO (network file systems). */
enum err store_open(const char *dir, enum store_role role, struct store **out, struct error *e);

/* Numbers of the policy. store_open takes the defaults, with QUIRE_LOCK_ATTEMPTS and QUIRE_LOCK_STEP_MS from the environment over them. */
struct store_settings {
  int lock_attempts;    /* 5: attempts at one group before it is spooled or refused */
  int64_t lock_step_ms; /* 15,000: attempt n tries for n times this long */
  int group_most;       /* 512: ops in one transaction */
  int readers_most;     /* 8: read-only connections */
  int reader_threads;   /* 2: threads for store_read_post */
};
struct store_settings store_settings_default(void);
enum err store_open_with(const char *dir, enum store_role role, const struct store_settings *settings,
                         struct store **out, struct error *e);
/* Commits what was posted, stops the threads, checkpoints (owner), releases the lock. */
void store_close(struct store *s);
const char *store_dir(const struct store *s);

/* Any thread; never waits for the database. A STORE_READER, or a store that is being closed, refuses at once: `done` is then called
 * before store_post returns (ERR_READONLY, ERR_CLOSED). */
void store_post(struct store *s, struct store_op *op);
/* The same, but the writer may sleep on until the next store_post or store_wake: what is posted in between shares its commit. */
void store_post_later(struct store *s, struct store_op *op);
void store_wake(struct store *s);
enum err store_do(struct store *s,
                  struct store_op *op); /* posts and waits; never on the loop thread; `done` is not called */
void store_read_post(struct store *s,
                     struct store_op *op); /* `apply` runs on a reader thread, read-only, at once */

/* A read-only connection of the pool for a few statements; give it back soon. Not on the loop thread. Never NULL: when the database cannot
 * be opened (logged), each statement of the connection fails with the reason, like a database that fails later. Releasing NULL is fine. */
struct db *store_reader(struct store *s);
void store_reader_release(struct store *s, struct db *db);

/* Is it the database itself that failed (locked, full, read-only, unreadable, damaged), for this op as for any other, and perhaps only now? */
bool store_err_is_database(enum err err);

/* Is the database taking writes? false while ops fail or lie in the spool (readiness red, no new claims). Any thread. */
bool store_healthy(const struct store *s);

struct store_stats {
  int64_t commits, ops, busy_waits, busy_us, retries, fenced, spooled;
  int64_t longest_commit_us, wal_bytes, database_bytes;
  int64_t commit_us;                       /* all of them together */
  int64_t commit_median_us, commit_p99_us; /* of the last 1,024: what an fsync takes here */
  int64_t longest_hold_us;                 /* from BEGIN to the end of the commit */
};
void store_stats(const struct store *s, struct store_stats *out);
