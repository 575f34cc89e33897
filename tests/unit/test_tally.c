/* test_tally.c - the sums behind the metrics: nothing counted twice over scrapes, repeated calls found with what they cost. */
#include "store_fixture.h"
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
  assert_int_equal(tally_read(t, db), OK);
  store_reader_release(s, db);
}

static void scrapes_count_each_call_once_and_see_what_was_repeated(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  struct tally *t = tally_new();
  int64_t run = new_run(s), epoch = claim_again(s, run);
  answer(s, send(s, run, epoch, "/a"), run, epoch, 100);
  send(s, run, epoch, "/b"); /* its host dies here */
  scrape(s, t);
  assert_int_equal(t->in_flight, 1);
  assert_int_equal(t->models[0].outcomes[TALLY_ANSWERED], 1);
  assert_int_equal(t->repeated, 0);
  epoch = claim_again(s, run);
  answer(s, send(s, run, epoch, "/b"), run, epoch, 30);
  for (int i = 0; i < 3; i++) scrape(s, t);
  assert_int_equal(t->n_models, 1);
  assert_int_equal(t->models[0].outcomes[TALLY_ANSWERED], 2);
  assert_int_equal(t->models[0].cost_nano, 130);
  assert_int_equal(t->models[0].input, 20);
  assert_int_equal(t->in_flight, 0);
  assert_int_equal(t->repeated, 1);
  assert_int_equal(t->repeated_cost_nano, 30);
  assert_int_equal(t->runs[RUN_RUNNING], 1);
  struct op_run_status end = {
      .op.kind = &op_run_status_kind, .run = run, .epoch = epoch, .status = RUN_COMPLETED};
  assert_int_equal(store_do(s, &end.op), OK);
  new_run(s);
  for (int i = 0; i < 3; i++) scrape(s, t);
  assert_int_equal(t->runs[RUN_COMPLETED], 1);
  assert_int_equal(t->runs[RUN_RUNNING], 0);
  assert_int_equal(t->runs[RUN_QUEUED], 1);
  assert_true(t->oldest_due_ms > 0);
  tally_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
      scrapes_count_each_call_once_and_see_what_was_repeated, setup, teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
