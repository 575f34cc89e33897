/* test_turns.c - who begins next when limits hold runs back. */
#include "unit.h"
#include <string.h>
#include "engine/turns.h"

/* Runs 1..n of these projects wait; what begins, as a string of run numbers. */
static const char *pick(const char *projects, const char *held, struct turn_limits limits) {
  static char out[64];
  struct turn due[32] = {0}, in_hand[32] = {0};
  size_t n = strlen(projects), n_held = strlen(held);
  for (size_t i = 0; i < n; i++) due[i] = (struct turn){.run = (int64_t)i + 1, .project = projects[i]};
  for (size_t i = 0; i < n_held; i++) in_hand[i] = (struct turn){.run = 100, .project = held[i]};
  size_t picked = turns_pick(due, n, in_hand, n_held, limits);
  for (size_t i = 0; i < picked; i++) out[i] = (char)('0' + due[i].run);
  out[picked] = '\0';
  return out;
}

static void a_large_project_does_not_hold_up_a_small_one(void **state) {
  (void)state;
  assert_string_equal(pick("aaab", "", (struct turn_limits){.runs = 2}), "14");
  assert_string_equal(pick("aaab", "a", (struct turn_limits){.runs = 2}), "4");
  assert_string_equal(pick("aabbcc", "", (struct turn_limits){.runs = 4}), "1352");
}

static void limits_hold_and_no_limit_holds_nothing(void **state) {
  (void)state;
  assert_string_equal(pick("aab", "", (struct turn_limits){0}), "132");
  assert_string_equal(pick("aab", "", (struct turn_limits){.project_runs = 1}), "13");
  assert_string_equal(pick("aab", "a", (struct turn_limits){.project_runs = 1}), "3");
  assert_string_equal(pick("aab", "cc", (struct turn_limits){.runs = 2}), "");
  assert_string_equal(pick("aab", "ccc", (struct turn_limits){.runs = 2}), "");
  assert_string_equal(pick("", "", (struct turn_limits){.runs = 2}), "");
}

static void one_at_a_time_still_takes_turns(void **state) {
  (void)state;
  struct turn due[] = {{.run = 2, .project = 'a', .last = 1},
                       {.run = 3, .project = 'a', .last = 1},
                       {.run = 4, .project = 'b'}};
  assert_int_equal(turns_pick(due, 3, NULL, 0, (struct turn_limits){.runs = 1}), 1);
  assert_int_equal(due[0].run, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_project_does_not_hold_up_a_small_one),
      cmocka_unit_test(limits_hold_and_no_limit_holds_nothing),
      cmocka_unit_test(one_at_a_time_still_takes_turns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
