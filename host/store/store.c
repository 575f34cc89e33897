/* store.c - one library, opened: its lock, the writer, and the readers.
 *
 * An owner has a writer thread (writer.c). Everybody has a pool of read-only connections, made when they are first needed, and a few
 * reader threads (started with the first store_read_post) that run reads for callers which may not wait. */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "store/write/library.h"
#include "store/schema.h"
#include "store/write/writer.h"

enum { READERS_MOST = 32 };

struct store {
  char *dir, *path;
  enum store_role role;
  struct store_settings settings;
  int lock_fd;
  struct writer *writer; /* owners only */

  pthread_mutex_t lock;
  pthread_cond_t returned, work;
  struct db *idle[READERS_MOST];
  int n_idle, n_open;

  struct store_op *head, **tail; /* reads that wait for a thread */
  pthread_t threads[READERS_MOST];
  int n_threads, n_sleeping;
  bool stopping;
};

static int64_t number_from_env(const char *name, int64_t otherwise) {
  const char *text = getenv(name);
  char *end;
  if (!text || !*text) return otherwise;
  long long v = strtoll(text, &end, 10);
  if (*end || v < 1 || v > 1000000000) {
    log_warnx("%s=%s is not a number above 0; using %lld", name, text, (long long)otherwise);
    return otherwise;
  }
  return v;
}

struct store_settings store_settings_default(void) {
  return (struct store_settings){.lock_attempts = (int)number_from_env("QUIRE_LOCK_ATTEMPTS", 5),
                                 .lock_step_ms = number_from_env("QUIRE_LOCK_STEP_MS", 15000),
                                 .group_most = 512,
                                 .readers_most = 8,
                                 .reader_threads = 2};
}

/* --- open and close --- */

/* Like mkdir -p; the last one is 0700. */
static enum err make_directory(const char *dir, struct error *e) {
  char *path = mem_dup(dir);
  enum err err = OK;
  for (char *p = path + 1; err == OK; p++) {
    if (*p != '/' && *p != '\0') continue;
    char was = *p;
    *p = '\0';
    if (mkdir(path, was ? 0755 : 0700) != 0 && errno != EEXIST) {
      err = err_errno(e, errno, "cannot make the library's directory %s", path);
      err_hint(e, "choose another with --library DIR");
    }
    *p = was;
    if (!was) break;
  }
  free(path);
  return err;
}

static enum err check_directory(const char *dir, struct error *e) {
  struct stat st;
  if (stat(dir, &st) != 0) {
    enum err err = err_errno(e, errno, "there is no library at %s", dir);
    err_hint(e, "`quire run` and `quire serve` make one; --library DIR names another");
    return err;
  }
  if (!S_ISDIR(st.st_mode)) {
    err_set(e, ERR_INVALID, "%s is a file; a library is a directory", dir);
    err_hint(e, "choose another with --library DIR");
    return ERR_INVALID;
  }
  return OK;
}

static enum err open_owner(struct store *s, struct error *e) {
  struct stat st;
  enum err err = OK;
  if (stat(s->dir, &st) != 0) err = make_directory(s->dir, e);
  if (err == OK) err = check_directory(s->dir, e);
  if (err == OK) err = library_check_filesystem(s->dir, e);
  if (err == OK) err = library_check_links(s->dir, e);
  struct library_owner owner;
  if (err == OK) err = library_lock(s->dir, &s->lock_fd, &owner, e);
  if (err == OK) err = writer_start(s->dir, &s->lock_fd, &s->settings, &s->writer, e);
  return err;
}

static enum err open_reader(struct store *s, struct error *e) {
  enum err err = check_directory(s->dir, e);
  if (err == OK) err = library_check_filesystem(s->dir, e);
  if (err == OK) err = library_check_links(s->dir, e);
  struct db *db = NULL;
  if (err == OK) err = db_open(s->path, DB_READ_ONLY, &db, e);
  if (err == ERR_NOT_FOUND)
    err_hint(e, "`quire run` and `quire serve` make a library; --library DIR names another");
  if (err == OK) err = schema_version_check(db, e);
  if (err != OK) {
    db_close(db);
    return err;
  }
  s->idle[s->n_idle++] = db;
  s->n_open++;
  return OK;
}

static void store_free(struct store *s) {
  for (int i = 0; i < s->n_idle; i++) db_close(s->idle[i]);
  if (s->n_idle != s->n_open) fatal("%d readers were not given back", s->n_open - s->n_idle);
  if (s->writer) writer_stop(s->writer);
  if (s->lock_fd >= 0) close(s->lock_fd);
  pthread_cond_destroy(&s->work);
  pthread_cond_destroy(&s->returned);
  pthread_mutex_destroy(&s->lock);
  free(s->path);
  free(s->dir);
  free(s);
}

enum err store_open_with(const char *dir, enum store_role role, const struct store_settings *settings,
                         struct store **out, struct error *e) {
  *out = NULL;
  struct store *s = mem_alloc(sizeof *s);
  s->dir = mem_dup(dir);
  s->path = mem_printf("%s/quire.db", dir);
  s->role = role;
  s->settings = *settings;
  if (s->settings.readers_most > READERS_MOST) s->settings.readers_most = READERS_MOST;
  if (s->settings.reader_threads > READERS_MOST) s->settings.reader_threads = READERS_MOST;
  s->lock_fd = -1;
  s->tail = &s->head;
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->returned, NULL);
  pthread_cond_init(&s->work, NULL);
  enum err err = role == STORE_OWNER ? open_owner(s, e) : open_reader(s, e);
  if (err != OK) {
    store_free(s);
    return err;
  }
  *out = s;
  return OK;
}

enum err store_open(const char *dir, enum store_role role, struct store **out, struct error *e) {
  struct store_settings settings = store_settings_default();
  return store_open_with(dir, role, &settings, out, e);
}

void store_close(struct store *s) {
  if (!s) return;
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->work);
  pthread_mutex_unlock(&s->lock);
  for (int i = 0; i < s->n_threads; i++) pthread_join(s->threads[i], NULL);
  store_free(s);
}

const char *store_dir(const struct store *s) {
  return s->dir;
}

bool store_err_is_database(enum err err) {
  return err == ERR_LOCKED || err == ERR_NOSPACE || err == ERR_READONLY || err == ERR_IO ||
         err == ERR_CORRUPT;
}

/* --- writing --- */

static void post(struct store *s, struct store_op *op, bool wake) {
  if (s->writer) {
    writer_post(s->writer, op, wake);
    return;
  }
  op->err = err_set(&op->error, ERR_READONLY, "this process only reads the library");
  if (op->done) op->done(op);
}

void store_post(struct store *s, struct store_op *op) {
  post(s, op, true);
}
void store_post_later(struct store *s, struct store_op *op) {
  post(s, op, false);
}
void store_wake(struct store *s) {
  if (s->writer) writer_wake(s->writer);
}

struct store_line *store_line_new(void) {
  struct store_line *line = mem_alloc(sizeof *line);
  atomic_init(&line->refs, 1);
  return line;
}
struct store_line *store_line_ref(struct store_line *line) {
  atomic_fetch_add(&line->refs, 1);
  return line;
}
void store_line_unref(struct store_line *line) {
  if (line && atomic_fetch_sub(&line->refs, 1) == 1) free(line);
}

struct waiter {
  pthread_mutex_t lock;
  pthread_cond_t done;
  bool is_done;
};

static void wake_waiter(struct store_op *op) {
  struct waiter *w = op->owner;
  pthread_mutex_lock(&w->lock);
  w->is_done = true;
  pthread_cond_signal(&w->done);
  pthread_mutex_unlock(&w->lock);
}

enum err store_do(struct store *s, struct store_op *op) {
  struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
  void (*done)(struct store_op *) = op->done;
  void *owner = op->owner;
  op->owner = &w;
  op->done = wake_waiter;
  store_post(s, op);
  pthread_mutex_lock(&w.lock);
  while (!w.is_done) pthread_cond_wait(&w.done, &w.lock);
  pthread_mutex_unlock(&w.lock);
  pthread_cond_destroy(&w.done);
  pthread_mutex_destroy(&w.lock);
  op->owner = owner;
  op->done = done;
  return op->err;
}

/* --- reading --- */

/* A file that is not there, or that this process may not open now, is a failure of the library, whatever the question was. */
static struct db *unreadable(struct error *e) {
  if (!store_err_is_database(e->code)) e->code = ERR_IO;
  log_errorx("store: cannot read the library: %s. %s", e->message, e->hint);
  return db_unopened(e);
}

struct db *store_reader(struct store *s) {
  pthread_mutex_lock(&s->lock);
  while (s->n_idle == 0 && s->n_open >= s->settings.readers_most) pthread_cond_wait(&s->returned, &s->lock);
  struct db *db = s->n_idle > 0 ? s->idle[--s->n_idle] : NULL;
  if (!db) s->n_open++;
  pthread_mutex_unlock(&s->lock);
  struct error e = {0};
  if (!db && db_open(s->path, DB_READ_ONLY, &db, &e) != OK) db = unreadable(&e);
  return db;
}

/* One that could not be opened is not kept: the next who asks tries anew. */
void store_reader_release(struct store *s, struct db *db) {
  if (!db) return;
  bool works = db_works(db);
  pthread_mutex_lock(&s->lock);
  if (works)
    s->idle[s->n_idle++] = db;
  else
    s->n_open--;
  pthread_cond_signal(&s->returned);
  pthread_mutex_unlock(&s->lock);
  if (!works) db_close(db);
}

static void read_one(struct store *s, struct store_op *op) {
  struct db *db = store_reader(s);
  op->error = (struct error){0};
  op->err = OK;
  enum err err = op->kind->apply(db, op);
  if (err != OK) op->err = err;
  if (op->err != OK && !op->error.message[0]) {
    if (store_err_is_database(op->err))
      db_error(db, &op->error);
    else
      err_set(&op->error, op->err, "%s: %s", op->kind->name, err_name(op->err));
  }
  store_reader_release(s, db);
  if (op->done) op->done(op);
}

static void *read_ops(void *arg) {
  struct store *s = arg;
  pthread_mutex_lock(&s->lock);
  for (;;) {
    while (!s->head && !s->stopping) {
      s->n_sleeping++;
      pthread_cond_wait(&s->work, &s->lock);
      s->n_sleeping--;
    }
    struct store_op *op = s->head;
    if (!op) break;
    s->head = op->next;
    if (!s->head) s->tail = &s->head;
    op->next = NULL;
    pthread_mutex_unlock(&s->lock);
    read_one(s, op);
    pthread_mutex_lock(&s->lock);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

void store_read_post(struct store *s, struct store_op *op) {
  op->next = NULL;
  pthread_mutex_lock(&s->lock);
  bool closed = s->stopping;
  if (!closed) {
    *s->tail = op;
    s->tail = &op->next;
    bool more = s->n_sleeping == 0 && s->n_threads < s->settings.reader_threads;
    if (more && pthread_create(&s->threads[s->n_threads], NULL, read_ops, s) == 0)
      s->n_threads++;
    else if (s->n_threads == 0)
      fatal("cannot start a reader thread");
    pthread_cond_signal(&s->work);
  }
  pthread_mutex_unlock(&s->lock);
  if (!closed) return;
  op->err = err_set(&op->error, ERR_CLOSED, "the library is being closed");
  if (op->done) op->done(op);
}

bool store_healthy(const struct store *s) {
  return !s->writer || writer_healthy(s->writer);
}

void store_stats(const struct store *s, struct store_stats *out) {
  *out = (struct store_stats){0};
  if (s->writer) writer_stats(s->writer, out);
}
