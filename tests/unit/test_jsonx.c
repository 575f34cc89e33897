/* test_jsonx.c - what comes in from providers and people, and the one form that is hashed. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/mem.h"

static json_t *parse(const char *text) {
  json_t *v = NULL;
  struct error e = {0};
  if (jsonx_parse(text, strlen(text), "the test", &v, &e) != OK) fail_msg("%s: %s", text, e.message);
  return v;
}

static void equal_requests_have_equal_bytes(void **state) {
  (void)state;
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"{ \"b\": [1, 2.5, null], \"a\": {\"z\": true, \"y\": false} }",
       "{\"a\":{\"y\":false,\"z\":true},\"b\":[1,2.5,null]}"},
      {"[]", "[]"},
      {"{}", "{}"},
      {"\"x\"", "\"x\""},
      {"9007199254740993", "9007199254740993"},
      {"[0.1, 1.0, -0.0, 1e300, 0.30000000000000004, 1e2]",
       "[0.1,1.0,-0.0,1e+300,0.30000000000000004,100.0]"},
      {"\"\\u00e9 \\u20ac \\/ \\\" \\\\ \\n \\u0001 \\ud83d\\ude00\"",
       "\"\u00e9 \u20ac / \\\" \\\\ \\n \\u0001 \U0001f600\""},
      {"\"nul \\u0000 inside\"", "\"nul \\u0000 inside\""},
      {"{\"\u00e9\":1,\"z\":2,\"Z\":3}", "{\"Z\":3,\"z\":2,\"\u00e9\":1}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_t *v = parse(rows[i].in);
    char *text = jsonx_dumps(v);
    assert_string_equal(text, rows[i].out);
    json_t *again = parse(text);
    assert_true(json_equal(v, again));
    free(text);
    json_decref(v);
    json_decref(again);
  }
}

static void broken_json_is_refused_with_the_place(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "{",
      "{\"a\":1,}",
      "{\"a\":1,\"a\":2}",
      "[1] 2",
      "{\"a\\u0000b\":1}",
      "\"\xff\"",
      "nul",
      "\"\\ud800\"",
      "1e999",
      "'single'",
      "99999999999999999999",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_t *v = (json_t *)1;
    struct error e = {0};
    assert_int_equal(jsonx_parse(rows[i], strlen(rows[i]), "the brief", &v, &e), ERR_INVALID);
    assert_null(v);
    assert_non_null(strstr(e.message, "the brief is not valid JSON: line 1, column"));
  }
}

static void a_bomb_of_brackets_is_refused_before_it_is_built(void **state) {
  (void)state;
  char deep[1000];
  memset(deep, '[', 500);
  memset(deep + 500, ']', 500);
  json_t *v;
  struct error e;
  assert_int_equal(jsonx_parse(deep, sizeof deep, "the answer", &v, &e), ERR_LIMIT);
  assert_int_equal(jsonx_parse(deep + 400, 200, "the answer", &v, &e), OK);
  json_decref(v);
  assert_int_equal(jsonx_parse("\"[[\\\"[[\"", 8, "the answer", &v, NULL), OK);
  json_decref(v);
}

static void a_value_too_deep_or_too_big_to_store_is_an_error_not_a_crash(void **state) {
  (void)state;
  json_t *v = json_array();
  for (int i = 0; i < 5000; i++) {
    json_t *outer = json_array();
    json_array_append_new(outer, v);
    v = outer;
  }
  assert_null(jsonx_dumps(v));
  json_decref(v);
  struct buf small;
  buf_init(&small, 5);
  v = parse("[\"longer than five\"]");
  assert_int_equal(jsonx_canonical(v, &small), ERR_LIMIT);
  buf_release(&small);
  json_decref(v);
}

static void a_field_of_the_wrong_type_counts_as_absent(void **state) {
  (void)state;
  json_t *v = parse("{\"s\":\"x\",\"i\":3,\"r\":1.5,\"n\":null}");
  assert_string_equal(jsonx_str(v, "s", "-"), "x");
  assert_string_equal(jsonx_str(v, "i", "-"), "-");
  assert_null(jsonx_str(v, "none", NULL));
  assert_int_equal(jsonx_int(v, "i", 7), 3);
  assert_int_equal(jsonx_int(v, "r", 7), 7);
  assert_true(jsonx_num(v, "i", 0) > 2.9 && jsonx_num(v, "r", 0) < 1.6);
  assert_true(jsonx_num(v, "n", -1) < 0);
  assert_int_equal(jsonx_int(NULL, "i", 7), 7);
  json_decref(v);
}

static void a_member_is_found_in_text_without_parsing_it(void **state) {
  (void)state;
  static const char text[] =
      "{\"a\":{\"text\":[\"no\",{}]},\"b\\\\\":\"\\\"text\\\":1,}\",\"n\":-1.5,\"text\":\"yes\"}";
  const char *value;
  size_t n;
  assert_true(jsonx_member(text, sizeof text - 1, "text", &value, &n));
  assert_int_equal(n, 5);
  assert_memory_equal(value, "\"yes\"", 5);
  assert_true(jsonx_member(text, sizeof text - 1, "n", &value, &n));
  assert_memory_equal(value, "-1.5,", n + 1);
  assert_true(jsonx_member(text, sizeof text - 1, "a", &value, &n));
  assert_memory_equal(value, "{\"text\":[\"no\",{}]},", n + 1);
  assert_false(jsonx_member(text, sizeof text - 1, "no", &value, &n));
  for (size_t cut = 0; cut < sizeof text - 1; cut++) { /* cut short it is never read beyond its end */
    char *part = mem_dup_n(text, cut);
    jsonx_member(part, cut, "zz", &value, &n);
    free(part);
  }
  assert_false(jsonx_member("[1]", 3, "text", &value, &n));
  assert_false(jsonx_member("", 0, "text", &value, &n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_requests_have_equal_bytes),
      cmocka_unit_test(broken_json_is_refused_with_the_place),
      cmocka_unit_test(a_bomb_of_brackets_is_refused_before_it_is_built),
      cmocka_unit_test(a_value_too_deep_or_too_big_to_store_is_an_error_not_a_crash),
      cmocka_unit_test(a_field_of_the_wrong_type_counts_as_absent),
      cmocka_unit_test(a_member_is_found_in_text_without_parsing_it),
  };
  return cmocka_run_group_tests_name("jsonx", tests, NULL, NULL);
}
