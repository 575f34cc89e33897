/* writer.c - the one thread that writes.
 *
 * Group commit without a window: whatever is queued when the thread looks is one transaction, so a lone op commits at once
 * and a hundred share one fsync. While one group is made durable the next one gathers.
 *
 *   take -> (replay the spool) -> begin -> apply each -> commit -> done each -> upkeep when due
 *
 * An op that fails alone is undone alone (a savepoint, unless its kind is `atomic`). When the database itself refuses, the whole
 * group is rolled back and tried again under the policy: attempt n tries for n steps. After the last attempt, ops that can be
 * spooled are (in order, fsynced, err OK), the others get the error: their posters were told the truth, nothing is half done.
 * From then until a commit succeeds the store is `down`: each group gets one attempt, and the thread tries by itself every
 * now and then. Nothing is applied before the spool is empty, so order is kept.
 *
 * Before a group is acknowledged the driver is asked whether others still find what it writes (db_in_place): work in a database that somebody
 * has moved away is not kept.
 *
 * Longer than 500 lines: all of it is the one thread's, and shares its state. */
#include "store/write/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/schema.h"
#include "store/write/library.h"

enum {
  IDLE_MS = 2000,
  PROBE_MS = 1000,
  HEAVY_NS = 1000000, /* a group that takes as long to apply has a commit that takes long because of it */
  COMMITS_KEPT = 1024 /* whose times are kept */
};

struct writer {
  pthread_t thread;
  struct store_settings settings;
  char *dir, *path;
  int *lock_fd;   /* the store's */
  bool usurped;   /* another host has the library's lock */
  bool displaced; /* what we write is not what others find: nothing is acknowledged, in the spool neither */
  struct db *db;
  struct spool *spool;

  pthread_mutex_t lock;
  pthread_cond_t wake;
  struct store_op *head, **tail;          /* in the order they were posted */
  struct store_op *urgent, **urgent_tail; /* before those */
  bool sleeping, stopping;

  bool unheard;       /* writer thread: a test: it is committed, and the posters are told that it failed */
  bool damaged;       /* writer thread: damage was found; red until a person has looked */
  uint64_t upkeep_ns; /* writer thread: of checkpoints since the last heavy group */
  bool down;          /* writer thread: the policy was exhausted and nothing was committed since */
  atomic_bool healthy;
  atomic_llong commits, ops, busy_waits, busy_us, retries, fenced, spooled, longest_commit_us,
      longest_hold_us, commit_us;
  atomic_uint times[COMMITS_KEPT]; /* microseconds; the next one goes to n_times % COMMITS_KEPT */
  atomic_ulong n_times;
};

/* --- what lies under our feet --- */

/* Somebody who moves or replaces the database of a living host takes what it writes from then on away from everybody. */
static enum err check_place(struct writer *w, struct error *e) {
  enum err err = db_in_place(w->db, e);
  if (err == OK && w->usurped) {
    err = err_set(e, ERR_IO,
                  "the lock of %s was removed, and another host has taken it; nothing can be saved now",
                  w->dir);
    err_hint(e, "stop one of the two hosts, then start this one again");
  }
  w->displaced = err != OK;
  return err;
}

/* --- one attempt --- */

static void describe(struct db *db, struct store_op *op) {
  if (op->err == OK || op->error.message[0]) return;
  if (store_err_is_database(op->err)) {
    db_error(db, &op->error);
  } else if (op->err == ERR_FENCED) {
    err_set(&op->error, ERR_FENCED, "the run moved on: another epoch holds it, or it is no longer running");
  } else {
    err_set(&op->error, op->err, "%s: %s", op->kind->name, err_name(op->err));
  }
  op->error.code = op->err;
}

static bool is_cut_off(const struct store_op *op) {
  return op->builds && (op->line->broken || op->line->breaking);
}

/* What it builds on was lost. */
static void cut_off(struct store_op *op) {
  op->err = ERR_FENCED;
  err_set(&op->error, ERR_FENCED, "what it builds on could not be saved");
}

/* Returns only the database's own failures; the op's are its own. */
static enum err apply(struct writer *w, struct store_op *op) {
  op->err = OK;
  op->spooled = false;
  op->error.code = OK;
  op->error.message[0] = op->error.hint[0] = '\0';
  if (is_cut_off(op)) {
    cut_off(op);
    return OK;
  }
  bool atomic = op->kind->atomic;
  enum err err = atomic ? OK : db_savepoint(w->db);
  if (err != OK) return err;
  err = op->kind->apply(w->db, op);
  if (store_err_is_database(err)) return err;
  if (err != OK) op->err = err;
  if (!atomic)
    err = err == OK ? db_savepoint_keep(w->db) : db_savepoint_undo(w->db);
  else
    err = OK;
  if (err != OK) return err;
  describe(w->db, op);
  if (op->early && op->err != OK) op->line->breaking = true;
  /* Some failures (disk full) end the transaction under us: then nothing of the group happened. */
  return db_in_transaction(w->db) ? OK : ERR_IO;
}

static enum err commit(struct writer *w, struct error *e) {
  if (failpoint("store_before_commit") || failpoint("store_commit"))
    return err_set(e, ERR_IO, "the commit failed (a failpoint)");
  uint64_t start = clock_mono_ns();
  enum err err = db_commit(w->db);
  if (err != OK) return db_error(w->db, e);
  long long us = (long long)((clock_mono_ns() - start) / 1000);
  if (us > atomic_load(&w->longest_commit_us)) atomic_store(&w->longest_commit_us, us);
  atomic_fetch_add(&w->commit_us, us);
  unsigned long n = atomic_load(&w->n_times);
  atomic_store(&w->times[n % COMMITS_KEPT], us < UINT32_MAX ? (unsigned)us : UINT32_MAX);
  atomic_store(&w->n_times, n + 1);
  w->unheard = failpoint("store_after_commit");
  return OK;
}

/* Whose commit it was, and whose checkpoints those before it: of a light group nobody's, it is the disk's own pace. */
static void share_commit(struct writer *w, struct store_op *group, uint64_t applied_ns, uint64_t commit_ns) {
  if (applied_ns < HEAVY_NS) return;
  double each = 1 + (double)(commit_ns + w->upkeep_ns) / (double)applied_ns;
  w->upkeep_ns = 0;
  for (struct store_op *op = group; op; op = op->next) op->took_ns = (uint64_t)((double)op->took_ns * each);
}

/* Before a try nothing of the group has failed; when it is committed, what failed in it stays so. */
static void begin_lines(struct store_op *group) {
  for (struct store_op *op = group; op; op = op->next)
    if (op->line) op->line->breaking = false;
}
static void end_lines(struct store_op *group) {
  for (struct store_op *op = group; op; op = op->next)
    if (op->early && op->err != OK) op->line->broken = true;
}

static enum err try_group(struct writer *w, struct store_op *group, struct error *e) {
  int64_t dropped = 0;
  begin_lines(group);
  enum err err = w->down ? check_place(w, e) : OK;
  if (err == OK && spool_pending(w->spool)) err = spool_replay(w->spool, w->db, &dropped, e);
  if (err != OK) return err;
  atomic_fetch_add(&w->fenced, dropped);
  if ((err = db_begin(w->db)) != OK) return db_error(w->db, e);
  uint64_t begun = clock_mono_ns(), applied = begun;
  for (struct store_op *op = group; err == OK && op; op = op->next) {
    uint64_t at = applied;
    err = apply(w, op);
    applied = clock_mono_ns();
    op->took_ns = applied - at;
    if (err == OK) continue;
    if (op->error.message[0])
      *e = op->error; /* what the op said of it (a failpoint) */
    else
      db_error(w->db, e);
    e->code = err;
  }
  if (err == OK) err = commit(w, e);
  if (err == OK) share_commit(w, group, applied - begun, clock_mono_ns() - applied);
  if (err != OK) db_rollback(w->db);
  if (err == OK) err = check_place(w, e);
  long long held = (long long)((clock_mono_ns() - begun) / 1000);
  if (held > atomic_load(&w->longest_hold_us)) atomic_store(&w->longest_hold_us, held);
  return err;
}

/* --- the policy --- */

static void reopen(struct writer *w) {
  struct error e = {0};
  if (db_reopen(&w->db, &e) != OK) log_warnx("store: cannot open the database again: %s", e.message);
}

static void fail_op(struct store_op *op, enum err err, const struct error *e) {
  op->err = err;
  op->error = *e;
  op->error.code = err;
}

/* The last attempt failed: every op learns the truth. What is durable in the spool counts as done. */
static void give_up(struct writer *w, struct store_op *group, enum err why, const struct error *e) {
  int64_t spooled = 0, refused = 0;
  begin_lines(group);
  for (struct store_op *op = group; op; op = op->next) {
    op->spooled = !is_cut_off(op) && !w->displaced && op->kind->encode && spool_append(w->spool, op) == OK;
    if (is_cut_off(op))
      cut_off(op);
    else if (!op->spooled)
      fail_op(op, why, e);
    if (op->early && !op->spooled) op->line->breaking = true;
    spooled += op->spooled;
  }
  struct error cannot = *e;
  bool durable = spooled == 0 || spool_sync(w->spool, &cannot) == OK;
  for (struct store_op *op = group; op; op = op->next) {
    if (op->spooled && durable) {
      op->err = OK;
      op->error = (struct error){0};
    } else if (op->spooled) {
      op->spooled = false;
      fail_op(op, why, e);
    }
    refused += !op->spooled;
  }
  end_lines(group);
  if (durable) atomic_fetch_add(&w->spooled, spooled);
  log_errorx("store: gave up writing (%s): %lld changes are in the spool, %lld were refused. %s", e->message,
             (long long)(durable ? spooled : 0), (long long)refused, e->hint);
}

static void tell_failure(struct store_op *group) {
  struct error e = {0};
  err_set(&e, ERR_IO, "the commit failed (a failpoint; it did not)");
  for (struct store_op *op = group; op; op = op->next)
    if (op->err == OK) fail_op(op, ERR_IO, &e);
  end_lines(group);
}

static void pause_ms(int64_t ms) {
  nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void recovered(struct writer *w) {
  if (w->damaged) return;
  if (w->down || !atomic_load(&w->healthy)) log_info("store: the database takes writes again");
  w->down = false;
  atomic_store(&w->healthy, true);
}

/* One group to its end, whatever happens: after this each op has its outcome. */
static void settle(struct writer *w, struct store_op *group) {
  int attempts = w->down ? 1 : w->settings.lock_attempts;
  struct error e;
  for (int attempt = 1;; attempt++) {
    e = (struct error){0};
    db_set_patience(w->db, attempt * w->settings.lock_step_ms);
    enum err err = try_group(w, group, &e);
    if (err == OK) {
      end_lines(group);
      break;
    }
    atomic_store(&w->healthy, false);
    w->damaged |= err == ERR_CORRUPT;
    if (attempt >= attempts || err == ERR_CORRUPT || w->displaced) {
      w->down = true;
      give_up(w, group, err, &e);
      return;
    }
    atomic_fetch_add(&w->retries, 1);
    log_warnx("store: attempt %d of %d failed: %s. %s", attempt, attempts, e.message, e.hint);
    if (err != ERR_LOCKED)
      pause_ms(attempt * w->settings.lock_step_ms / 15); /* a lock was waited for already */
    if (err == ERR_IO) reopen(w);
  }
  atomic_fetch_add(&w->commits, 1);
  recovered(w);
  if (w->unheard) tell_failure(group);
}

static void upkeep(struct writer *w, enum db_moment moment) {
  if (!db_upkeep_due(w->db, moment)) return;
  w->usurped = !library_keep_lock(w->dir, w->lock_fd);
  db_upkeep(w->db, moment);
}

/* --- the thread --- */

static void add_ms(struct timespec *t, int64_t ms) {
  clock_gettime(CLOCK_MONOTONIC, t);
  t->tv_sec += ms / 1000;
  t->tv_nsec += ms % 1000 * 1000000;
  if (t->tv_nsec >= 1000000000) t->tv_sec++, t->tv_nsec -= 1000000000;
}

/* Those that hurry stand before the others from here on. Under the lock. */
static void urgent_first(struct writer *w) {
  if (!w->urgent) return;
  *w->urgent_tail = w->head;
  if (!w->head) w->tail = w->urgent_tail;
  w->head = w->urgent;
  w->urgent = NULL;
  w->urgent_tail = &w->urgent;
}

/* The next group, NULL after a quiet time or when it is time to end (*end). */
static struct store_op *take(struct writer *w, bool *end) {
  pthread_mutex_lock(&w->lock);
  int64_t probe = w->settings.lock_step_ms < PROBE_MS ? w->settings.lock_step_ms : PROBE_MS;
  struct timespec until;
  add_ms(&until, w->down ? probe : IDLE_MS);
  bool timed = w->down || db_upkeep_due(w->db, DB_IDLE);
  int rc = 0;
  while (!w->head && !w->urgent && !w->stopping && rc != ETIMEDOUT) {
    w->sleeping = true;
    rc = timed ? pthread_cond_timedwait(&w->wake, &w->lock, &until) : pthread_cond_wait(&w->wake, &w->lock);
    w->sleeping = false;
  }
  urgent_first(w);
  struct store_op *group = w->head, *last = group;
  *end = !group && w->stopping;
  for (int n = 1; last && last->next && n < w->settings.group_most; n++) last = last->next;
  if (last) {
    w->head = last->next;
    if (!w->head) w->tail = &w->head;
    last->next = NULL;
  }
  pthread_mutex_unlock(&w->lock);
  return group;
}

/* Nothing was posted for a while: try to get well, or tidy up. */
static void quiet(struct writer *w) {
  if (!w->down) {
    upkeep(w, DB_IDLE);
    return;
  }
  struct error e = {0};
  int64_t dropped = 0;
  db_set_patience(w->db, 20);
  enum err err = check_place(w, &e);
  if (err == OK) err = spool_replay(w->spool, w->db, &dropped, &e);
  atomic_fetch_add(&w->fenced, dropped);
  if (err == OK)
    recovered(w);
  else if (err == ERR_IO && !w->displaced)
    reopen(w);
}

static void report(struct writer *w, struct store_op *group) {
  for (struct store_op *op = group, *next; op; op = next) {
    next = op->next;
    op->next = NULL;
    atomic_fetch_add_explicit(&w->ops, 1, memory_order_relaxed);
    if (op->err == ERR_FENCED) atomic_fetch_add_explicit(&w->fenced, 1, memory_order_relaxed);
    struct store_line *line = op->line;
    if (op->done) op->done(op); /* may free it */
    store_line_unref(line);
  }
}

static void note_busy(struct writer *w) {
  atomic_store(&w->busy_waits, db_busy_waits(w->db));
  atomic_store(&w->busy_us, db_busy_us(w->db));
}

static void *run(void *arg) {
  struct writer *w = arg;
  for (bool end = false; !end;) {
    struct store_op *group = take(w, &end);
    if (group) {
      settle(w, group);
      note_busy(w);
      report(w, group);
      uint64_t begun = clock_mono_ns();
      if (!w->down) upkeep(w, DB_BUSY);
      w->upkeep_ns += clock_mono_ns() - begun;
    } else if (!end) {
      quiet(w);
    }
  }
  if (w->down) quiet(w);
  if (!w->down) db_upkeep(w->db, DB_CLOSING);
  return NULL;
}

void writer_wake(struct writer *w) {
  pthread_mutex_lock(&w->lock);
  if (w->sleeping && (w->head || w->urgent)) pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->lock);
}

void writer_post(struct writer *w, struct store_op *op, bool wake) {
  op->next = NULL;
  pthread_mutex_lock(&w->lock);
  bool closed = w->stopping;
  if (!closed) {
    struct store_op ***tail = op->urgent ? &w->urgent_tail : &w->tail;
    **tail = op;
    *tail = &op->next;
    if (op->line) store_line_ref(op->line);
    if (wake && w->sleeping) pthread_cond_signal(&w->wake);
  }
  pthread_mutex_unlock(&w->lock);
  if (!closed) return;
  op->err = err_set(&op->error, ERR_CLOSED, "the library is being closed");
  if (op->done) op->done(op);
}

/* --- start and stop --- */

/* The spool of a dead host comes before everything else. When the database cannot be written now, the library opens all the
 * same (it can be read), unhealthy, and the thread goes on trying. */
static void first_replay(struct writer *w) {
  if (!spool_pending(w->spool)) return;
  struct error e = {0};
  int64_t dropped = 0;
  db_set_patience(w->db, w->settings.lock_step_ms);
  if (spool_replay(w->spool, w->db, &dropped, &e) == OK) return;
  log_errorx("store: the spool cannot be brought in yet: %s. %s", e.message, e.hint);
  w->down = true;
  atomic_store(&w->healthy, false);
}

static void writer_free(struct writer *w) {
  spool_close(w->spool);
  db_close(w->db);
  pthread_cond_destroy(&w->wake);
  pthread_mutex_destroy(&w->lock);
  free(w->path);
  free(w->dir);
  free(w);
}

enum err writer_start(const char *dir, int *lock_fd, const struct store_settings *settings,
                      struct writer **out, struct error *e) {
  struct writer *w = mem_alloc(sizeof *w);
  w->settings = *settings;
  w->dir = mem_dup(dir);
  w->lock_fd = lock_fd;
  w->path = mem_printf("%s/quire.db", dir);
  w->tail = &w->head;
  w->urgent_tail = &w->urgent;
  atomic_store(&w->healthy, true);
  pthread_mutex_init(&w->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&w->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  enum err err = db_open(w->path, DB_WRITER, &w->db, e);
  if (err == OK) db_set_patience(w->db, settings->lock_step_ms);
  if (err == OK) err = schema_migrate(w->db, e);
  if (err == OK) err = spool_open(dir, &w->spool, e);
  if (err == OK) {
    db_settle(w->db);
    first_replay(w);
    int rc = pthread_create(&w->thread, NULL, run, w);
    if (rc != 0) err = err_errno(e, rc, "cannot start the writer thread");
  }
  if (err != OK) {
    writer_free(w);
    return err;
  }
  *out = w;
  return OK;
}

void writer_stop(struct writer *w) {
  pthread_mutex_lock(&w->lock);
  w->stopping = true;
  pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->lock);
  pthread_join(w->thread, NULL);
  writer_free(w);
}

bool writer_healthy(const struct writer *w) {
  return atomic_load(&w->healthy);
}

static int by_size(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return (x > y) - (x < y);
}

static void commit_times(const struct writer *w, struct store_stats *out) {
  unsigned times[COMMITS_KEPT];
  unsigned long n = atomic_load(&w->n_times);
  if (n > COMMITS_KEPT) n = COMMITS_KEPT;
  for (unsigned long i = 0; i < n; i++) times[i] = atomic_load(&w->times[i]);
  if (!n) return;
  qsort(times, n, sizeof *times, by_size);
  out->commit_median_us = times[n / 2];
  out->commit_p99_us = times[n * 99 / 100];
}

void writer_stats(const struct writer *w, struct store_stats *out) {
  *out = (struct store_stats){.commits = atomic_load(&w->commits),
                              .ops = atomic_load(&w->ops),
                              .busy_waits = atomic_load(&w->busy_waits),
                              .busy_us = atomic_load(&w->busy_us),
                              .commit_us = atomic_load(&w->commit_us),
                              .longest_hold_us = atomic_load(&w->longest_hold_us),
                              .retries = atomic_load(&w->retries),
                              .fenced = atomic_load(&w->fenced),
                              .spooled = atomic_load(&w->spooled),
                              .longest_commit_us = atomic_load(&w->longest_commit_us)};
  db_sizes(w->path, &out->database_bytes, &out->wal_bytes);
  commit_times(w, out);
}
