/* store_fixture.h - a library in a directory of its own for each test, and the ops that most tests begin with. */
#pragma once
#include "unit.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/artifacts.h"
#include "store/calls.h"
#include "store/events.h"
#include "store/gates.h"
#include "store/write/library.h"
#include "store/projects.h"
#include "store/runs.h"
#include "store/scripts.h"

struct fixture {
  char dir[64];
  struct store *store;
};

static inline struct store *open_store(const char *dir, enum store_role role) {
  struct store *s = NULL;
  struct error e = {0};
  if (store_open(dir, role, &s, &e) != OK) fail_msg("store_open: %s. %s", e.message, e.hint);
  return s;
}

/* A directory without a library yet. */
static inline int setup_dir(void **state) {
  struct fixture *f = mem_alloc(sizeof *f);
  log_setup(LOG_OFF_LEVEL, false);
  snprintf(f->dir, sizeof f->dir, "/tmp/quire-store.XXXXXX");
  if (!mkdtemp(f->dir)) return -1;
  *state = f;
  return 0;
}

static inline int setup(void **state) {
  if (setup_dir(state) != 0) return -1;
  struct fixture *f = *state;
  f->store = open_store(f->dir, STORE_OWNER);
  return 0;
}

static inline void remove_dir(const char *dir) {
  DIR *d = opendir(dir);
  for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
    char *path = mem_printf("%s/%s", dir, entry->d_name);
    unlink(path);
    free(path);
  }
  if (d) closedir(d);
  rmdir(dir);
}

static inline int teardown(void **state) {
  struct fixture *f = *state;
  store_close(f->store);
  remove_dir(f->dir);
  free(f);
  return 0;
}

static inline void reopen(struct fixture *f) {
  store_close(f->store);
  f->store = open_store(f->dir, STORE_OWNER);
}

static inline void do_ok(struct store *s, struct store_op *op) {
  if (store_do(s, op) != OK) fail_msg("%s: %s (%s)", op->kind->name, err_name(op->err), op->error.message);
}

static inline int64_t create_run(struct store *s, const char *project) {
  struct op_run_create op = {.op = {.kind = &op_run_create_kind},
                             .pipeline = "generate_book",
                             .project = project,
                             .input = "{\"a\":1}"};
  do_ok(s, &op.op);
  return op.id;
}

/* Returns the epoch. */
static inline int64_t claim(struct store *s, int64_t run) {
  struct op_run_claim op = {.op = {.kind = &op_run_claim_kind}, .id = run, .adopt = true};
  do_ok(s, &op.op);
  int64_t epoch = op.row.epoch;
  run_row_release(&op.row);
  return epoch;
}

static inline struct journal_entry entry_of(int64_t run, int64_t epoch, int64_t seq, const char *kind,
                                            const char *result) {
  struct journal_entry entry = {.run = run,
                                .epoch = epoch,
                                .seq = seq,
                                .result = result,
                                .n_result = result ? strlen(result) : 0,
                                .at_ms = clock_wall_ms()};
  entry.key.scope = "/";
  entry.key.kind = kind;
  entry.key.n = 0;
  memcpy(entry.key.hash, &seq, sizeof seq);
  return entry;
}

static inline enum err journal(struct store *s, int64_t run, int64_t epoch, int64_t seq, const char *result) {
  struct op_journal op = {.op = {.kind = &op_journal_kind},
                          .entry = entry_of(run, epoch, seq, "step", result)};
  return store_do(s, &op.op);
}

/* On the heap, as posters make them: the op owns its texts. */
static inline enum err set_status(struct store *s, int64_t run, int64_t epoch, enum run_status status,
                                  enum run_wait wait, const char *wait_for, int64_t wake_at, bool *spooled) {
  struct op_run_status *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_status_kind;
  op->run = run;
  op->epoch = epoch;
  op->status = status;
  op->wait = wait;
  op->wait_for = mem_dup(wait_for);
  op->wake_at = wake_at;
  enum err err = store_do(s, &op->op);
  if (spooled) *spooled = op->op.spooled;
  op->op.kind->free(&op->op);
  return err;
}

static inline struct run_row get_run(struct store *s, int64_t id) {
  struct db *db = store_reader(s);
  struct run_row row;
  assert_int_equal(run_get(db, id, &row, NULL), OK);
  store_reader_release(s, db);
  return row;
}

static inline bool run_is(struct store *s, int64_t id, enum run_status status) {
  struct run_row row = get_run(s, id);
  bool is = row.status == status;
  run_row_release(&row);
  return is;
}

/* The first number of a query over the database. */
static inline int64_t ask(struct store *s, const char *sql) {
  struct db *db = store_reader(s);
  struct db_stmt *q = db_prepare(db, sql);
  int64_t v = db_step(q) == DB_ROW ? db_int(q, 0) : -1;
  db_reset(q);
  store_reader_release(s, db);
  return v;
}

static inline int64_t project_of(struct store *s, int64_t run) {
  struct run_row row = get_run(s, run);
  int64_t id = row.project_id;
  run_row_release(&row);
  return id;
}

static inline int64_t running(struct store *s, const char *project, int64_t *epoch) {
  int64_t run = create_run(s, project);
  *epoch = claim(s, run);
  return run;
}
