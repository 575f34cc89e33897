/* test_cost.c - what a call is booked as, and what is reserved before it is sent. Nano-dollars. */
#include "unit.h"

#include "llm/cost.h"

/* 0.075 USD a million: less than a nano-dollar is left over at most token counts. */
static const struct llm_price cheap = {.input = 75000001, .output = 300000001};
static const struct llm_price cached = {
    .input = 3000000000, .cached_read = 300000000, .cache_write = 3750000000, .output = 15000000000};

static void a_part_of_a_nano_dollar_is_booked_as_a_whole_one(void **state) {
  (void)state;
  struct call_usage one = {.input = 1};
  assert_int_equal(cost_actual(&cheap, &one), 76); /* 75.000001 */
  struct call_usage many = {.input = 2000001, .output = 1};
  assert_int_equal(cost_actual(&cheap, &many), 150000002 + 76 + 301);
}

static void cached_tokens_have_their_own_price_once(void **state) {
  (void)state;
  struct call_usage u = {.input = 1000, .cached_read = 600, .cache_write = 300, .output = 10};
  assert_int_equal(cost_actual(&cached, &u), 100 * 3000 + 600 * 300 + 300 * 3750 + 10 * 15000);
}

static void cached_tokens_without_a_price_cost_what_others_do(void **state) {
  (void)state;
  struct llm_price plain = {.input = 3000000000, .output = 15000000000};
  struct call_usage u = {.input = 1000, .cached_read = 600, .cache_write = 300};
  assert_int_equal(cost_actual(&plain, &u), 1000 * 3000);
}

static void the_reservation_is_never_below_the_dearest_outcome(void **state) {
  (void)state;
  struct call_usage written = {.input = 1000, .cache_write = 1000, .output = 100};
  assert_true(cost_worst(&cached, 1000, 100) >= cost_actual(&cached, &written));
  struct call_usage plain = {.input = 1000, .output = 100};
  assert_true(cost_worst(&cheap, 1000, 100) >= cost_actual(&cheap, &plain));
}

static void an_unknown_price_is_no_price(void **state) {
  (void)state;
  struct call_usage u = {.input = 1000, .output = 100};
  assert_int_equal(cost_actual(NULL, &u), 0);
  assert_int_equal(cost_worst(NULL, 1000, 100), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_part_of_a_nano_dollar_is_booked_as_a_whole_one),
      cmocka_unit_test(cached_tokens_have_their_own_price_once),
      cmocka_unit_test(cached_tokens_without_a_price_cost_what_others_do),
      cmocka_unit_test(the_reservation_is_never_below_the_dearest_outcome),
      cmocka_unit_test(an_unknown_price_is_no_price),
  };
  return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
