/* test_schema.c - a schema we cannot hold is refused when it is handed over; a value that breaks one is told where. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "lua/schema.h"

static json_t *parse(const char *text) {
  json_t *v;
  struct error e = {0};
  if (jsonx_parse(text, strlen(text), "it", &v, &e) != OK) fail_msg("%s: %s", text, e.message);
  return v;
}

#define BOOK                                                                                                                  \
  "{\"type\":\"object\",\"required\":[\"chapters\"],\"additionalProperties\":false,\"properties\":{\"chapters\":{"            \
  "\"type\":\"array\",\"minItems\":1,\"maxItems\":3,\"items\":{\"type\":\"object\",\"required\":[\"title\"],\"properties\":{" \
  "\"title\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":6},\"number\":{\"type\":\"integer\",\"minimum\":1,"           \
  "\"maximum\":99},\"mood\":{\"enum\":[\"light\",\"dark\",1]},\"kind\":{\"const\":{\"a\":[1]}},\"note\":{\"type\":"           \
  "[\"string\",\"null\"]}}}},\"extra\":{\"additionalProperties\":{\"type\":\"number\"}}}}"

static void breaches_are_told_with_their_path(void **state) {
  (void)state;
  static const struct {
    const char *value, *message; /* NULL: holds */
  } cases[] = {
      {"{\"chapters\":[{\"title\":\"One\"}]}", NULL},
      {"{\"chapters\":[{\"title\":\"ééééé\",\"number\":3.0,\"mood\":1.0,\"kind\":{\"a\":[1]},\"note\":null}]}",
       NULL},
      {"{\"chapters\":[{\"title\":\"One\"}],\"extra\":{\"x\":1,\"y\":2.5}}", NULL},
      {"[]", "the value: expected object, got array"},
      {"{}", "chapters: is missing"},
      {"{\"chapters\":{}}", "chapters: expected array, got object"},
      {"{\"chapters\":[]}", "chapters: expected at least 1 items, got 0"},
      {"{\"chapters\":[{\"title\":\"ab\"},{\"title\":\"ab\"},{\"title\":5}]}",
       "chapters[3].title: expected string, got number"},
      {"{\"chapters\":[{}]}", "chapters[1].title: is missing"},
      {"{\"chapters\":[{\"title\":\"é\"}]}", "chapters[1].title: expected at least 2 characters, got 1"},
      {"{\"chapters\":[{\"title\":\"ééééééé\"}]}", "chapters[1].title: expected at most 6 characters, got 7"},
      {"{\"chapters\":[{\"title\":\"ab\",\"number\":1.5}]}",
       "chapters[1].number: expected integer, got number"},
      {"{\"chapters\":[{\"title\":\"ab\",\"number\":0}]}", "chapters[1].number: expected at least 1, got 0"},
      {"{\"chapters\":[{\"title\":\"ab\",\"number\":100}]}",
       "chapters[1].number: expected at most 99, got 100"},
      {"{\"chapters\":[{\"title\":\"ab\",\"mood\":\"grey\"}]}",
       "chapters[1].mood: expected one of [\"light\",\"dark\",1], got \"grey\""},
      {"{\"chapters\":[{\"title\":\"ab\",\"kind\":{\"a\":[2]}}]}",
       "chapters[1].kind: expected {\"a\":[1]}, got {\"a\":[2]}"},
      {"{\"chapters\":[{\"title\":\"ab\",\"note\":true}]}",
       "chapters[1].note: expected string or null, got boolean"},
      {"{\"chapters\":[{\"title\":\"ab\"}],\"extr\":1}", "extr: unknown field; did you mean \"extra\"?"},
      {"{\"chapters\":[{\"title\":\"ab\"}],\"extra\":{\"a b\":\"x\"}}",
       "extra[\"a b\"]: expected number, got string"},
      {"{\"chapters\":[1,2,3,4]}", "chapters: expected at most 3 items, got 4"},
  };
  json_t *schema = parse(BOOK);
  assert_int_equal(schema_supported(schema, NULL), OK);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct error e = {0};
    json_t *v = parse(cases[i].value);
    enum err err = schema_check(schema, v, &e);
    assert_string_equal(err ? e.message : "", cases[i].message ? cases[i].message : "");
    json_decref(v);
  }
  json_decref(schema);
}

static void an_empty_lua_table_is_an_empty_list_too(void **state) {
  (void)state;
  json_t *schema = parse(
      "{\"properties\":{\"l\":{\"type\":\"array\",\"minItems\":0},\"o\":{\"type\":\"object\"}},\"required\":{}}");
  json_t *v = parse("{\"l\":{},\"o\":{}}");
  assert_int_equal(schema_supported(schema, NULL), OK);
  assert_int_equal(schema_check_lua(schema, v, NULL), OK);
  assert_int_equal(schema_check(schema, v, NULL), ERR_INVALID);
  json_decref(schema);
  json_decref(v);
}

static void unknown_keywords_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *schema, *message;
  } cases[] = {
      {"{\"properties\":{\"a\":{\"minLenght\":1}}}",
       "schema.properties.a: the schema keyword \"minLenght\" is not supported; did you mean \"minLength\"?"},
      {"{\"anyOf\":[]}", "schema: the schema keyword \"anyOf\" is not supported"},
      {"{\"$ref\":\"x\"}", "\"$ref\" is not supported"},
      {"{\"type\":\"strin\"}", "schema.type: there is no type \"strin\""},
      {"{\"type\":[]}", "a list of types needs at least one"},
      {"{\"items\":[]}", "schema.items: a schema is a table"},
      {"{\"required\":\"a\"}", "schema.required: expected a list of names"},
      {"{\"enum\":[]}", "schema.enum: expected a list of at least one value"},
      {"{\"minItems\":-1}", "schema.minItems: expected an integer from 0"},
      {"{\"minimum\":\"1\"}", "schema.minimum: expected a number"},
      {"{\"title\":1}", "schema.title: expected a string"},
      {"{\"additionalProperties\":1}", "schema.additionalProperties: a schema is a table"},
      {"[]", "schema: a schema is a table"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct error e = {0};
    json_t *schema = parse(cases[i].schema);
    assert_int_equal(schema_supported(schema, &e), ERR_INVALID);
    if (!strstr(e.message, cases[i].message)) fail_msg("%s gave: %s", cases[i].schema, e.message);
    json_decref(schema);
  }
}

static void models_see_fields_in_the_order_of_required(void **state) {
  (void)state;
  json_t *schema = parse(
      "{\"type\":\"object\",\"required\":[\"why\",\"score\",\"why\",\"ghost\"],\"properties\":{\"score\":{\"type\":"
      "\"integer\"},\"b\":{},\"a\":{\"items\":{\"required\":[\"z\"],\"properties\":{\"y\":{},\"z\":{}}}},\"why\":{\"enum\":[\"b\",\"a\"]}}}");
  char *text = schema_ordered_text(schema);
  assert_string_equal(
      text,
      "{\"properties\":{\"why\":{\"enum\":[\"b\",\"a\"]},\"score\":{\"type\":\"integer\"},\"a\":{\"items\":{\"properties\":"
      "{\"z\":{},\"y\":{}},\"required\":[\"z\"]}},\"b\":{}},\"required\":[\"why\",\"score\",\"why\",\"ghost\"],\"type\":\"object\"}");
  free(text);
  json_decref(schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(breaches_are_told_with_their_path),
      cmocka_unit_test(an_empty_lua_table_is_an_empty_list_too),
      cmocka_unit_test(unknown_keywords_are_refused_by_name),
      cmocka_unit_test(models_see_fields_in_the_order_of_required),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
