/* rehearsal_fixture.h - questions to the embedded model, and an independent reading of the schema keywords. */
#pragma once
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "llm/framing.h"
#include "rehearsal/rehearsal.h"
#include "rehearsal/rehearsal_wire.h"

static inline json_t *parse(const char *text) {
  json_t *v = NULL;
  struct error e = {0};
  if (jsonx_parse(text, strlen(text), "the request", &v, &e)) fail_msg("%s", e.message);
  return v;
}

/* A request with one user message; takes `more`, an object of further fields, or NULL. */
static inline json_t *ask(const char *prompt, const char *more) {
  json_t *request =
      json_pack("{s:s, s:[{s:s, s:s}]}", "model", "rehearsal", "messages", "role", "user", "content", prompt);
  assert_non_null(request);
  if (more) {
    json_t *fields = parse(more);
    json_object_update(request, fields);
    json_decref(fields);
  }
  return request;
}

static inline char *answer_with(json_t *request, const struct rehearsal_options *opt) {
  struct buf text;
  struct error e = {0};
  struct rehearsal_usage usage;
  buf_init(&text, MAX_ANSWER_BYTES);
  if (rehearsal_answer(request, opt, &text, &usage, &e)) fail_msg("%s", e.message);
  assert_int_equal(usage.output, (text.len + 3) / 4);
  assert_int_equal(usage.input, (rehearsal_prompt_bytes(request) + 3) / 4);
  assert_true(utf8_valid(text.data, text.len, NULL));
  json_decref(request);
  return buf_take(&text);
}

static inline char *answer(json_t *request) {
  return answer_with(request, &(struct rehearsal_options){0});
}

/* ---- an independent reading of the schema keywords ---- */

static inline bool matches_type(const json_t *v, const char *type) {
  if (!strcmp(type, "object")) return json_is_object(v);
  if (!strcmp(type, "array")) return json_is_array(v);
  if (!strcmp(type, "string")) return json_is_string(v);
  if (!strcmp(type, "integer")) return json_is_integer(v);
  if (!strcmp(type, "number")) return json_is_number(v);
  if (!strcmp(type, "boolean")) return json_is_boolean(v);
  return json_is_null(v);
}

static inline size_t characters(const char *s, size_t n) {
  size_t count = 0;
  uint32_t cp;
  for (int step; (step = utf8_decode(s, n, &cp)) > 0; s += step, n -= (size_t)step) count++;
  return count;
}

static inline void check(const json_t *v, const json_t *schema) {
  const json_t *type = json_object_get(schema, "type");
  if (json_is_string(type)) assert_true(matches_type(v, json_string_value(type)));
  const json_t *constant = json_object_get(schema, "const"), *choices = json_object_get(schema, "enum");
  json_t *one, *value;
  size_t i;
  const char *name;
  if (constant) assert_true(json_equal(v, constant));
  if (choices) {
    bool found = false;
    json_array_foreach(choices, i, one) found = found || json_equal(v, one);
    assert_true(found);
  }
  if (json_is_string(v)) {
    json_int_t n = (json_int_t)characters(json_string_value(v), json_string_length(v));
    assert_true(n >= jsonx_int(schema, "minLength", 0));
    assert_true(n <= jsonx_int(schema, "maxLength", 1 << 30));
  }
  if (json_is_number(v)) {
    assert_true(json_number_value(v) >= jsonx_num(schema, "minimum", -1e18));
    assert_true(json_number_value(v) <= jsonx_num(schema, "maximum", 1e18));
  }
  if (json_is_array(v)) {
    assert_true((json_int_t)json_array_size(v) >= jsonx_int(schema, "minItems", 0));
    assert_true((json_int_t)json_array_size(v) <= jsonx_int(schema, "maxItems", 1 << 30));
    json_array_foreach(v, i, one) check(one, json_object_get(schema, "items"));
  }
  json_array_foreach(json_object_get(schema, "required"), i, one)
      assert_non_null(json_object_get(v, json_string_value(one)));
  json_t *properties = json_object_get(schema, "properties"),
         *more = json_object_get(schema, "additionalProperties");
  if (json_is_object(v)) json_object_foreach((json_t *)(uintptr_t)v, name, value) {
      json_t *known = json_object_get(properties, name);
      if (!known) assert_false(json_is_false(more));
      if (known || json_is_object(more)) check(value, known ? known : more);
    }
}

static inline json_t *instance_of(const char *prompt, const char *schema_text) {
  json_t *schema = parse(schema_text), *request = ask(prompt, NULL);
  json_object_set_new(
      request, "response_format",
      json_pack("{s:s, s:{s:s, s:O}}", "type", "json_schema", "json_schema", "name", "x", "schema", schema));
  char *text = answer(request);
  json_t *v = parse(text);
  check(v, schema);
  json_decref(schema);
  free(text);
  return v;
}
