/* test_rehearsal_schema.c - the embedded model's instances: valid for their schema, counted, true to their names. */
#include "rehearsal_fixture.h"

/* ---- schemas ---- */

static void every_keyword_is_obeyed(void **state) {
  (void)state;
  static const char *const schemas[] = {
      "{\"type\":\"string\",\"minLength\":40,\"maxLength\":42}",
      "{\"type\":\"string\",\"maxLength\":3}",
      "{\"type\":\"string\",\"minLength\":700}",
      "{\"type\":\"string\",\"maxLength\":0}",
      "{\"type\":\"integer\",\"minimum\":7,\"maximum\":7}",
      "{\"type\":\"integer\",\"maximum\":-3}",
      "{\"type\":\"integer\",\"minimum\":2.5,\"maximum\":3.5}",
      "{\"type\":\"number\",\"minimum\":0.25,\"maximum\":0.75}",
      "{\"type\":\"boolean\"}",
      "{\"type\":\"null\"}",
      "{\"type\":[\"null\",\"string\"]}",
      "{\"enum\":[\"a\",2,null]}",
      "{\"const\":{\"v\":[1,2]}}",
      "{\"type\":\"array\",\"minItems\":9,\"maxItems\":9,\"items\":{\"enum\":[\"x\",\"y\"]}}",
      "{\"type\":\"array\",\"maxItems\":0,\"items\":{\"type\":\"string\"}}",
      "{\"type\":\"array\",\"minItems\":30,\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":9}}}}",
      "{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{\"a\":{\"type\":\"integer\"}}}",
      "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"minimum\":5}}",
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{}}",
      "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"title\",\"id\",\"quote\",\"prose\"],\"properties\":{"
      "\"title\":{\"type\":\"string\",\"maxLength\":12},\"id\":{\"type\":\"string\",\"maxLength\":2},\"quote\":{\"type\":\"string\"},"
      "\"prose\":{\"type\":\"string\",\"minLength\":200},\"score\":{\"type\":\"number\",\"minimum\":0,\"maximum\":10},"
      "\"chapter\":{\"type\":\"integer\",\"minimum\":3,\"maximum\":4},\"words\":{\"type\":\"integer\",\"maximum\":50}}}",
  };
  for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
    for (int try = 0; try < 20; try++) {
      char prompt[80];
      snprintf(prompt, sizeof prompt, "Chapter 12 of %d. \xE7\xBE\x8E\xE6\x9C\x88 speaks.", try);
      json_decref(instance_of(prompt, schemas[i]));
    }
}

static void a_schema_that_nothing_satisfies_is_named(void **state) {
  (void)state;
  static const char *const schemas[] = {
      "{\"type\":\"integer\",\"minimum\":4,\"maximum\":3}",
      "{\"type\":\"integer\",\"minimum\":3.2,\"maximum\":3.8}",
      "{\"type\":\"array\",\"minItems\":4,\"maxItems\":3}",
      "{\"enum\":[]}",
      "{\"type\":\"text\"}",
      "{\"type\":\"object\",\"required\":[\"x\"],\"additionalProperties\":false}",
      "{\"type\":\"array\",\"minItems\":90000,\"items\":{\"type\":\"boolean\"}}"};
  for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
    json_t *request = ask("x", NULL);
    json_object_set_new(request, "response_format",
                        json_pack("{s:{s:o}}", "json_schema", "schema", parse(schemas[i])));
    struct buf text;
    struct rehearsal_usage usage;
    struct error e = {0};
    buf_init(&text, MAX_ANSWER_BYTES);
    assert_int_equal(rehearsal_answer(request, &(struct rehearsal_options){0}, &text, &usage, &e),
                     ERR_INVALID);
    assert_non_null(strstr(e.message, "schema"));
    buf_release(&text);
    json_decref(request);
  }
}

#define ITEMS(fields)                                                                                         \
  "{\"type\":\"array\",\"minItems\":4,\"maxItems\":12,\"items\":{\"type\":\"object\",\"properties\":{" fields \
  "}}}"

static void plans_are_counted_and_numbered_as_asked(void **state) {
  (void)state;
  json_t *v = instance_of(
      "Plan chapters 5 to 8.",
      "{\"type\":\"object\",\"properties\":{\"chapters\":" ITEMS(
          "\"number\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":20},\"title\":{\"type\":\"string\"}") "}}");
  json_t *chapters = json_object_get(v, "chapters"), *one;
  size_t i;
  assert_int_equal(json_array_size(chapters), 4);
  json_array_foreach(chapters, i, one) assert_int_equal(jsonx_int(one, "number", 0), 5 + i);
  json_decref(v);
  v = instance_of(
      "Return exactly 7 items for events. Return exactly 5 items for threads.",
      "{\"type\":\"object\",\"properties\":{\"events\":" ITEMS(
          "\"id\":{\"type\":\"integer\"}") ",\"threads\":" ITEMS("\"n\":{\"type\":\"integer\"}") "}}");
  assert_int_equal(json_array_size(json_object_get(v, "events")), 7);
  assert_int_equal(json_array_size(json_object_get(v, "threads")), 5);
  json_array_foreach(json_object_get(v, "events"), i, one) assert_int_equal(jsonx_int(one, "id", 0), 1 + i);
  json_decref(v);
}

static void references_name_what_is_there(void **state) {
  (void)state;
  json_t *v = instance_of(
      "{\"events\":[{\"id\":\"storm\",\"chapter\":1},{\"id\":\"wreck\",\"chapter\":2},{\"id\":\"trial\",\"chapter\":3}]}\n\n"
      "Plan chapters 1 to 3.",
      "{\"type\":\"object\",\"properties\":{\"chapters\":{\"type\":\"array\",\"minItems\":3,\"maxItems\":3,"
      "\"items\":{\"type\":\"object\",\"properties\":{\"number\":{\"type\":\"integer\"},"
      "\"events\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}}}");
  char *text = jsonx_dumps(json_object_get(v, "chapters"));
  assert_string_equal(text, "[{\"events\":[\"storm\"],\"number\":1},{\"events\":[\"wreck\"],\"number\":2},"
                            "{\"events\":[\"trial\"],\"number\":3}]");
  free(text);
  json_decref(v);
  v = instance_of(
      "Invent events.",
      "{\"type\":\"object\",\"properties\":{\"events\":" ITEMS(
          "\"id\":{\"type\":\"string\"},\"caused_by\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}") "}}");
  json_t *events = json_object_get(v, "events"), *event, *cause;
  size_t i, j, k;
  json_array_foreach(events, i, event) {
    json_array_foreach(json_object_get(event, "caused_by"), j, cause) {
      bool known = false;
      for (k = 0; k <= i; k++)
        known = known || json_equal(json_object_get(json_array_get(events, k), "id"), cause);
      assert_true(known);
    }
  }
  json_decref(v);
}

static void ranges_follow_each_other_and_causes_come_before(void **state) {
  (void)state;
  json_t *v = instance_of("Share 40 chapters out.",
                          "{\"type\":\"object\",\"properties\":{\"acts\":" ITEMS(
                              "\"first\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":40},"
                              "\"last\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":40}") "}}");
  json_t *acts = json_object_get(v, "acts"), *one;
  size_t i;
  json_int_t next = 1;
  json_array_foreach(acts, i, one) {
    assert_int_equal(jsonx_int(one, "first", 0), next);
    next = jsonx_int(one, "last", 0) + 1;
  }
  assert_int_equal(next, 41);
  json_decref(v);
  v = instance_of(
      "Plan chapters 5 to 8.",
      "{\"type\":\"object\",\"properties\":{\"chapters\":" ITEMS(
          "\"events\":{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,\"items\":{\"type\":\"object\",\"properties\":{"
          "\"causes\":{\"type\":\"array\",\"minItems\":0,\"maxItems\":3,\"items\":{\"type\":\"string\",\"maxLength\":8}},"
          "\"day\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100000}}}},"
          "\"number\":{\"type\":\"integer\",\"minimum\":5,\"maximum\":8}") "}}");
  json_t *events = json_object_get(json_array_get(json_object_get(v, "chapters"), 1), "events");
  char *text = jsonx_dumps(events);
  assert_string_equal(text, "[{\"causes\":[\"5.1\"],\"day\":12},{\"causes\":[\"6.1\"],\"day\":13}]");
  free(text);
  json_decref(v);
}

static void names_in_a_cast_differ_and_keep_those_given(void **state) {
  (void)state;
  json_t *v = instance_of(
      "{\"name\":\"\xE7\xBE\x8E\xE6\x9C\x88\"}",
      "{\"type\":\"object\",\"properties\":{\"characters\":{\"type\":\"array\","
      "\"minItems\":20,\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}}}}");
  json_t *cast = json_object_get(v, "characters");
  assert_string_equal(jsonx_str(json_array_get(cast, 0), "name", ""), "\xE7\xBE\x8E\xE6\x9C\x88");
  for (size_t i = 0; i < 20; i++)
    for (size_t j = 0; j < i; j++) assert_false(json_equal(json_array_get(cast, i), json_array_get(cast, j)));
  json_decref(v);
}

/* Briefs in many scripts that name somebody in running prose: `names` apart by a bar, all to be in the cast. */
static const struct {
  const char *brief, *names;
} named_in_prose[] = {
    {"Mara Venn keeps a light. Her brother Corin Venn finds the log.", "Mara Venn|Corin Venn"},
    {"灯台守の佐藤美咲は、先任者の日誌が一日先を書いていることに気づく。漁師の田中健と島へ渡る。",
     "佐藤美咲|田中健"},
    {"守塔人林晚秋发现前任的日志。她和陈默一起去灯塔。", "林晚秋|陈默"},
    {"등대지기 김서연은 전임자의 일지를 발견한다. 박민수가 그녀를 돕는다.", "김서연|박민수"},
    {"Смотрительница маяка Ирина Волкова находит журнал. Ей помогает Фёдор Львович.",
     "Ирина Волкова|Фёдор Львович"},
    {"Η φαροφύλακας Ελένη Παππά βρίσκει το ημερολόγιο.", "Ελένη Παππά"},
    {"تكتشف حارسة المنارة ليلى منصور أن سجل سلفها يكتب نفسه. ويساعدها سامي الخطيب.",
     "ليلى منصور|سامي الخطيب"},
    {"שומרת המגדלור נועה כהן מגלה את היומן.", "נועה כהן"},
    {"दीपगृह की रखवाली मीरा शर्मा को पुरानी डायरी मिलती है।", "मीरा शर्मा"},
    {"Łucja Żak i Świętosława Čapek znajdują dziennik.", "Łucja Żak|Świętosława Čapek"},
    {"A keeper, 佐藤美咲, writes to Ирина Волкова about the light.", "佐藤美咲|Ирина Волкова"},
    {"登場人物：佐藤美咲（灯台守）、ジャン・ヴァルジャン", "佐藤美咲|ジャン・ヴァルジャン"},
    {"主人公はジャン・ヴァルジャンである。", "ジャン・ヴァルジャン"},
    {"Персонажи: Ирина, Олег", "Ирина|Олег"},
};

static void names_in_prose_of_any_script_are_kept(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof named_in_prose / sizeof *named_in_prose; i++) {
    char prompt[2048], names[512];
    snprintf(prompt, sizeof prompt,
             "Language: as the brief has it\n\n# The author's brief\n\n%s\n\n# Task\n\nPut it into the form.",
             named_in_prose[i].brief);
    json_t *v = instance_of(
        prompt,
        "{\"type\":\"object\",\"properties\":{\"cast\":{\"type\":\"array\","
        "\"minItems\":4,\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}}}}");
    char *cast = jsonx_dumps(v);
    snprintf(names, sizeof names, "%s", named_in_prose[i].names);
    for (char *rest = names, *name; (name = strsep(&rest, "|"));) {
      char quoted[128];
      snprintf(quoted, sizeof quoted, "\"%s\"", name);
      if (!strstr(cast, quoted)) fail_msg("%s is not in %s", quoted, cast);
    }
    free(cast);
    json_decref(v);
  }
}

static void properties_come_in_the_order_sent(void **state) {
  (void)state;
  char *text = answer(
      ask("x", "{\"response_format\":{\"json_schema\":{\"schema\":{\"type\":\"object\",\"properties\":{"
               "\"zebra\":{\"const\":1},\"apple\":{\"const\":2}}}}}}"));
  assert_string_equal(text, "{\"zebra\":1,\"apple\":2}");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_keyword_is_obeyed),
      cmocka_unit_test(a_schema_that_nothing_satisfies_is_named),
      cmocka_unit_test(plans_are_counted_and_numbered_as_asked),
      cmocka_unit_test(references_name_what_is_there),
      cmocka_unit_test(ranges_follow_each_other_and_causes_come_before),
      cmocka_unit_test(names_in_a_cast_differ_and_keep_those_given),
      cmocka_unit_test(names_in_prose_of_any_script_are_kept),
      cmocka_unit_test(properties_come_in_the_order_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
