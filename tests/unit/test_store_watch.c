/* The watcher's ops: stale runs, beats, deaths without progress. */
#include "keep_fixture.h"

/* --- the watcher's ops --- */

static void age(const struct fixture *f, int64_t run, int64_t ms) {
  char *text = mem_printf("UPDATE runs SET last_heartbeat = %lld WHERE id = %lld",
                          (long long)(clock_wall_ms() - ms), (long long)run);
  change(f, text);
  free(text);
}

static struct op_run_stale sweep_of(int64_t run, int64_t epoch) {
  return (struct op_run_stale){.op = {.kind = &op_run_stale_kind},
                               .id = run,
                               .epoch = epoch,
                               .beat_before = clock_wall_ms() - 900000,
                               .started_before = clock_wall_ms() - 7200000};
}

static void a_stale_run_is_queued_again_and_its_zombie_fenced(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  assert_int_equal(journal(s, run, epoch, 1, "1"), OK);
  struct op_run_stale op = sweep_of(run, epoch);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* it moves */
  age(f, run, 960000);
  do_ok(s, &op.op);
  assert_int_equal(op.outcome, STALE_REQUEUED);
  assert_int_equal(op.deaths, 1);
  assert_true(run_is(s, run, RUN_QUEUED));
  assert_int_equal(ask(s, "SELECT epoch FROM runs"), epoch + 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE data LIKE '%no sign of life for 16 minutes%'"),
                   1);
  assert_int_equal(journal(s, run, epoch, 2, "1"), ERR_FENCED);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* a second watcher comes late */
  audit_clean(s);
}

static void a_run_that_moved_in_the_meantime_is_left_alone(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  age(f, run, 960000);
  struct op_run_stale op = sweep_of(run, epoch); /* seen as stale ... */
  struct run_beat *beats = mem_alloc(sizeof *beats);
  *beats = (struct run_beat){.run = run, .epoch = epoch};
  struct op_run_beats *beat = mem_alloc(sizeof *beat);
  *beat = (struct op_run_beats){.op = {.kind = &op_run_beats_kind}, .beats = beats, .n = 1};
  do_ok(s, &beat->op);
  beat->op.kind->free(&beat->op);
  op.then = STALE_FAIL;
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* ... but it beat since */
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_RUNNING);
  assert_null(row.error); /* the text of the failure was undone, too */
  assert_int_equal(row.deaths, 0);
  run_row_release(&row);
  age(f, run, 960000);
  op.epoch = epoch - 1;
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
}

static void a_run_without_any_beat_has_two_hours(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct op_run_stale op = sweep_of(run, epoch);
  char *text = mem_printf("UPDATE runs SET started_at = %lld", (long long)clock_wall_ms() - 7100000);
  change(f, text);
  free(text);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
  text = mem_printf("UPDATE runs SET started_at = %lld", (long long)clock_wall_ms() - 7300000);
  change(f, text);
  free(text);
  do_ok(s, &op.op);
  assert_true(run_is(s, run, RUN_QUEUED));
}

static void on_stale_fail_says_why(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  age(f, run, 960000);
  struct op_run_stale op = sweep_of(run, epoch);
  op.then = STALE_FAIL;
  do_ok(s, &op.op);
  assert_int_equal(op.outcome, STALE_FAILED);
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_FAILED);
  assert_true(row.ended_at > 0);
  assert_non_null(strstr(row.error, "\"kind\":\"stuck\""));
  assert_non_null(strstr(row.error, "no sign of life for 16 minutes"));
  run_row_release(&row);
  audit_clean(s);
}

static void three_deaths_without_progress_are_poison(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch;
  for (int i = 1; i <= 4; i++) {
    epoch = claim(s, run);
    if (i == 2) assert_int_equal(journal(s, run, epoch, 1, "1"), OK); /* progress: the count starts again */
    struct op_run_stale op = sweep_of(run, epoch);
    op.judged = true; /* this host's own, stopped: its beat in memory was judged */
    op.reason = "its loop did not tick for 30 s";
    do_ok(s, &op.op);
    assert_int_equal(op.deaths, i == 1 ? 1 : i - 1);
    assert_int_equal(op.outcome, i == 4 ? STALE_POISON : STALE_REQUEUED);
  }
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_FAILED);
  assert_non_null(strstr(row.error, "\"kind\":\"stuck\""));
  assert_non_null(strstr(row.error, "died 3 times in a row at the same place"));
  assert_non_null(strstr(row.error, "did not tick"));
  assert_non_null(strstr(row.error, "quire retry"));
  run_row_release(&row);
  audit_clean(s);
}

static void many_beats_are_one_op_and_the_lost_runs_are_named(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  enum { RUNS = 200 };
  struct op_run_beats *op = mem_alloc(sizeof *op);
  *op = (struct op_run_beats){
      .op = {.kind = &op_run_beats_kind}, .beats = mem_alloc(RUNS * sizeof(struct run_beat)), .n = RUNS};
  for (int i = 0; i < RUNS; i++) {
    int64_t run = create_run(s, "b");
    op->beats[i] = (struct run_beat){.run = run, .epoch = claim(s, run)};
  }
  op->beats[7].epoch--; /* another host has it */
  assert_int_equal(
      set_status(s, op->beats[9].run, op->beats[9].epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct store_stats before, after;
  store_stats(s, &before);
  do_ok(s, &op->op);
  store_stats(s, &after);
  assert_int_equal(after.commits - before.commits, 1);
  assert_int_equal(op->n_fenced, 2);
  for (int i = 0; i < RUNS; i++) assert_int_equal(op->beats[i].fenced, i == 7 || i == 9);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs WHERE last_heartbeat IS NOT NULL"), RUNS - 2);
  op->op.kind->free(&op->op);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH(a_stale_run_is_queued_again_and_its_zombie_fenced),
      WITH(a_run_that_moved_in_the_meantime_is_left_alone),
      WITH(a_run_without_any_beat_has_two_hours),
      WITH(on_stale_fail_says_why),
      WITH(three_deaths_without_progress_are_poison),
      WITH(many_beats_are_one_op_and_the_lost_runs_are_named),
  };
  return cmocka_run_group_tests_name("store keep", tests, NULL, NULL);
}
