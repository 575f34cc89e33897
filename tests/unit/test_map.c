/* test_map.c - the hash map against a plain array that does the same slowly. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

static void settings_come_back_in_the_order_they_were_given(void **state) {
  (void)state;
  static const char *const keys[] = {"title", "genre", "chapters", "tone"};
  struct map *m = map_new();
  for (size_t i = 0; i < 4; i++) assert_null(map_put(m, keys[i], (void *)(uintptr_t)(i + 1)));
  assert_ptr_equal(map_put(m, "genre", (void *)9), (void *)2);
  size_t i = 0, n, seen = 0;
  const char *key;
  void *value;
  while (map_next(m, &i, &key, &n, &value)) {
    assert_string_equal(key, keys[seen]);
    assert_int_equal(n, strlen(keys[seen++]));
  }
  assert_int_equal(seen, 4);
  assert_ptr_equal(map_get(m, "genre"), (void *)9);
  assert_null(map_get(m, "nothing"));
  map_free(m, NULL);
}

static void keys_with_zero_bytes_and_the_empty_key_are_told_apart(void **state) {
  (void)state;
  struct map *m = map_new();
  map_put_n(m, "a\0b", 3, (void *)1);
  map_put_n(m, "a\0c", 3, (void *)2);
  map_put_n(m, "", 0, (void *)3);
  assert_ptr_equal(map_get_n(m, "a\0b", 3), (void *)1);
  assert_ptr_equal(map_get_n(m, "a\0c", 3), (void *)2);
  assert_ptr_equal(map_get(m, ""), (void *)3);
  assert_null(map_get(m, "a"));
  map_free(m, NULL);
}

static void values_are_freed_with_the_map(void **state) {
  (void)state;
  struct map *m = map_new();
  map_put(m, "a", mem_dup("1"));
  map_put(m, "b", mem_dup("2"));
  free(map_remove_n(m, "a", 1));
  map_free(m, free);
  map_free(NULL, free);
}

enum { KEYS = 500, ROUNDS = 60000 };

static void nothing_is_lost_over_many_puts_and_removals(void **state) {
  (void)state;
  uintptr_t model[KEYS] = {0};
  size_t live = 0;
  uint32_t random = 7;
  struct map *m = map_new();
  for (int round = 0; round < ROUNDS; round++) {
    random = random * 1664525u + 1013904223u;
    size_t k = (random >> 8) % KEYS;
    char key[16];
    int n = snprintf(key, sizeof key, "key %zu", k);
    bool removing = (random >> 28) < 7;
    uintptr_t value = removing ? 0 : (uintptr_t)round + 1;
    void *old = removing ? map_remove_n(m, key, (size_t)n) : map_put(m, key, (void *)value);
    assert_ptr_equal(old, (void *)model[k]);
    live += (value != 0) - (size_t)(model[k] != 0);
    model[k] = value;
    assert_int_equal(map_count(m), live);
  }
  size_t i = 0, seen = 0;
  while (map_next(m, &i, NULL, NULL, NULL)) seen++;
  assert_int_equal(seen, live);
  map_free(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(settings_come_back_in_the_order_they_were_given),
      cmocka_unit_test(keys_with_zero_bytes_and_the_empty_key_are_told_apart),
      cmocka_unit_test(values_are_freed_with_the_map),
      cmocka_unit_test(nothing_is_lost_over_many_puts_and_removals),
  };
  return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
