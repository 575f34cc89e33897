/* test_limits.c - lanes: how much may be under way at one model, whose turn it is, and what a provider's patience changes. */
#include "unit.h"
#include <string.h>
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "llm/limits.h"

struct desk {
  struct loop *loop;
  struct limits *limits;
  struct lane *lane;
  struct lane_ticket tickets[64];
  char let[65]; /* the tickets that were let through since the last look, as letters */
};

static struct desk *desk_open(int concurrency, int tokens_per_minute) {
  struct desk *d = mem_alloc(sizeof *d);
  d->loop = loop_new();
  d->limits = limits_new(d->loop);
  d->lane = limits_lane(d->limits, "local/m", concurrency, 0, tokens_per_minute);
  return d;
}

static void desk_close(struct desk *d) {
  for (int i = 0; i < 64; i++) lane_leave(&d->tickets[i], LANE_FAILED);
  limits_free(d->limits);
  loop_free(d->loop);
  free(d);
}

static void granted(struct lane_ticket *t) {
  struct desk *d = t->arg;
  d->let[strlen(d->let)] = (char)('A' + (t - d->tickets));
}

static void enter(struct desk *d, int i, int64_t run, int64_t tokens) {
  d->tickets[i] = (struct lane_ticket){.run = run, .tokens = tokens, .granted = granted, .arg = d};
  lane_enter(d->lane, &d->tickets[i]);
}

static void enter_all(struct desk *d, int first, int last) {
  for (int i = first; i <= last; i++) enter(d, i, 1, 1);
}

static bool one_pass(void *arg) {
  loop_stop(arg);
  return true;
}

/* What one turn of the loop lets through. */
static const char *let_through(struct desk *d) {
  memset(d->let, 0, sizeof d->let);
  loop_set_idle(d->loop, one_pass, d->loop);
  loop_run(d->loop);
  return d->let;
}

static void leave(struct desk *d, int first, int last, enum lane_outcome outcome) {
  for (int i = first; i <= last; i++) lane_leave(&d->tickets[i], outcome);
}

static void no_more_calls_are_under_way_than_the_provider_allows(void **state) {
  (void)state;
  struct desk *d = desk_open(2, 0);
  enter_all(d, 0, 4);
  assert_string_equal(let_through(d), "AB");
  assert_string_equal(let_through(d), "");
  leave(d, 1, 1, LANE_ANSWERED);
  assert_string_equal(let_through(d), "C");
  desk_close(d);
}

static void each_run_has_its_turn_and_its_own_order(void **state) {
  (void)state;
  struct desk *d = desk_open(1, 0);
  enter_all(d, 0, 3); /* A to D of run 1, E and F of run 2 */
  enter(d, 4, 2, 1);
  enter(d, 5, 2, 1);
  char order[8] = "";
  for (int i = 0; i < 6; i++) {
    assert_int_equal(strlen(let_through(d)), 1);
    order[i] = d->let[0];
    leave(d, order[i] - 'A', order[i] - 'A', LANE_ANSWERED);
  }
  assert_string_equal(order, "AEBFCD");
  desk_close(d);
}

static void tokens_of_a_minute_are_not_taken_twice(void **state) {
  (void)state;
  struct desk *d = desk_open(0, 6000);
  enter(d, 0, 1, 5500);
  enter(d, 1, 1, 3000); /* the bucket has enough for it in 25 seconds */
  assert_string_equal(let_through(d), "A");
  leave(d, 0, 0, LANE_ANSWERED);
  assert_string_equal(let_through(d), "");
  desk_close(d);
}

/* Eight under way are refused at once: four may go then, not one. Ten answers later it is one more, and so on to what was allowed. */
static void a_burst_of_refusals_halves_a_lane_once_and_answers_widen_it_again(void **state) {
  (void)state;
  struct desk *d = desk_open(8, 0);
  enter_all(d, 0, 7);
  assert_string_equal(let_through(d), "ABCDEFGH");
  leave(d, 0, 7, LANE_RATE_LIMITED);
  enter_all(d, 8, 15);
  assert_string_equal(let_through(d), "IJKL");
  for (int answers = 0; answers < 2 * LANE_SUCCESSES; answers++) {
    int i = 0;
    while (!d->tickets[i].under_way) i++;
    leave(d, i, i, LANE_ANSWERED);
    enter(d, i, 1, 1);
    let_through(d);
  }
  int under_way = 0;
  for (int i = 0; i < 64; i++) under_way += d->tickets[i].under_way;
  assert_int_equal(under_way, 6);
  desk_close(d);
}

static void a_lane_that_is_held_lets_nobody_through(void **state) {
  (void)state;
  struct desk *d = desk_open(0, 0);
  lane_hold(d->lane, clock_mono_ns() + 60000000000);
  enter(d, 0, 1, 1);
  enter(d, 1, 2, 1);
  assert_string_equal(let_through(d), "");
  desk_close(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_more_calls_are_under_way_than_the_provider_allows),
      cmocka_unit_test(each_run_has_its_turn_and_its_own_order),
      cmocka_unit_test(tokens_of_a_minute_are_not_taken_twice),
      cmocka_unit_test(a_burst_of_refusals_halves_a_lane_once_and_answers_widen_it_again),
      cmocka_unit_test(a_lane_that_is_held_lets_nobody_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
