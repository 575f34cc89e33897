/* What prune and the deletion of a project remove, and what they keep. */
#include "keep_fixture.h"

/* --- prune --- */

static void prune_takes_old_runs_and_keeps_the_ledger_and_the_book(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t old = ended_run(s, "b", "Long ago."), newer = ended_run(s, "b", "Shared."),
          other = ended_run(s, "c", "Other.");
  int64_t live = create_run(s, "b");
  edit(s, 1, "chapters/01.md", "Long ago.");
  edit(s, 1, "chapters/01.md", "The book.");
  int64_t before = clock_wall_ms() + 1000;
  int64_t cost, calls, cost_after, calls_after;
  struct db *db = store_reader(s);
  assert_int_equal(calls_spent(db, 0, &cost, &calls), OK);
  store_reader_release(s, db);
  struct prune_counts plan, done;
  struct error e = {0};
  assert_int_equal(prune_library(s, before, 1, true, &plan, &e), OK);
  assert_int_equal(plan.runs, 1); /* the newest of each project stays */
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 4);
  assert_int_equal(prune_library(s, before - 1000000, 0, false, &done, &e), OK);
  assert_int_equal(done.runs, 0); /* not old enough */
  assert_int_equal(prune_library(s, before, 1, false, &done, &e), OK);
  assert_memory_equal(&done, &plan, sizeof done);
  assert_int_equal(done.blobs, 0); /* the text of its prompt is a chapter as well */
  assert_int_equal(ask(s, "SELECT id FROM runs ORDER BY id LIMIT 1"), newer);
  assert_int_equal(prune_library(s, before, 0, true, &plan, &e), OK);
  assert_int_equal(prune_library(s, before, 0, false, &done, &e), OK);
  assert_memory_equal(&done, &plan, sizeof done);
  assert_int_equal(done.runs, 2);
  assert_int_equal(done.blobs, 2);
  assert_int_equal(done.bytes, 13);
  assert_true(run_is(s, live, RUN_QUEUED));
  db = store_reader(s);
  assert_int_equal(calls_spent(db, 0, &cost_after, &calls_after), OK);
  store_reader_release(s, db);
  assert_int_equal(cost_after, cost);
  assert_int_equal(calls_after, calls);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE answer IS NOT NULL OR params IS NOT NULL"), 0);
  assert_int_equal(ask(s, "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM call_blocks)"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE run_id <> 4"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM reads"), 3); /* which chapter depends on what */
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions"), 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM settings WHERE key LIKE 'pruning%'"), 0);
  (void)old, (void)other;
  audit_clean(s);
}

static void prune_keeps_what_an_unfinished_run_still_needs(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t first = ended_run(s, "b", "A."), second = retry(s, first, OK);
  int64_t epoch = claim(s, second);
  assert_int_equal(set_status(s, second, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  int64_t third = retry(s, second, OK);
  struct prune_counts done;
  assert_int_equal(prune_library(s, clock_wall_ms() + 1000, 0, false, &done, NULL), OK);
  assert_int_equal(done.runs, 0); /* 3 continues 2, which continues 1 */
  epoch = claim(s, third);
  assert_int_equal(set_status(s, third, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_prune one = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000, .keep_runs = 2};
  do_ok(s, &one.op);
  assert_int_equal(one.counts.runs, 1);
  audit_clean(s); /* the retries' entries name calls of a run that is gone */
  retry(s, third, OK);
  assert_int_equal(retry(s, first, ERR_NOT_FOUND), 0);
}

static void prune_goes_in_small_batches_and_can_be_broken_off(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  answered_call(s, run, epoch, 1, "A.");
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  change(f, "WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 1300)"
            " INSERT INTO journal (run_id, seq, n, at, size, scope, kind, hash, result)"
            " SELECT 1, i, i, 1, 1, '/', 'step', zeroblob(32), '1' FROM n");
  struct op_prune op = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000};
  do_ok(s, &op.op);
  assert_true(op.more);
  assert_int_equal(op.counts.journal, PRUNE_ROWS);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 800);
  audit_clean(s);                                    /* broken off here: everything that is left is sound */
  assert_int_equal(retry(s, run, ERR_NOT_FOUND), 0); /* its journal is not whole: calls would be paid again */
  reopen(f);
  s = f->store;
  struct prune_counts done;
  assert_int_equal(prune_library(s, 1, 100, false, &done, NULL), OK); /* begun is begun */
  assert_int_equal(done.runs, 1);
  assert_int_equal(done.journal, 800);
  assert_int_equal(done.calls, 1);
  assert_int_equal(done.blobs, 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM settings WHERE key LIKE 'pruning%'"), 0);
  audit_clean(s);
}

static void a_pruned_call_is_no_late_answer(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t first = ended_run(s, "b", "A.");
  change(f, "DELETE FROM journal"); /* so that its answer is a late one */
  int64_t second = retry(s, first, OK);
  struct db *db = store_reader(s);
  int n = 0;
  assert_int_equal(journal_each(db, second, 1000, rows_of, &n), OK);
  assert_int_equal(n, 1);
  store_reader_release(s, db);
  assert_int_equal(set_status(s, second, claim(s, second), RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_prune one = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000, .keep_runs = 1};
  do_ok(s, &one.op);
  assert_int_equal(one.counts.runs, 1);
  int64_t third = retry(s, second, OK);
  db = store_reader(s);
  n = 0;
  assert_int_equal(journal_each(db, third, 1000, rows_of, &n), OK);
  assert_int_equal(n, 0); /* its text is gone: an empty answer would spoil the book */
  store_reader_release(s, db);
}

static void a_project_goes_with_everything_but_the_ledger(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  ended_run(s, "series", "A.");
  ended_run(s, "keep", "B.");
  int64_t live = create_run(s, "series");
  edit(s, 1, "chapters/01.md", "One.");
  edit(s, 2, "chapters/01.md", "Kept.");
  struct prune_counts done;
  struct error e = {0};
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_CONFLICT);
  assert_non_null(strstr(e.message, "1 unfinished run"));
  struct op_run_command cancel = {.op = {.kind = &op_run_command_kind}, .id = live, .what = RUN_CANCEL};
  do_ok(s, &cancel.op);
  run_row_release(&cancel.row);
  change(f, "UPDATE projects SET parent = 1 WHERE slug = 'keep'");
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_CONFLICT);
  assert_non_null(strstr(e.message, "1 part"));
  change(f, "UPDATE projects SET parent = NULL");
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 3);
  assert_int_equal(project_delete(s, "series", &done, &e), OK);
  assert_int_equal(done.runs, 2);
  assert_int_equal(done.artifacts, 1);
  assert_int_equal(done.blobs, 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM projects"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls"), 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM reads"), 1);
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_NOT_FOUND);
  audit_clean(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH(prune_takes_old_runs_and_keeps_the_ledger_and_the_book),
      WITH(prune_keeps_what_an_unfinished_run_still_needs),
      WITH(prune_goes_in_small_batches_and_can_be_broken_off),
      WITH(a_pruned_call_is_no_late_answer),
      WITH(a_project_goes_with_everything_but_the_ledger),
  };
  return cmocka_run_group_tests_name("store keep", tests, NULL, NULL);
}
