/* test_extract.c - a model's answer gives its JSON document, or says why not. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "lua/extract.h"

static void assert_extracts(const char *text, const char *expected) {
  struct error e = {0};
  json_t *v = json_extract(text, strlen(text), &e);
  char *got = v ? jsonx_dumps(v) : mem_dup(e.message);
  if (v ? strcmp(got, expected) != 0 : !strstr(got, expected))
    fail_msg("%s\n gave: %s\n not: %s", text, got, expected);
  free(got);
  json_decref(v);
}

struct pair {
  const char *text, *expected;
};

static void assert_all(const struct pair *pairs, size_t n) {
  for (size_t i = 0; i < n; i++) assert_extracts(pairs[i].text, pairs[i].expected);
}

#define ALL(pairs) assert_all(pairs, sizeof(pairs) / sizeof(pairs)[0])

static void documents_are_found(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"{\"a\":1}", "{\"a\":1}"},
      {" \n[1, 2]\n", "[1,2]"},
      {"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}"},
      {"42", "42"},
      {"\"yes\"", "\"yes\""},
      {"true", "true"},
      {"```json\n{\"a\":1}\n```", "{\"a\":1}"},
      {"As in [1], here:\n\n```json\n{\"a\":1}\n```\nBye {\"b\":2}", "{\"a\":1}"},
      {"~~~\n[1]\n~~~", "[1]"},
      {"```json\n{\"a\":1}", "{\"a\":1}"},
      {"```\nnot json\n```\n```\n{\"a\":1}\n```", "{\"a\":1}"},
      {"Sure! {\"a\": {\"b\": [1]}} Hope it helps.", "{\"a\":{\"b\":[1]}}"},
      {"Use {braces} and [brackets]: {\"a\":1}", "{\"a\":1}"},
      {"{\"a\":\"```json\\n{}\\n```\"}", "{\"a\":\"```json\\n{}\\n```\"}"},
      {"{\"a\":\"\n```\nx\n```\n\"}", "{\"a\":\"\\n```\\nx\\n```\\n\"}"},
      {"['tis the season] {\"a\":1}", "{\"a\":1}"},
      {"{\"n\":12345678901234567,\"big\":123456789012345678901234567890}",
       "{\"big\":1.2345678901234568e+29,\"n\":12345678901234567}"},
  };
  ALL(pairs);
}

static void slips_are_mended(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"{\"a\":[1,2,],}", "{\"a\":[1,2]}"},
      {"{\"a\":\"line\nline\ttab\r\n\"}", "{\"a\":\"line\\nline\\ttab\\r\\n\"}"},
      {"{“title”: “The “Big” One”, “n”: 1}", "{\"n\":1,\"title\":\"The “Big” One\"}"},
      {"{\"title\": \"He said “go”\"}", "{\"title\":\"He said “go”\"}"},
      {"{'a': True, 'b': False, 'c': None, 'd': 'it's'}",
       "{\"a\":true,\"b\":false,\"c\":null,\"d\":\"it's\"}"},
      {"{\"a\":\"\\d \\' \\u00e9 \\ud83d\\ude00 \\ud83d \\u12\"}",
       "{\"a\":\"\\\\d ' é 😀 \xef\xbf\xbd \\\\u12\"}"},
      {"{\"a\":\"\xff\"}", "{\"a\":\"\xef\xbf\xbd\"}"},
      {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
      {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0000y\"}"},
      {"{\xc2\xa0\"a\":1}", "{\"a\":1}"},
  };
  ALL(pairs);
}

static void half_a_document_is_never_taken_for_a_whole(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"{\"chapters\":[{\"n\":1},{\"n\":2},{\"n\"", "cut off"},
      {"Here: {\"chapters\":[{\"n\":1},{\"n\":2", "cut off"},
      {"```json\n{\"a\":[1,2,{\"b\":1}", "cut off"},
      {"{\"a\":\"the end is miss", "cut off"},
      {"{\"a\":tr", "cut off"},
      {"{\"a\": 12", "cut off"},
      {"{\"a\": {\"b\":1}, \"c\": oops}", "broken in line 1"},
      {"{\"a\": oops, \"c\": {\"b\":1}}", "broken in line 1"},
      {"one\n{\"a\": 1 \"b\"}", "broken in line 2 of the answer: ',' or '}'"},
  };
  ALL(pairs);
}

static void an_answer_without_json_says_so(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"", "no JSON"},     {"I cannot do that.", "no JSON"}, {"{braces} [brackets]", "no JSON"},
      {"}{][", "no JSON"}, {"```\n```", "no JSON"},
  };
  ALL(pairs);
  json_t *v = json_extract("\0\0{\0", 4, NULL);
  assert_null(v);
}

static char *repeat(const char *piece, size_t bytes) {
  size_t n = strlen(piece), count = bytes / n;
  char *s = mem_alloc(count * n + 1);
  for (size_t i = 0; i < count; i++) memcpy(s + i * n, piece, n);
  return s;
}

/* 1 MB of whatever looks like the beginning of JSON: what takes quadratic time here takes hours. */
static void hostile_answers_take_no_time(void **state) {
  (void)state;
  static const char *const pieces[] = {"{",        "[",          "{\"a\":", "[1,",        "[\"",
                                       "['",       "{'a'",       "[1,x",    "{\"a\":1,x", "```\n",
                                       "```\n{\n", "“",          "[“\"",    "[ ",         "\"",
                                       "\\",       "[\\\"",      "[[[[]x",  "[{\"a\":\"", "```\n\"\n```\n",
                                       "[1]x",     "{\"k\":[1,'"};
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    char *s = repeat(pieces[i], 1 << 20);
    ends_within(60);
    json_decref(json_extract(s, strlen(s), NULL));
    free(s);
  }
}

static void a_long_answer_is_read_whole(void **state) {
  (void)state;
  char *prose = repeat("Er sah hinaus auf das Meer, und das Licht kam.\n", 600000);
  char *text = mem_printf("Bitte sehr:\n```json\n{\"text\":\"%s\",}\n```\n", prose);
  json_t *v = json_extract(text, strlen(text), NULL);
  assert_non_null(v);
  assert_string_equal(json_string_value(json_object_get(v, "text")), prose);
  json_decref(v);
  free(text);
  free(prose);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(documents_are_found),
      cmocka_unit_test(slips_are_mended),
      cmocka_unit_test(half_a_document_is_never_taken_for_a_whole),
      cmocka_unit_test(an_answer_without_json_says_so),
      cmocka_unit_test(hostile_answers_take_no_time),
      cmocka_unit_test(a_long_answer_is_read_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
