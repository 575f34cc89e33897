/* The driver boundary (store/db.h) holds: the store's rules run on a driver that has no file and knows no SQL.
 *
 * It stands in for SQLite's in this program. It keeps the texts of events that were inserted, plays transactions and savepoints over them,
 * and fails when a test says so. Whatever the store asked beyond db.h and schema.h would not link. */
#include "unit.h"
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "store/events.h"
#include "store/schema.h"

/* --- a driver in memory --- */

enum { MOST = 64 };
enum where { NOWHERE, AT_BEGIN, AT_STEP, AT_COMMIT };

struct db_stmt {
  struct db *db;
  const char *sql;
  char text[100];
};

struct db {
  enum db_mode mode;
  struct db_stmt statement;
  struct error closed;
  int in_transaction, kept, savepoint;
};

/* The one database, whoever opens it. */
static struct {
  char rows[MOST][100], mark[100];
  int n, committed; /* rows; those that are durable */
  /* What a test changes while the writer may look: where it fails, why, and how many times more. */
  atomic_int where, why, times;
  atomic_bool moved;
  int commits, reopened, settled, upkeep[3];
} base;

static enum err refuse(enum where where) {
  return base.where == (int)where && base.times > 0 && base.times-- ? (enum err)base.why : OK;
}

enum err db_open(const char *place, enum db_mode mode, struct db **out, struct error *e) {
  (void)place, (void)e;
  *out = mem_alloc(sizeof **out);
  (*out)->mode = mode;
  return OK;
}

enum err db_reopen(struct db **db, struct error *e) {
  (void)db, (void)e;
  base.reopened++;
  return OK;
}

void db_close(struct db *db) {
  free(db);
}

struct db *db_unopened(const struct error *why) {
  struct db *db = mem_alloc(sizeof *db);
  db->closed = *why;
  return db;
}

bool db_works(const struct db *db) {
  return db->closed.code == OK;
}

struct db_stmt *db_prepare(struct db *db, const char *sql) {
  db->statement = (struct db_stmt){.db = db, .sql = sql};
  return &db->statement;
}

static void bind(struct db_stmt *s, const char *name, const char *v) {
  if (strcmp(name, "$data") == 0 || strcmp(name, "$value") == 0)
    snprintf(s->text, sizeof s->text, "%s", v ? v : "");
}

void db_bind_text(struct db_stmt *s, const char *name, const char *v) {
  bind(s, name, v);
}
void db_bind_text_n(struct db_stmt *s, const char *name, const char *v, size_t n) {
  (void)n;
  bind(s, name, v);
}
void db_bind_int(struct db_stmt *s, const char *name, int64_t v) {
  (void)s, (void)name, (void)v;
}
void db_bind_null(struct db_stmt *s, const char *name) {
  (void)s, (void)name;
}
void db_bind_id(struct db_stmt *s, const char *name, int64_t v) {
  (void)s, (void)name, (void)v;
}
void db_bind_blob(struct db_stmt *s, const char *name, const void *v, size_t n) {
  (void)s, (void)name, (void)v, (void)n;
}

enum db_step db_step(struct db_stmt *s) {
  if (refuse(AT_STEP) != OK) return DB_FAILED;
  if (strstr(s->sql, "INSERT INTO events")) {
    snprintf(base.rows[base.n++], sizeof base.rows[0], "%s", s->text);
  } else if (strstr(s->sql, "INSERT INTO settings")) {
    snprintf(base.mark, sizeof base.mark, "%s", s->text);
  } else if (strstr(s->sql, "SELECT value FROM settings")) {
    snprintf(s->text, sizeof s->text, "%s", base.mark);
    return DB_ROW;
  }
  return DB_DONE;
}

void db_reset(struct db_stmt *s) {
  (void)s;
}

enum err db_run(struct db_stmt *s) {
  return db_step(s) == DB_FAILED ? (enum err)base.why : OK;
}

enum err db_insert(struct db_stmt *s, int64_t *id) {
  enum err err = db_run(s);
  if (id) *id = err == OK ? base.n : 0;
  return err;
}

int64_t db_int(struct db_stmt *s, int column) {
  (void)s;
  return column;
}
const char *db_text(struct db_stmt *s, int column) {
  (void)column;
  return s->text;
}
const void *db_blob(struct db_stmt *s, int column, size_t *n) {
  (void)column;
  *n = strlen(s->text);
  return s->text;
}
bool db_is_null(struct db_stmt *s, int column) {
  (void)s, (void)column;
  return false;
}
int64_t db_changes(struct db *db) {
  (void)db;
  return 1;
}
enum err db_exec(struct db *db, const char *sql) {
  return db_run(db_prepare(db, sql));
}

enum err db_error(struct db *db, struct error *e) {
  if (!db_works(db)) {
    if (e) *e = db->closed;
    return db->closed.code;
  }
  return err_set(e, (enum err)base.why, "the driver in memory fails as it was told to");
}

enum err db_begin_at(struct db *db, const char *file, int line) {
  (void)file, (void)line;
  enum err err = refuse(AT_BEGIN);
  db->in_transaction = err == OK;
  return err;
}

enum err db_commit(struct db *db) {
  enum err err = refuse(AT_COMMIT);
  if (err != OK) return err;
  db->in_transaction = 0;
  base.committed = base.n;
  base.commits++;
  return OK;
}

void db_rollback(struct db *db) {
  if (db->in_transaction) base.n = base.committed;
  db->in_transaction = 0;
}

bool db_in_transaction(const struct db *db) {
  return db->in_transaction;
}

enum err db_savepoint(struct db *db) {
  db->savepoint = base.n;
  return OK;
}
enum err db_savepoint_keep(struct db *db) {
  (void)db;
  return OK;
}
enum err db_savepoint_undo(struct db *db) {
  base.n = db->savepoint;
  return OK;
}

void db_set_patience(struct db *db, int64_t ms) {
  (void)db, (void)ms;
}
int64_t db_busy_waits(const struct db *db) {
  (void)db;
  return 0;
}
int64_t db_busy_us(const struct db *db) {
  (void)db;
  return 0;
}
bool db_upkeep_due(const struct db *db, enum db_moment moment) {
  (void)db;
  return moment != DB_IDLE;
}
void db_upkeep(struct db *db, enum db_moment moment) {
  (void)db;
  base.upkeep[moment]++;
}
void db_settle(struct db *db) {
  (void)db;
  base.settled++;
}
enum err db_in_place(const struct db *db, struct error *e) {
  (void)db;
  return base.moved ? err_set(e, ERR_IO, "somebody has moved the database") : OK;
}
void db_sizes(const char *place, int64_t *database, int64_t *log) {
  (void)place;
  *database = *log = 7;
}
enum err db_snapshot_begin(struct db *db) {
  (void)db;
  return OK;
}
void db_snapshot_end(struct db *db) {
  (void)db;
}

enum err schema_migrate(struct db *db, struct error *e) {
  (void)db, (void)e;
  return OK;
}
enum err schema_version_check(struct db *db, struct error *e) {
  (void)db, (void)e;
  return OK;
}

/* --- a store on it --- */

struct fixture {
  char dir[64];
  struct store *store;
};

static int setup(void **state) {
  struct fixture *f = mem_alloc(sizeof *f);
  log_setup(LOG_OFF_LEVEL, false);
  snprintf(f->dir, sizeof f->dir, "/tmp/quire-driver.XXXXXX");
  if (!mkdtemp(f->dir)) return -1;
  base.n = base.committed = base.commits = base.reopened = base.settled = base.times = 0;
  base.moved = false;
  base.mark[0] = '\0';
  memset(base.upkeep, 0, sizeof base.upkeep);
  struct store_settings settings = store_settings_default();
  settings.lock_attempts = 3;
  settings.lock_step_ms = 5;
  struct error e = {0};
  if (store_open_with(f->dir, STORE_OWNER, &settings, &f->store, &e) != OK)
    fail_msg("store_open: %s", e.message);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  store_close(f->store);
  char *command = mem_printf("rm -rf %s", f->dir);
  int rc = system(command);
  free(command);
  free(f);
  return rc;
}

static void fail_at(enum where where, enum err why, int times) {
  base.times = 0;
  base.where = (int)where;
  base.why = (int)why;
  base.times = times;
}

static enum err put(struct fixture *f, const char *data, bool *spooled) {
  struct op_event *op = mem_alloc(sizeof *op);
  op->op.kind = &op_event_kind;
  op->run = 1;
  snprintf(op->kind, sizeof op->kind, "log");
  op->data = mem_dup(data);
  enum err err = store_do(f->store, &op->op);
  if (spooled) *spooled = op->op.spooled;
  op->op.kind->free(&op->op);
  return err;
}

static void assert_rows(const char *expected) {
  char rows[MOST * 4] = "";
  for (int i = 0; i < base.committed; i++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%s%s", i ? " " : "", base.rows[i]);
  assert_string_equal(rows, expected);
}

/* --- its promises --- */

static void what_is_acknowledged_is_committed_in_order(void **state) {
  struct fixture *f = *state;
  assert_int_equal(put(f, "a", NULL), OK);
  assert_int_equal(put(f, "b", NULL), OK);
  assert_rows("a b");
  assert_int_equal(base.commits, 2);
  assert_int_equal(base.settled, 1);
}

static enum err write_and_fail(struct db *db, struct store_op *op) {
  (void)op;
  struct db_stmt *s = db_prepare(db, "INSERT INTO events half");
  db_bind_text(s, "$data", "half");
  assert_int_equal(db_run(s), OK);
  return ERR_INVALID;
}

static void an_op_that_fails_alone_is_undone_alone(void **state) {
  static const struct store_op_kind kind = {.name = "half", .apply = write_and_fail};
  struct fixture *f = *state;
  struct store_op op = {.kind = &kind};
  assert_int_equal(store_do(f->store, &op), ERR_INVALID);
  assert_int_equal(put(f, "a", NULL), OK);
  assert_rows("a");
}

static void a_locked_database_is_asked_again_until_it_takes_the_group(void **state) {
  struct fixture *f = *state;
  enum where places[] = {AT_BEGIN, AT_STEP, AT_COMMIT};
  for (int i = 0; i < 3; i++) {
    fail_at(places[i], ERR_LOCKED, 2);
    assert_int_equal(put(f, "x", NULL), OK);
  }
  assert_rows("x x x");
  struct store_stats stats;
  store_stats(f->store, &stats);
  assert_int_equal(stats.retries, 6);
  assert_int_equal(base.reopened, 0);
  assert_int_equal(stats.database_bytes, 7);
}

static void what_cannot_be_committed_is_parked_and_comes_in_first(void **state) {
  struct fixture *f = *state;
  bool spooled = false;
  fail_at(AT_COMMIT, ERR_IO, INT_MAX);
  assert_int_equal(put(f, "parked", &spooled), OK);
  assert_true(spooled);
  assert_true(base.reopened >= 2); /* after each failed attempt but the last */
  assert_false(store_healthy(f->store));
  fail_at(NOWHERE, OK, 0);
  assert_int_equal(put(f, "later", &spooled), OK);
  assert_false(spooled);
  assert_rows("parked later");
  assert_true(store_healthy(f->store));
}

static void work_in_a_database_that_was_moved_away_is_not_acknowledged(void **state) {
  struct fixture *f = *state;
  base.moved = true;
  assert_int_equal(put(f, "lost", NULL), ERR_IO);
  base.moved = false;
}

static void upkeep_is_done_between_groups_and_at_the_end(void **state) {
  struct fixture *f = *state;
  assert_int_equal(put(f, "a", NULL), OK);
  assert_int_equal(put(f, "b", NULL), OK);
  store_close(f->store);
  f->store = NULL;
  assert_int_equal(base.upkeep[DB_BUSY], 2);
  assert_int_equal(base.upkeep[DB_CLOSING], 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_is_acknowledged_is_committed_in_order),
      CASE(an_op_that_fails_alone_is_undone_alone),
      CASE(a_locked_database_is_asked_again_until_it_takes_the_group),
      CASE(what_cannot_be_committed_is_parked_and_comes_in_first),
      CASE(work_in_a_database_that_was_moved_away_is_not_acknowledged),
      CASE(upkeep_is_done_between_groups_and_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
