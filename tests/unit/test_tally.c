/* test_tally.c - the sums behind the metrics: nothing counted twice, repeated calls found with what they cost, and nothing read that ended. */
#include "store_fixture.h"
#include "store/sqlite/connection.h"
#include "store/upkeep/prune.h"
#include "store/upkeep/tally.h"

static int64_t new_run(struct store *s) {
  struct op_run_create op = {.op.kind = &op_run_create_kind, .project = "p", .pipeline = "x"};
  assert_int_equal(store_do(s, &op.op), OK);
  return op.id;
}

static int64_t claim_again(struct store *s, int64_t run) {
  struct op_run_claim op = {.op.kind = &op_run_claim_kind, .id = run, .adopt = true};
  assert_int_equal(store_do(s, &op.op), OK);
  int64_t epoch = op.row.epoch;
  run_row_release(&op.row);
  return epoch;
}

static struct journal_key key_of(const char *scope) {
  struct journal_key key = {.scope = scope, .kind = "llm", .n = 1};
  return key;
}

static int64_t send(struct store *s, int64_t run, int64_t epoch, const char *scope) {
  struct op_call_intent op = {.op.kind = &op_call_intent_kind,
                              .run = run,
                              .epoch = epoch,
                              .key = key_of(scope),
                              .attempt = 1,
                              .role = "writer",
                              .provider = "a",
                              .model = "m",
                              .params = "{}"};
  assert_int_equal(store_do(s, &op.op), OK);
  return op.id;
}

static void answer(struct store *s, int64_t id, int64_t run, int64_t epoch, int64_t cost) {
  struct op_call_finish op = {.op.kind = &op_call_finish_kind,
                              .id = id,
                              .run = run,
                              .epoch = epoch,
                              .state = "answered",
                              .usage = {.input = 10, .output = 5},
                              .price_known = true,
                              .cost_nano = cost,
                              .total_ms = 7};
  assert_int_equal(store_do(s, &op.op), OK);
}

static void scrape(struct store *s, struct tally *t) {
  struct db *db = store_reader(s);
  tally_release(t);
  assert_int_equal(tally_read(t, db), OK);
  store_reader_release(s, db);
}

static void scrapes_count_each_call_once_and_see_what_was_repeated(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  struct tally t = {0};
  int64_t run = new_run(s), epoch = claim_again(s, run);
  answer(s, send(s, run, epoch, "/a"), run, epoch, 100);
  int64_t lost = send(s, run, epoch, "/b"); /* its host dies here */
  scrape(s, &t);
  assert_int_equal(t.in_flight, 1);
  assert_int_equal(t.models[0].outcomes[TALLY_ANSWERED], 1);
  assert_int_equal(t.repeated, 0);
  epoch = claim_again(s, run);
  answer(s, send(s, run, epoch, "/b"), run, epoch, 30);
  answer(s, send(s, run, epoch, "/c"), run, epoch, 1);
  for (int i = 0; i < 3; i++) scrape(s, &t);
  assert_int_equal(t.n_models, 1);
  assert_int_equal(t.models[0].outcomes[TALLY_ANSWERED], 3);
  assert_int_equal(t.models[0].outcomes[TALLY_LOST], 1);
  assert_int_equal(t.models[0].cost_nano, 131);
  assert_int_equal(t.models[0].input, 30);
  assert_int_equal(t.models[0].timed, 3);
  assert_int_equal(t.in_flight, 0);
  assert_int_equal(t.repeated, 1);
  assert_int_equal(t.repeated_cost_nano, 30);
  assert_int_equal(t.runs[RUN_RUNNING], 1);
  answer(s, lost, run, 1, 7); /* it came after all */
  scrape(s, &t);
  assert_int_equal(t.models[0].outcomes[TALLY_ANSWERED], 4);
  assert_int_equal(t.models[0].outcomes[TALLY_LOST], 0);
  assert_int_equal(t.models[0].cost_nano, 138);
  assert_int_equal(t.models[0].unpriced, 0);
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  new_run(s);
  for (int i = 0; i < 3; i++) scrape(s, &t);
  assert_int_equal(t.runs[RUN_COMPLETED], 1);
  assert_int_equal(t.runs[RUN_RUNNING], 0);
  assert_int_equal(t.runs[RUN_QUEUED], 1);
  assert_true(t.oldest_due_ms > 0);
  tally_release(&t);
}

/* A run that was taken away stays among those that ended; what a page shows are those that are there. */
static void add(void *arg, enum run_status status, int64_t n) {
  if (status == RUN_COMPLETED) *(int64_t *)arg = n;
}

static void what_is_pruned_has_ended_all_the_same(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  for (int i = 0; i < 3; i++) {
    int64_t run = new_run(s);
    assert_int_equal(set_status(s, run, claim(s, run), RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  }
  struct prune_counts done;
  struct error e = {0};
  assert_int_equal(prune_library(s, clock_wall_ms() + 1000, 1, false, &done, &e), OK);
  assert_int_equal(done.runs, 2);
  struct tally t = {0};
  scrape(s, &t);
  assert_int_equal(t.runs[RUN_COMPLETED], 3);
  tally_release(&t);
  int64_t there = 0;
  struct db *db = store_reader(s);
  assert_int_equal(runs_count(db, add, &there), OK);
  store_reader_release(s, db);
  assert_int_equal(there, 1);
}

/* --- how much is read --- */

static int one_step(void *arg) {
  ++*(int64_t *)arg;
  return 0;
}

static void ignore_run(void *arg, const struct run_row *row) {
  (void)arg, (void)row;
}

static void ignore_gate(void *arg, const struct gate_row *row) {
  (void)arg, (void)row;
}

/* Steps of SQLite's machine for a scrape and for what the first page asks. */
static int64_t steps(struct store *s) {
  int64_t n = 0, there;
  struct db *db = store_reader(s);
  struct tally t;
  sqlite3_progress_handler(db->h, 1, one_step, &n);
  assert_int_equal(tally_read(&t, db), OK);
  assert_int_equal(runs_count(db, add, &there), OK);
  assert_int_equal(runs_each(db, &(struct run_filter){.unfinished = true, .limit = 100}, ignore_run, NULL),
                   OK);
  assert_int_equal(gates_each(db, 0, true, ignore_gate, NULL), OK);
  sqlite3_progress_handler(db->h, 0, NULL, NULL);
  tally_release(&t);
  store_reader_release(s, db);
  return n;
}

static void add_ended(struct fixture *f, int from, int to) {
  char *
      path = mem_printf("%s/quire.db", f->dir),
     *sql = mem_printf(
         "BEGIN; CREATE TEMP TABLE n AS WITH RECURSIVE n(id) AS (SELECT %d UNION ALL SELECT id + 1 FROM n WHERE id < %d)"
         " SELECT id FROM n;"
         "INSERT INTO runs (id, status, epoch, project_id, pipeline, created_at, started_at, ended_at)"
         " SELECT id, 'completed', 1, 1, 'x', 1, 2, 3 FROM n;"
         "INSERT INTO run_texts (run_id, input, options) SELECT id, '{}', '{}' FROM n;"
         "INSERT INTO calls (run_id, epoch, state, attempt, scope, hash, n, role, provider, model, created_at)"
         " SELECT id, 1, 'sent', 1, '/', zeroblob(32), k.column1, 'writer', 'a', 'm', 1 FROM n, (VALUES (1), (2), (3)) k;"
         "UPDATE calls SET state = 'answered', ended_at = 2 WHERE run_id IN (SELECT id FROM n);"
         "INSERT INTO gates (run_id, scope, hash, n, title, show, show_sha, choices, created_at, status, decision, decided_at)"
         " SELECT id, '/', zeroblob(32), 0, 't', 's', 'x', '[]', 1, 'decided', 'yes', 2 FROM n; COMMIT;",
         from, to);
  sqlite3 *h;
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(h));
  sqlite3_close(h);
  free(sql);
  free(path);
}

static void metrics_and_the_first_page_read_as_much_of_20000_runs_as_of_100(void **state) {
  struct fixture *f = *state;
  int64_t run = new_run(f->store), epoch = claim(f->store, run); /* the oldest of all has not ended */
  send(f->store, run, epoch, "/a");
  add_ended(f, 2, 100);
  int64_t few = steps(f->store);
  add_ended(f, 101, 20000);
  int64_t many = steps(f->store);
  struct tally t = {0};
  scrape(f->store, &t);
  assert_int_equal(t.runs[RUN_COMPLETED], 19999);
  assert_int_equal(t.models[0].outcomes[TALLY_ANSWERED], 3 * 19999);
  tally_release(&t);
  if (many > few + few / 20)
    fail_msg("%lld steps for 20,000 runs, %lld for 100", (long long)many, (long long)few);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(scrapes_count_each_call_once_and_see_what_was_repeated, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(what_is_pruned_has_ended_all_the_same, setup, teardown),
      cmocka_unit_test_setup_teardown(metrics_and_the_first_page_read_as_much_of_20000_runs_as_of_100, setup,
                                      teardown),
  };
  return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
