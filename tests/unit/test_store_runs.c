/* What the ops on runs, journal and calls promise, against a real file. */
#include "store_fixture.h"
#include "store/upkeep/watch.h"
#include <pthread.h>

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

/* Taken from a dead host: the deaths that its row has afterwards; -1: it is a suspect, -2: poison. */
static int64_t adopt(struct store *s, int64_t run, int death, bool alone) {
  struct op_run_claim op = {.op = {.kind = &op_run_claim_kind},
                            .id = run,
                            .adopt = true,
                            .death = death,
                            .deaths_most = 3,
                            .alone = alone};
  enum err err = store_do(s, &op.op);
  int64_t deaths = op.row.deaths;
  run_row_release(&op.row);
  assert_int_equal(err, op.suspect ? ERR_CONFLICT : OK);
  return op.suspect ? -1 : op.poison ? -2 : deaths;
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

struct seen {
  int n;
  char what[400];
};

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
}

/* --- journal and calls --- */

static void note_entry(void *arg, const struct journal_row *row) {
  struct seen *seen = arg;
  size_t at = strlen(seen->what);
  snprintf(seen->what + at, sizeof seen->what - at, "%lld:%s:%s ", (long long)row->seq, row->kind,
           row->result ? row->result : "-");
  seen->n++;
}

static void journal_of(struct store *s, int64_t run, size_t inline_max, struct seen *seen) {
  *seen = (struct seen){0};
  struct db *db = store_reader(s);
  assert_int_equal(journal_each(db, run, inline_max, note_entry, seen), OK);
  store_reader_release(s, db);
}

static void entries_come_back_in_order_without_the_superseded(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  assert_int_equal(journal(s, run, epoch, 2, "\"two\""), OK);
  struct op_journal op = {.op = {.kind = &op_journal_kind}, .entry = entry_of(run, epoch, 1, "step", "1")};
  do_ok(s, &op.op);
  struct op_journal next = {.op = {.kind = &op_journal_kind}, .entry = entry_of(run, epoch, 3, "get", "3")};
  next.entry.supersedes = op.entry.id;
  do_ok(s, &next.op);
  struct seen seen;
  journal_of(s, run, 2, &seen);
  assert_string_equal(seen.what, "2:step:- 3:get:3 ");
  struct buf b;
  buf_init(&b, 100);
  struct db *db = store_reader(s);
  assert_int_equal(journal_result(db, next.entry.id, 0, &b), OK);
  assert_string_equal(b.data, "3");
  assert_int_equal(journal_result(db, 12345, 0, &b), ERR_NOT_FOUND);
  store_reader_release(s, db);
  buf_release(&b);
  assert_true(ask(s, "SELECT last_heartbeat FROM runs") > 0);
  assert_int_equal(journal(s, run, epoch + 1, 4, "4"), ERR_FENCED);
  assert_int_equal(journal(s, run, epoch - 1, 4, "4"), ERR_FENCED);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 3);
}

static int64_t intend(struct store *s, int64_t run, int64_t epoch, int64_t attempt) {
  struct call_block blocks[2] = {{.text = "You write.", .n = 10, .stable = true},
                                 {.text = " Chapter 1.", .n = 11}};
  struct op_call_intent op = {.op = {.kind = &op_call_intent_kind},
                              .run = run,
                              .epoch = epoch,
                              .attempt = attempt,
                              .role = "writer",
                              .provider = "openai",
                              .model = "m",
                              .params = "{}",
                              .blocks = blocks,
                              .n_blocks = 2,
                              .reads = "[{\"name\":\"chapters/01.md\",\"version\":3},\"fact 7\"]"};
  op.key.scope = "/";
  op.key.kind = "llm";
  do_ok(s, &op.op);
  return op.id;
}

static int64_t intend_at_risk(struct store *s, int64_t run, int64_t epoch, int64_t risk_nano) {
  struct call_block block = {.text = "A prompt of forty bytes, no more, indeed.", .n = 40};
  struct op_call_intent op = {.op = {.kind = &op_call_intent_kind},
                              .run = run,
                              .epoch = epoch,
                              .attempt = 1,
                              .provider = "openai",
                              .model = "m",
                              .blocks = &block,
                              .n_blocks = 1,
                              .risk_nano = risk_nano,
                              .risk_tokens = 10};
  op.key.scope = "/";
  op.key.kind = "llm";
  do_ok(s, &op.op);
  return op.id;
}

static struct op_call_finish *finish_of(int64_t id, int64_t run, int64_t epoch, int64_t seq) {
  struct op_call_finish *op = mem_alloc(sizeof *op);
  *op = (struct op_call_finish){.op = {.kind = &op_call_finish_kind},
                                .id = id,
                                .run = run,
                                .epoch = epoch,
                                .state = "answered",
                                .answer = mem_dup("It was \xff dark."),
                                .stop = mem_dup("end"),
                                .usage = {100, 10, 1, 50, 5},
                                .price_known = true,
                                .cost_nano = 7000,
                                .result = mem_dup("{\"text\":\"It was dark.\"}")};
  op->entry = entry_of(run, epoch, seq, "llm", NULL);
  return op;
}

static void a_call_is_intended_finished_and_summed(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM reads WHERE name = 'chapters/01.md' AND version = 3"), 1);
  struct op_call_finish *op = finish_of(call, run, epoch, 1);
  do_ok(s, &op->op);
  assert_int_equal(store_do(s, &op->op), ERR_NOT_FOUND); /* it has ended: nothing is counted twice */
  op->op.kind->free(&op->op);
  struct run_row row = get_run(s, run);
  assert_int_equal(row.cost_nano, 7000);
  assert_int_equal(row.calls, 1);
  assert_int_equal(row.tokens_in, 100);
  assert_int_equal(row.tokens_out, 50);
  assert_int_equal(row.unpriced_calls, 0);
  run_row_release(&row);
  intend(s, run, epoch, 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM blobs"), 2); /* blocks are stored once */
  struct seen seen;
  journal_of(s, run, 1000, &seen);
  assert_string_equal(seen.what, "1:llm:{\"text\":\"It was dark.\"} ");
  struct buf b;
  buf_init(&b, 100);
  struct db *db = store_reader(s);
  assert_int_equal(call_prompt(db, call, &b), OK);
  assert_string_equal(b.data, "You write. Chapter 1.");
  int64_t cost, calls;
  assert_int_equal(calls_spent(db, clock_wall_ms() - 60000, &cost, &calls), OK);
  assert_int_equal(cost, 7000);
  assert_int_equal(calls, 1);
  store_reader_release(s, db);
  buf_release(&b);
  assert_int_equal(ask(s, "SELECT count(*) FROM v_calls WHERE cost_usd > 0"), 1);
  struct op_call_intent stale = {
      .op = {.kind = &op_call_intent_kind}, .run = run, .epoch = epoch + 1, .provider = "p", .model = "m"};
  assert_int_equal(store_do(s, &stale.op), ERR_FENCED);
}

static void a_late_answer_is_kept_counted_and_found_by_resume(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  claim(s, run); /* adopted: the epoch moved on while the call was in flight */
  struct op_call_finish *op = finish_of(call, run, epoch, 1);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  op->op.kind->free(&op->op);
  struct run_row row = get_run(s, run);
  assert_int_equal(row.cost_nano, 7000);
  run_row_release(&row);
  struct seen seen;
  journal_of(s, run, 1000, &seen);
  assert_string_equal(seen.what, "0:llm:- ");
  struct buf b;
  buf_init(&b, 1000);
  struct db *db = store_reader(s);
  assert_int_equal(journal_result(db, 0, call, &b), OK);
  assert_string_equal(b.data, "{\"text\":\"It was dark.\"}");
  store_reader_release(s, db);
  buf_release(&b);
}

/* Half a chapter must never stand for the whole one, however it was paid. */
static void a_truncated_answer_is_no_late_answer(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  static const char *const states[] = {"truncated", "failed", "cancelled"};
  for (int i = 0; i < 3; i++) {
    int64_t call = intend(s, run, epoch, 1);
    epoch = claim(s, run);
    struct op_call_finish *op = finish_of(call, run, epoch - 1, 1);
    op->state = states[i];
    assert_int_equal(store_do(s, &op->op), ERR_FENCED);
    op->op.kind->free(&op->op);
    struct seen seen;
    journal_of(s, run, 1000, &seen);
    assert_int_equal(seen.n, 0);
    intend(s, run, epoch, 1); /* the question is asked again: nothing is taken in place of an answer */
  }
}

/* Nobody saw how they ended; who crashes again and again would else spend without a limit. */
static void calls_under_way_at_a_death_are_booked(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), known = intend_at_risk(s, run, epoch, 500);
  intend_at_risk(s, run, epoch, -1);
  intend_at_risk(s, run, epoch, 0);
  struct op_run_claim adopt = {.op = {.kind = &op_run_claim_kind}, .id = run, .adopt = true};
  do_ok(s, &adopt.op);
  assert_int_equal(adopt.presumed_nano, 500);
  assert_int_equal(adopt.row.cost_nano, 500); /* what the run's budget begins with */
  assert_int_equal(adopt.row.calls, 3);
  assert_int_equal(adopt.row.tokens_in, 30);
  assert_int_equal(adopt.row.unpriced_calls, 1);
  run_row_release(&adopt.row);
  assert_int_equal(
      ask(s,
          "SELECT count(*) FROM calls WHERE state = 'cancelled' AND usage_estimated AND error LIKE '%booked%'"),
      3);
  struct db *db = store_reader(s);
  int64_t cost, calls;
  assert_int_equal(calls_spent(db, clock_wall_ms() - 60000, &cost, &calls), OK);
  store_reader_release(s, db);
  assert_int_equal(cost, 500);
  assert_int_equal(calls, 3);
  /* This life's own calls are under way; the next life books them, and no call twice. */
  intend_at_risk(s, run, epoch + 1, 70);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 1);
  claim(s, run);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 570);
  /* The answer comes after all (it was spooled): then it cost what it cost, and is kept. */
  struct op_call_finish *op = finish_of(known, run, epoch, 1);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  assert_int_equal(store_do(s, &op->op), ERR_NOT_FOUND);
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 7070);
  assert_int_equal(ask(s, "SELECT calls FROM runs"), 4);
  assert_int_equal(ask(s, "SELECT tokens_in FROM runs"), 130);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'answered' AND error IS NULL"), 1);
}

/* Cancelled by a person, given back by the watcher: no later life of the run will book it. */
static void a_run_that_ends_without_its_host_books_its_calls(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), other = running(s, "c", &epoch);
  intend_at_risk(s, run, epoch, 500);
  intend_at_risk(s, other, epoch, 600);
  struct op_run_command cancel = {
      .op = {.kind = &op_run_command_kind}, .id = run, .what = RUN_CANCEL, .orphan = true};
  do_ok(s, &cancel.op);
  assert_int_equal(cancel.row.cost_nano, 500);
  run_row_release(&cancel.row);
  struct op_run_stale stale = {
      .op = {.kind = &op_run_stale_kind}, .id = other, .epoch = epoch, .judged = true, .then = STALE_FAIL};
  do_ok(s, &stale.op);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs WHERE status = 'failed'"), 600);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 0);
}

/* Its host says of each of them how it ended; it may die before it could. */
static void a_run_that_ends_with_calls_under_way_books_them(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend_at_risk(s, run, epoch, 500);
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 500);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 0);
  struct op_call_finish *op = finish_of(call, run, epoch, 1); /* it lived */
  op->state = "cancelled";
  op->cost_nano = 20;
  op->entry = (struct journal_entry){0};
  do_ok(s, &op->op);
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 20);
  assert_int_equal(ask(s, "SELECT calls FROM runs"), 1);
}

/* It lands after the next life of the run has read its journal, and before that life asks. */
static void a_late_answer_is_taken_instead_of_asking_again(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  int64_t now = claim(s, run);
  struct op_call_finish *op = finish_of(call, run, epoch, 1);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  struct op_call_intent ask_again = {.op = {.kind = &op_call_intent_kind},
                                     .run = run,
                                     .epoch = now,
                                     .key = {.scope = "/", .kind = "llm"},
                                     .provider = "p",
                                     .model = "m"};
  do_ok(s, &ask_again.op);
  assert_int_equal(ask_again.kept, call);
  assert_string_equal(ask_again.kept_result, "{\"text\":\"It was dark.\"}");
  assert_int_equal(ask(s, "SELECT count(*) FROM calls"), 1); /* nothing to send */
  /* A person who wants another answer gets one; so does who asks once the kept one has its entry. */
  ask_again.anew = true;
  do_ok(s, &ask_again.op);
  assert_int_equal(ask_again.kept, 0);
  ask_again.anew = false;
  op->epoch = op->entry.epoch = now;
  op->entry.once = true;
  do_ok(s, &op->op);
  do_ok(s, &ask_again.op);
  assert_int_equal(ask_again.kept, 0);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 7000); /* paid once */
  free(ask_again.kept_result);
  op->op.kind->free(&op->op);
}

static void a_late_answer_of_an_ended_run_is_counted_too(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  assert_int_equal(set_status(s, run, epoch, RUN_CANCELLED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_call_finish *op = finish_of(call, run, epoch, 1);
  op->price_known = false;
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  op->op.kind->free(&op->op);
  assert_int_equal(
      ask(s, "SELECT cost_nano = 7000 AND unpriced_calls = 1 AND status = 'cancelled' FROM runs"), 1);
  /* A retry finds it. */
  struct op_run_create retry = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = "b", .retry_of = run};
  do_ok(s, &retry.op);
  struct seen seen;
  journal_of(s, retry.id, 1000, &seen);
  assert_string_equal(seen.what, "0:llm:- ");
}

/* The retry has read its journal before the answer comes. */
static void a_late_answer_of_an_ended_run_is_taken_by_the_retry_that_asks(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  assert_int_equal(set_status(s, run, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_run_create retry = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = "b", .retry_of = run};
  do_ok(s, &retry.op);
  int64_t now = claim(s, retry.id);
  struct op_call_finish *op = finish_of(call, run, epoch, 1);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  struct op_call_intent ask_again = {.op = {.kind = &op_call_intent_kind},
                                     .run = retry.id,
                                     .epoch = now,
                                     .key = {.scope = "/", .kind = "llm"},
                                     .provider = "p",
                                     .model = "m"};
  do_ok(s, &ask_again.op);
  assert_int_equal(ask_again.kept, call);
  free(ask_again.kept_result);
  op->op.kind->free(&op->op);
}

static void a_retry_starts_with_a_copy_of_the_live_journal(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), call = intend(s, run, epoch, 1);
  struct op_call_finish *finish = finish_of(call, run, epoch, 1);
  do_ok(s, &finish->op);
  struct op_journal again = {.op = {.kind = &op_journal_kind}, .entry = entry_of(run, epoch, 2, "step", "2")};
  again.entry.supersedes = finish->entry.id;
  do_ok(s, &again.op);
  finish->op.kind->free(&finish->op);
  assert_int_equal(journal(s, run, epoch, 3, "3"), OK);
  assert_int_equal(set_status(s, run, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_run_create retry = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = "b", .retry_of = run};
  do_ok(s, &retry.op);
  struct seen seen;
  journal_of(s, retry.id, 1000, &seen);
  assert_string_equal(seen.what, "2:step:2 3:step:3 "); /* the superseded call is no late answer */
  retry.retry_of = 77;
  assert_int_equal(store_do(s, &retry.op), ERR_NOT_FOUND);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
      CASE(entries_come_back_in_order_without_the_superseded),
      CASE(a_call_is_intended_finished_and_summed),
      CASE(a_late_answer_is_kept_counted_and_found_by_resume),
      CASE(a_truncated_answer_is_no_late_answer),
      CASE(calls_under_way_at_a_death_are_booked),
      CASE(a_run_that_ends_without_its_host_books_its_calls),
      CASE(a_run_that_ends_with_calls_under_way_books_them),
      CASE(a_late_answer_is_taken_instead_of_asking_again),
      CASE(a_late_answer_of_an_ended_run_is_counted_too),
      CASE(a_late_answer_of_an_ended_run_is_taken_by_the_retry_that_asks),
      CASE(a_retry_starts_with_a_copy_of_the_live_journal),
  };
  return cmocka_run_group_tests_name("store runs", tests, NULL, NULL);
}
