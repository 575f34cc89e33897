/* What the ops on journal and calls promise, against a real file. */
#include "runs_fixture.h"

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

/* Asks the same question of a service that hands its answers back. */
static struct op_call_intent intend_by_handle(struct store *s, int64_t run, int64_t epoch, const char *model,
                                              const char *handle, bool only_here) {
  struct call_block block = {.text = "A prompt.", .n = 9};
  struct op_call_intent op = {.op = {.kind = &op_call_intent_kind},
                              .run = run,
                              .epoch = epoch,
                              .attempt = 1,
                              .provider = "openai",
                              .model = model,
                              .blocks = &block,
                              .n_blocks = 1,
                              .handle = handle,
                              .only_here = only_here,
                              .risk_nano = 500,
                              .risk_tokens = 10};
  op.key.scope = "/";
  op.key.kind = "llm";
  do_ok(s, &op.op);
  return op;
}

static void an_answer_under_way_that_is_handed_back_is_taken_up_by_the_next_life(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  struct op_call_intent first = intend_by_handle(s, run, epoch, "m", "quire-1", false);
  assert_null(first.taken_up);
  struct op_call_handle told = {
      .op = {.kind = &op_call_handle_kind}, .id = first.id, .handle = (char *)(uintptr_t) "resp_7"};
  do_ok(s, &told.op);
  epoch = claim(s, run);
  assert_int_equal(ask(s, "SELECT cost_nano + calls FROM runs"), 0); /* not lost */
  struct op_call_intent before = intend_by_handle(s, run, epoch, "another", "quire-2", false);
  assert_string_equal(before.elsewhere, "openai/m"); /* nothing is asked there while that is under way */
  free(before.elsewhere);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls"), 1);
  struct op_call_intent other = intend_by_handle(s, run, epoch, "another", "quire-2", true);
  assert_null(other.taken_up); /* that was another model's answer */
  struct op_call_intent next = intend_by_handle(s, run, epoch, "m", "quire-3", false);
  assert_string_equal(next.taken_up, "resp_7");
  assert_int_equal(next.id, first.id);
  free(next.taken_up);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls"), 2);
  struct op_call_finish *op = finish_of(next.id, run, epoch, 1);
  do_ok(s, &op->op);
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 7000);
  assert_int_equal(ask(s, "SELECT calls FROM runs"), 1);
  /* What is open when the run ends is lost, and booked. */
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  assert_int_equal(ask(s, "SELECT cost_nano FROM runs"), 7500);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 0);
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
  static const char *const failures[][2] = {{"llm", "{\"error\":\"overloaded\"}"},
                                            {"export", "{\"failed\":\"full\"}"}};
  for (int i = 0; i < 2; i++) { /* what a retry is there to try again */
    struct op_journal op = {.op = {.kind = &op_journal_kind},
                            .entry = entry_of(run, epoch, 4 + i, failures[i][0], failures[i][1])};
    do_ok(s, &op.op);
  }
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

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(entries_come_back_in_order_without_the_superseded),
      CASE(a_call_is_intended_finished_and_summed),
      CASE(a_late_answer_is_kept_counted_and_found_by_resume),
      CASE(a_truncated_answer_is_no_late_answer),
      CASE(calls_under_way_at_a_death_are_booked),
      CASE(an_answer_under_way_that_is_handed_back_is_taken_up_by_the_next_life),
      CASE(a_run_that_ends_without_its_host_books_its_calls),
      CASE(a_run_that_ends_with_calls_under_way_books_them),
      CASE(a_late_answer_is_taken_instead_of_asking_again),
      CASE(a_late_answer_of_an_ended_run_is_counted_too),
      CASE(a_late_answer_of_an_ended_run_is_taken_by_the_retry_that_asks),
      CASE(a_retry_starts_with_a_copy_of_the_live_journal),
  };
  return cmocka_run_group_tests_name("store runs", tests, NULL, NULL);
}
