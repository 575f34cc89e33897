/* db_sqlite.c - the driver for SQLite. Beside it: wal.c (upkeep), copy.c, schema.c, query.c.
 *
 *   db_open -> (db_begin -> (db_prepare -> db_bind_* -> db_step | db_run)* -> db_commit | db_rollback)* -> db_close
 *
 * One thread a connection (SQLITE_OPEN_NOMUTEX). Statements live as long as their connection, found by the address of their
 * text; parameter numbers are found by the address of their name. A statement that is used again while its first use
 * still has rows (a callback that asks the same question) gets a second, temporary one.
 *
 * Debian's SQLite 3.40 has a race between a checkpoint and a commit of another connection (WAL reset, fixed in 3.51.3) that can lose
 * commits. It cannot happen here: the only connection that writes is the only one that checkpoints. Readers have autocheckpoint
 * off, are read-only, and do not checkpoint when they close. */
#include "store/sqlite/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { READER_PATIENCE_MS = 5000, SLOW_COMMIT_MS = 1000 };

/* SQLite calls a file whose read fails with EIO a damaged one. The disk failed, for a moment or for good; the database may be sound, and nobody
 * should bring back a backup over it. */
void sqlite_note_failure(struct db *db) {
  if (db->closed) return;
  int unread = errno; /* what was asked began with errno = 0 */
  db->code = sqlite3_extended_errcode(db->h);
  db->system_errno = sqlite3_system_errno(db->h);
  snprintf(db->message, sizeof db->message, "%s", sqlite3_errmsg(db->h));
  if ((db->code & 0xff) != SQLITE_CORRUPT || unread != EIO) return;
  db->code = SQLITE_IOERR_READ;
  db->system_errno = unread;
  snprintf(db->message, sizeof db->message, "%s", sqlite3_errstr(SQLITE_IOERR));
}

/* --- opening --- */

/* SQLite's own handler backs off to 100 ms and starves against a busy writer; short jittered sleeps take a freed lock at once. */
static int on_busy(void *arg, int count) {
  struct db *db = arg;
  uint64_t now = clock_mono_ns();
  if (count == 0) db->deadline_ns = now + (uint64_t)db->patience_ms * 1000000;
  if (now >= db->deadline_ns) return 0;
  db->busy_waits++;
  db->jitter = db->jitter * 1664525 + 1013904223;
  long ns = 200000 + (long)(db->jitter % 800000);
  db->busy_ns += ns;
  nanosleep(&(struct timespec){0, ns}, NULL);
  return 1;
}

/* The file, 0600, and its name in the directory made durable. */
static enum err create_file(const char *path, struct error *e) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return OK;
  if (fd < 0) return err_errno(e, errno, "cannot create the library's database %s", path);
  close(fd);
  char dir[sizeof((struct db *)0)->path];
  snprintf(dir, sizeof dir, "%s", path);
  char *slash = strrchr(dir, '/');
  if (slash) *slash = '\0';
  fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return err_errno(e, errno, "cannot open the directory of %s", path);
  enum err err = fsync(fd) == 0 ? OK : err_errno(e, errno, "cannot make %s durable", path);
  close(fd);
  return err;
}

static enum err set_up(struct db *db, enum db_mode mode) {
  sqlite3_extended_result_codes(db->h, 1);
  sqlite3_busy_handler(db->h, on_busy, db);
  sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  int on = 1;
  sqlite3_file_control(db->h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
  if (mode == DB_READ_ONLY) sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  enum err err = db_exec(db, "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
                             "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0;");
  if (err != OK) return err;
  /* Pages stay in a connection's cache for good: 4 MB hold what the writer changes again and again. */
  if (mode == DB_READ_ONLY)
    return db_exec(db, "PRAGMA query_only=ON; PRAGMA cache_size=-1000; SELECT 1 FROM sqlite_schema LIMIT 1;");
  err = db_exec(db, "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-4000;");
  if (err != OK) return err;
  sqlite_watch_wal(db);
  struct db_stmt *s = db_prepare(db, "PRAGMA journal_mode=WAL");
  enum db_step step = db_step(s);
  bool wal = step == DB_ROW && strcmp(db_text(s, 0), "wal") == 0;
  db_reset(s);
  if (step == DB_FAILED) return db_error(db, NULL);
  if (wal) return OK;
  db->code = SQLITE_CANTOPEN;
  snprintf(db->message, sizeof db->message, "the file system does not allow SQLite's WAL");
  return ERR_IO;
}

/* Nobody asks SQLite how much memory it uses; counting it takes a lock of all threads for each allocation. */
static void configure(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum err db_open(const char *path, enum db_mode mode, struct db **out, struct error *e) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, configure);
  *out = NULL;
  struct db *db = mem_alloc(sizeof *db);
  db->patience_ms = READER_PATIENCE_MS;
  db->jitter = (uint32_t)clock_mono_ns() | 1;
  db->broken.db = db;
  enum err err = OK;
  if ((size_t)snprintf(db->path, sizeof db->path, "%s", path) >= sizeof db->path) {
    err = err_set(e, ERR_INVALID, "the path %.60s... is too long", path);
  } else if (mode == DB_READ_ONLY && access(path, F_OK) != 0) {
    err = err_errno(e, errno, "there is no library database at %s", path);
  } else if (mode == DB_WRITER) {
    err = create_file(path, e);
  }
  if (err != OK) {
    free(db);
    return err;
  }
  errno = 0;
  int flags = mode == DB_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(path, &db->h, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    sqlite_note_failure(db);
    err = db_error(db, e);
  } else if (set_up(db, mode) != OK) {
    err = db_error(db, e);
  }
  if (err != OK) {
    db_close(db);
    return err;
  }
  *out = db;
  return OK;
}

struct db *db_unopened(const struct error *why) {
  struct db *db = mem_alloc(sizeof *db);
  db->broken.db = db;
  db->closed = mem_alloc(sizeof *db->closed);
  *db->closed = *why;
  return db;
}

bool db_works(const struct db *db) {
  return !db->closed;
}

static void statement_free(struct db_stmt *s) {
  sqlite3_finalize(s->s);
  free(s);
}

void db_close(struct db *db) {
  if (!db) return;
  for (int i = 0; i < STATEMENT_SLOTS; i++)
    if (db->statements[i]) statement_free(db->statements[i]);
  if (sqlite3_close(db->h) != SQLITE_OK) fatal("a statement outlived its connection to %s", db->path);
  sqlite_forget_places(db);
  free(db->closed);
  free(db);
}

enum err db_reopen(struct db **db, struct error *e) {
  struct db *fresh;
  enum err err = db_open((*db)->path, DB_WRITER, &fresh, e);
  if (err != OK) return err;
  sqlite_pass_on(*db, fresh);
  db_close(*db);
  *db = fresh;
  return OK;
}

/* --- statements --- */

static size_t address_hash(const char *p) {
  uint64_t x = (uint64_t)(uintptr_t)p * 0x9E3779B97F4A7C15u;
  return (size_t)(x >> 40);
}

/* A statement that cannot be prepared because of the database (damaged, locked) is a failure like any other; one that is
 * wrong can only be our own mistake. */
static struct db_stmt *compile(struct db *db, const char *sql) {
  sqlite3_stmt *s = NULL;
  errno = 0;
  int rc = sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
  if (rc != SQLITE_OK) {
    sqlite_note_failure(db);
    if (rc == SQLITE_ERROR) fatal("wrong statement (%s): %s", db->message, sql);
    return &db->broken;
  }
  struct db_stmt *stmt = mem_alloc(sizeof *stmt);
  stmt->s = s;
  stmt->sql = sql;
  stmt->db = db;
  return stmt;
}

struct db_stmt *db_prepare(struct db *db, const char *sql) {
  if (db->closed) return &db->broken;
  size_t i = address_hash(sql) & (STATEMENT_SLOTS - 1);
  for (int probes = 0; probes < STATEMENT_SLOTS; probes++, i = (i + 1) & (STATEMENT_SLOTS - 1)) {
    struct db_stmt *s = db->statements[i];
    if (!s) {
      s = compile(db, sql);
      if (s->s) db->statements[i] = s;
      return s;
    }
    if (s->sql != sql) continue;
    if (strcmp(sqlite3_sql(s->s), sql) != 0) fatal("the text at a statement's address changed: %s", sql);
    if (!sqlite3_stmt_busy(s->s)) return s;
    s = compile(db, sql);
    s->temporary = s->s != NULL;
    return s;
  }
  fatal("more than %d statements", STATEMENT_SLOTS);
}

static int parameter(struct db_stmt *s, const char *name) {
  size_t i = address_hash(name) & (NAME_SLOTS - 1);
  while (s->names[i].name && s->names[i].name != name) i = (i + 1) & (NAME_SLOTS - 1);
  if (s->names[i].name) return s->names[i].index;
  int index = sqlite3_bind_parameter_index(s->s, name);
  if (index == 0) fatal("no parameter %s in: %s", name, s->sql);
  s->names[i].name = name;
  return s->names[i].index = index;
}

void db_bind_int(struct db_stmt *s, const char *name, int64_t v) {
  if (s->s) sqlite3_bind_int64(s->s, parameter(s, name), v);
}

void db_bind_null(struct db_stmt *s, const char *name) {
  if (s->s) sqlite3_bind_null(s->s, parameter(s, name));
}

void db_bind_id(struct db_stmt *s, const char *name, int64_t v) {
  if (v)
    db_bind_int(s, name, v);
  else
    db_bind_null(s, name);
}

void db_bind_text(struct db_stmt *s, const char *name, const char *v) {
  if (!s->s) return;
  if (v)
    sqlite3_bind_text(s->s, parameter(s, name), v, -1, SQLITE_STATIC);
  else
    sqlite3_bind_null(s->s, parameter(s, name));
}

void db_bind_text_n(struct db_stmt *s, const char *name, const char *v, size_t n) {
  if (!s->s) return;
  if (v)
    sqlite3_bind_text64(s->s, parameter(s, name), v, n, SQLITE_STATIC, SQLITE_UTF8);
  else
    sqlite3_bind_null(s->s, parameter(s, name));
}

void db_bind_blob(struct db_stmt *s, const char *name, const void *v, size_t n) {
  if (!s->s) return;
  if (v && n)
    sqlite3_bind_blob64(s->s, parameter(s, name), v, n, SQLITE_STATIC);
  else if (v)
    sqlite3_bind_zeroblob(s->s, parameter(s, name), 0);
  else
    sqlite3_bind_null(s->s, parameter(s, name));
}

enum db_step db_step(struct db_stmt *s) {
  if (!s->s) return DB_FAILED;
  errno = 0;
  int rc = sqlite3_step(s->s);
  if (rc == SQLITE_ROW) return DB_ROW;
  if (rc == SQLITE_DONE) return DB_DONE;
  sqlite_note_failure(s->db);
  return DB_FAILED;
}

void db_reset(struct db_stmt *s) {
  if (!s->s) return;
  if (s->temporary) {
    statement_free(s);
    return;
  }
  sqlite3_reset(s->s);
  sqlite3_clear_bindings(s->s);
}

enum err db_run(struct db_stmt *s) {
  struct db *db = s->db;
  enum db_step step = db_step(s);
  db_reset(s);
  return step == DB_FAILED ? db_error(db, NULL) : OK;
}

enum err db_insert(struct db_stmt *s, int64_t *id) {
  struct db *db = s->db;
  enum err err = db_run(s);
  if (id) *id = err == OK ? sqlite3_last_insert_rowid(db->h) : 0;
  return err;
}

int64_t db_int(struct db_stmt *s, int column) {
  return sqlite3_column_int64(s->s, column);
}

const char *db_text(struct db_stmt *s, int column) {
  return (const char *)sqlite3_column_text(s->s, column);
}

const void *db_blob(struct db_stmt *s, int column, size_t *n) {
  const void *p = sqlite3_column_blob(s->s, column);
  *n = (size_t)sqlite3_column_bytes(s->s, column);
  if (p || sqlite3_column_type(s->s, column) == SQLITE_NULL) return p;
  return "";
}

bool db_is_null(struct db_stmt *s, int column) {
  return sqlite3_column_type(s->s, column) == SQLITE_NULL;
}

int64_t db_changes(struct db *db) {
  return sqlite3_changes64(db->h);
}

enum err db_exec(struct db *db, const char *sql) {
  errno = 0;
  if (!db->closed && sqlite3_exec(db->h, sql, NULL, NULL, NULL) == SQLITE_OK) return OK;
  sqlite_note_failure(db);
  return db_error(db, NULL);
}

/* --- failures --- */

static enum err code_of(const struct db *db) {
  switch (db->code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return ERR_LOCKED;
  case SQLITE_FULL: return ERR_NOSPACE;
  case SQLITE_READONLY:
  case SQLITE_PERM: return ERR_READONLY;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return ERR_CORRUPT;
  case SQLITE_TOOBIG: return ERR_LIMIT;
  case SQLITE_ERROR: return ERR_INVALID;
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
    if (db->system_errno == ENOSPC || db->system_errno == EDQUOT) return ERR_NOSPACE;
    return db->system_errno == EROFS ? ERR_READONLY : ERR_IO;
  case SQLITE_CONSTRAINT:
    if (db->code == SQLITE_CONSTRAINT_UNIQUE || db->code == SQLITE_CONSTRAINT_PRIMARYKEY) return ERR_EXISTS;
    if (db->code == SQLITE_CONSTRAINT_TRIGGER) return ERR_CONFLICT;
    return db->code == SQLITE_CONSTRAINT_FOREIGNKEY ? ERR_NOT_FOUND : ERR_INVALID;
  default: return ERR_IO;
  }
}

weak_err db_error(struct db *db, struct error *e) {
  if (db->closed) {
    if (e) *e = *db->closed;
    return db->closed->code;
  }
  enum err err = code_of(db);
  const char *words = db->message;
  switch (err) {
  case ERR_LOCKED:
    err_set(e, err, "another program holds the lock of %s (%s)", db->path, words);
    err_hint(
        e,
        "close the program that writes to it (a database browser, a sync or backup tool); Quire continues automatically");
    break;
  case ERR_NOSPACE:
    err_set(e, err, "the disk is full: cannot write %s (%s)", db->path, words);
    err_hint(e, "make room on that disk; Quire continues automatically");
    break;
  case ERR_READONLY:
    err_set(e, err, "%s cannot be written (%s)", db->path, words);
    err_hint(
        e,
        "check the owner and the permissions of the file and its directory, and that the disk is mounted for writing");
    break;
  case ERR_CORRUPT:
    err_set(e, err, "the database %s is damaged (%s)", db->path, words);
    err_hint(e, "keep a copy of the whole directory, then bring back a backup with `quire restore`");
    break;
  case ERR_IO:
    err_set(e, err, "cannot read or write %s (%s%s%s)", db->path, words, db->system_errno ? ": " : "",
            db->system_errno ? strerror(db->system_errno) : "");
    err_hint(e, "check the disk (dmesg) and the permissions of the directory");
    break;
  default: err_set(e, err, "%s", words); break;
  }
  return err;
}

/* --- transactions --- */

enum err db_begin_at(struct db *db, const char *file, int line) {
  enum err err = db_run(db_prepare(db, "BEGIN IMMEDIATE"));
  db->begin_file = file;
  db->begin_line = line;
  db->begin_ns = clock_mono_ns();
  return err;
}

enum err db_commit(struct db *db) {
  enum err err = db_run(db_prepare(db, "COMMIT"));
  int64_t held_ms = (int64_t)((clock_mono_ns() - db->begin_ns) / 1000000);
  if (held_ms > SLOW_COMMIT_MS)
    log_warnx("store: the transaction of %s:%d took %lld ms (slow disk?)", db->begin_file, db->begin_line,
              (long long)held_ms);
  return err;
}

void db_rollback(struct db *db) {
  if (db_in_transaction(db)) (void)db_run(db_prepare(db, "ROLLBACK"));
}

enum err db_savepoint(struct db *db) {
  return db_run(db_prepare(db, "SAVEPOINT op"));
}

enum err db_savepoint_keep(struct db *db) {
  return db_run(db_prepare(db, "RELEASE op"));
}

enum err db_savepoint_undo(struct db *db) {
  enum err err = db_run(db_prepare(db, "ROLLBACK TO op"));
  return err == OK ? db_savepoint_keep(db) : err;
}

bool db_in_transaction(const struct db *db) {
  return !db->closed && !sqlite3_get_autocommit(db->h);
}

void db_set_patience(struct db *db, int64_t ms) {
  db->patience_ms = ms;
}

int64_t db_busy_waits(const struct db *db) {
  return db->busy_waits;
}
int64_t db_busy_us(const struct db *db) {
  return db->busy_ns / 1000;
}

/* --- snapshots --- */

enum err db_snapshot_begin(struct db *db) {
  enum err err = db_run(db_prepare(db, "BEGIN"));
  struct db_stmt *s = db_prepare(db, "SELECT count(*) FROM sqlite_schema"); /* the first read takes it */
  if (err == OK && db_step(s) == DB_FAILED) err = db_error(db, NULL);
  db_reset(s);
  return err;
}

void db_snapshot_end(struct db *db) {
  db_rollback(db);
}
