/* What the ops on runs promise, against a real file. */
#include "runs_fixture.h"

/* --- runs --- */

static void a_run_is_created_with_its_project_and_gives(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  struct run_give give = {.name = "outline.md", .kind = "markdown", .content = "# One", .n = 5};
  struct op_run_create op = {.op = {.kind = &op_run_create_kind},
                             .pipeline = "generate_book",
                             .project = "The Keeper's Book!",
                             .input = "{\"title\":\"x\"}",
                             .options = "{}",
                             .gives = &give,
                             .n_gives = 1,
                             .key = "k1"};
  do_ok(s, &op.op);
  assert_false(op.existed);
  assert_string_equal(op.project_slug, "the-keepers-book");
  struct run_row row = get_run(s, op.id);
  assert_int_equal(row.status, RUN_QUEUED);
  assert_string_equal(row.input, "{\"title\":\"x\"}");
  assert_string_equal(row.key, "k1");
  assert_int_equal(row.epoch, 0);
  run_row_release(&row);
  assert_int_equal(
      ask(s,
          "SELECT count(*) FROM v_artifacts WHERE name = 'given/outline.md' AND author = 'person' AND is_head"),
      1);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE kind = 'status'"), 1);
  op.input = "{\"title\":\"other\"}";
  do_ok(s, &op.op);
  assert_true(op.existed);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
}

static void new_projects_get_their_own_slugs(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  static const char *const expected[] = {"untitled", "untitled-2", "untitled-3"};
  for (int i = 0; i < 3; i++) {
    struct op_run_create op = {.op = {.kind = &op_run_create_kind}, .pipeline = "p"};
    do_ok(s, &op.op);
    assert_string_equal(op.project_slug, expected[i]);
  }
  struct op_run_create again = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = "untitled-2"};
  do_ok(s, &again.op);
  assert_string_equal(again.project_slug, "untitled-2");
  assert_int_equal(ask(s, "SELECT count(*) FROM projects"), 3);
  struct op_run_create named = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project_title = "Great Book"};
  do_ok(s, &named.op);
  assert_string_equal(named.project_slug, "great-book");
}

struct creator {
  struct store *store;
  int64_t id;
  bool existed;
};

static void *create_with_key(void *arg) {
  struct creator *c = arg;
  struct op_run_create op = {.op = {.kind = &op_run_create_kind}, .pipeline = "p", .key = "same"};
  if (store_do(c->store, &op.op) == OK) c->id = op.id;
  c->existed = op.existed;
  return NULL;
}

static void twenty_threads_with_one_key_make_one_run(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  pthread_t threads[20];
  struct creator c[20];
  int existed = 0;
  for (int i = 0; i < 20; i++) {
    c[i] = (struct creator){.store = s};
    pthread_create(&threads[i], NULL, create_with_key, &c[i]);
  }
  for (int i = 0; i < 20; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(c[i].id, c[0].id);
    existed += c[i].existed;
  }
  assert_int_equal(existed, 19);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM projects"), 1);
}

static void a_claim_gives_a_new_epoch_and_no_heartbeat(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b");
  struct op_run_claim op = {.op = {.kind = &op_run_claim_kind}, .id = run};
  do_ok(s, &op.op);
  assert_int_equal(op.row.epoch, 1);
  assert_int_equal(op.row.status, RUN_RUNNING);
  assert_string_equal(op.row.input, "{\"a\":1}");
  assert_int_equal(op.row.last_heartbeat, 0);
  assert_true(op.row.started_at > 0);
  run_row_release(&op.row);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* running, not adopted */
  assert_non_null(strstr(op.op.error.message, "running"));
  op.id = 99;
  assert_int_equal(store_do(s, &op.op), ERR_NOT_FOUND);
}

static void deaths_without_a_new_entry_are_counted(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  for (int deaths = 1; deaths <= 2; deaths++) assert_int_equal(adopt(s, run, DEATH_COUNTED, false), deaths);
  assert_int_equal(adopt(s, run, DEATH_COUNTED, false), -1); /* the third: one of many may be to blame */
  assert_int_equal(adopt(s, run, DEATH_COUNTED, true), 3);
  struct run_row row = get_run(s, run);
  epoch = row.epoch;
  run_row_release(&row);
  assert_int_equal(journal(s, run, epoch, 1, "1"), OK);
  assert_int_equal(adopt(s, run, DEATH_COUNTED, false), 1); /* it got on */
}

static void a_run_that_dies_alone_is_poison(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b");
  claim(s, run);
  for (int deaths = 1; deaths <= 5; deaths++) assert_int_equal(adopt(s, run, DEATH_COUNTED, true), deaths);
  assert_int_equal(adopt(s, run, DEATH_COUNTED, true), -2);
}

static void a_run_in_which_hosts_crash_is_poison_at_the_third(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b");
  claim(s, run);
  for (int deaths = 1; deaths <= 2; deaths++) assert_int_equal(adopt(s, run, DEATH_BY_THIS, false), deaths);
  assert_int_equal(adopt(s, run, DEATH_BY_THIS, false), -2);
}

/* kill -9, a power cut, a guardian that died: however often, and in whatever order. */
static void a_death_from_outside_counts_for_nobody(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b");
  claim(s, run);
  for (int i = 0; i < 20; i++) assert_int_equal(adopt(s, run, DEATH_NOT_COUNTED, false), 0);
  assert_int_equal(adopt(s, run, DEATH_COUNTED, false), 1);
  for (int i = 0; i < 20; i++) assert_int_equal(adopt(s, run, DEATH_NOT_COUNTED, false), 1);
}

static void a_status_is_fenced_by_epoch_and_status(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  assert_int_equal(set_status(s, run, epoch - 1, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), ERR_FENCED);
  assert_int_equal(set_status(s, run, epoch, RUN_WAITING, FOR_BUDGET, "a higher budget", 0, NULL), OK);
  struct run_row row = get_run(s, run);
  assert_int_equal(row.wait, FOR_BUDGET);
  assert_string_equal(row.wait_for, "a higher budget");
  run_row_release(&row);
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL),
                   ERR_FENCED); /* not running */
  assert_int_equal(journal(s, run, epoch, 1, "1"), ERR_FENCED);
}

static void a_status_that_names_no_next_mover_is_refused(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  assert_int_equal(set_status(s, run, epoch, RUN_WAITING, FOR_NOTHING, NULL, 0, NULL), ERR_INVALID);
  assert_int_equal(set_status(s, run, epoch, RUN_WAITING, FOR_TIMER, "ten o'clock", 0, NULL),
                   ERR_INVALID); /* no time */
  assert_int_equal(set_status(s, run, epoch, RUN_NO_STATUS, FOR_NOTHING, NULL, 0, NULL), ERR_INVALID);
  assert_true(run_is(s, run, RUN_RUNNING));
}

static void rows_of_ended_runs_never_change(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_run_command op = {.op = {.kind = &op_run_command_kind}, .id = run, .what = RUN_CANCEL};
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
  op.what = RUN_RESUME;
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
  assert_non_null(strstr(op.op.error.hint, "retry"));
  struct op_run_claim again = {.op = {.kind = &op_run_claim_kind}, .id = run, .adopt = true};
  assert_int_equal(store_do(s, &again.op), ERR_CONFLICT);
  struct fixture *f = *state; /* and whoever writes past the ops meets the triggers */
  store_close(f->store);
  char *path = mem_printf("%s/quire.db", f->dir);
  struct db *db;
  assert_int_equal(db_open(path, DB_WRITER, &db, NULL), OK);
  assert_int_equal(db_exec(db, "UPDATE runs SET status = 'queued', ended_at = NULL"), ERR_CONFLICT);
  assert_int_equal(db_exec(db, "UPDATE runs SET phase = 'x'"), ERR_CONFLICT);
  assert_int_equal(db_exec(db, "UPDATE run_texts SET error = 'x'"), ERR_CONFLICT);
  assert_int_equal(db_exec(db, "UPDATE runs SET cost_nano = cost_nano + 1"),
                   OK); /* a late answer is still counted */
  db_close(db);
  free(path);
  f->store = open_store(f->dir, STORE_OWNER);
}

static void a_person_resumes_and_cancels(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct op_artifact_edit edit = {.op = {.kind = &op_artifact_edit_kind},
                                  .project = project_of(s, run),
                                  .name = "a.md",
                                  .content = "x",
                                  .n = 1,
                                  .expected = -1};
  do_ok(s, &edit.op);
  struct with with;
  assert_int_equal(with_parse("scripts,artifacts", &with, NULL), OK);
  struct op_run_command op = {.op = {.kind = &op_run_command_kind},
                              .id = run,
                              .what = RUN_RESUME,
                              .with = &with,
                              .options = "{\"budget\":2}"};
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* it is running */
  op.what = RUN_PAUSE;
  op.orphan = true;
  do_ok(s, &op.op);
  assert_int_equal(journal(s, run, epoch, 1, "1"), ERR_FENCED); /* what it was at comes too late */
  op.what = RUN_RESUME;
  op.orphan = false;
  do_ok(s, &op.op);
  epoch = claim(s, run);
  assert_int_equal(set_status(s, run, epoch, RUN_WAITING, FOR_BUDGET, "money", 0, NULL), OK);
  do_ok(s, &op.op);
  assert_int_equal(op.row.status, RUN_QUEUED);
  assert_string_equal(op.row.resume_with, "scripts,artifacts");
  assert_string_equal(op.row.options, "{\"budget\":2}");
  assert_true(op.row.read_horizon > 0);
  assert_int_equal(op.row.wait, FOR_NOTHING);
  op.what = RUN_CANCEL;
  do_ok(s, &op.op);
  assert_int_equal(op.row.status, RUN_CANCELLED);
  assert_int_equal(op.row.epoch, epoch + 1);
  with_release(&with);
  run_row_release(&op.row);
}

static void progress_moves_fields_and_heartbeat(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct op_run_progress *op = mem_alloc(sizeof *op);
  *op = (struct op_run_progress){.op = {.kind = &op_run_progress_kind},
                                 .run = run,
                                 .epoch = epoch,
                                 .phase = mem_dup("writing"),
                                 .done = 2,
                                 .total = 9};
  do_ok(s, &op->op);
  op->done = op->total = -1;
  free(op->phase);
  op->phase = NULL;
  op->label = mem_dup("chapter 3");
  do_ok(s, &op->op);
  struct run_row row = get_run(s, run);
  assert_string_equal(row.phase, "writing");
  assert_string_equal(row.progress_label, "chapter 3");
  assert_int_equal(row.progress_done, 2);
  assert_int_equal(row.progress_total, 9);
  assert_true(row.last_heartbeat > 0);
  run_row_release(&row);
  op->epoch++;
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  op->op.kind->free(&op->op);
}

static void note_run(void *arg, int64_t id, int64_t project) {
  (void)project;
  struct seen *seen = arg;
  size_t at = strlen(seen->what);
  snprintf(seen->what + at, sizeof seen->what - at, "%lld ", (long long)id);
}

static void note_row(void *arg, const struct run_row *row) {
  note_run(arg, row->id, row->project_id);
}

static void unfinished_runs_are_found_when_they_are_due(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t now = clock_wall_ms();
  create_run(s, "b");           /* 1: queued */
  claim(s, create_run(s, "b")); /* 2: running */
  int64_t later = create_run(s, "b"), past = create_run(s, "b"), person = create_run(s, "b");
  int64_t done = create_run(s, "b"), backoff = create_run(s, "b");
  assert_int_equal(set_status(s, later, claim(s, later), RUN_WAITING, FOR_TIMER, "later", now + 60000, NULL),
                   OK);
  assert_int_equal(set_status(s, past, claim(s, past), RUN_WAITING, FOR_PROVIDER, "a minute", now - 1, NULL),
                   OK);
  assert_int_equal(set_status(s, person, claim(s, person), RUN_WAITING, FOR_BUDGET, "a person", 0, NULL), OK);
  assert_int_equal(set_status(s, done, claim(s, done), RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  assert_int_equal(set_status(s, backoff, claim(s, backoff), RUN_QUEUED, FOR_NOTHING, NULL, now + 5000, NULL),
                   OK);
  struct seen seen = {0};
  struct db *db = store_reader(s);
  assert_int_equal(runs_due(db, note_run, &seen), OK);
  assert_string_equal(seen.what, "1 2 4 ");
  int64_t wake;
  assert_int_equal(runs_next_wake(db, &wake), OK);
  assert_int_equal(wake, now - 1);
  struct run_filter filter = {.unfinished = true, .project = "b", .before_id = 5, .limit = 2};
  seen = (struct seen){0};
  assert_int_equal(runs_each(db, &filter, note_row, &seen), OK);
  assert_string_equal(seen.what, "4 3 ");
  seen = (struct seen){0};
  assert_int_equal(runs_stale(db, now, now + 100000, note_row, &seen), OK);
  assert_string_equal(seen.what, "2 ");
  store_reader_release(s, db);
  claim(s, past); /* its time has come */
  assert_true(run_is(s, past, RUN_RUNNING));
  struct op_run_claim early = {.op = {.kind = &op_run_claim_kind}, .id = later};
  assert_int_equal(store_do(s, &early.op), ERR_CONFLICT);
  early.id = backoff;
  assert_int_equal(store_do(s, &early.op), ERR_CONFLICT);
  assert_non_null(strstr(early.op.error.message, "begins later"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_run_is_created_with_its_project_and_gives),
      CASE(new_projects_get_their_own_slugs),
      CASE(twenty_threads_with_one_key_make_one_run),
      CASE(a_claim_gives_a_new_epoch_and_no_heartbeat),
      CASE(deaths_without_a_new_entry_are_counted),
      CASE(a_run_that_dies_alone_is_poison),
      CASE(a_run_in_which_hosts_crash_is_poison_at_the_third),
      CASE(a_death_from_outside_counts_for_nobody),
      CASE(a_status_is_fenced_by_epoch_and_status),
      CASE(a_status_that_names_no_next_mover_is_refused),
      CASE(rows_of_ended_runs_never_change),
      CASE(a_person_resumes_and_cancels),
      CASE(progress_moves_fields_and_heartbeat),
      CASE(unfinished_runs_are_found_when_they_are_due),
  };
  return cmocka_run_group_tests_name("store runs", tests, NULL, NULL);
}
