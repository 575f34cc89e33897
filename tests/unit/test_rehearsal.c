/* test_rehearsal.c - the embedded model: the same answer to the same request, valid for its schema, true to its names. */
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

static json_t *parse(const char *text) {
  json_t *v = NULL;
  struct error e = {0};
  if (jsonx_parse(text, strlen(text), "the request", &v, &e)) fail_msg("%s", e.message);
  return v;
}

/* A request with one user message; takes `more`, an object of further fields, or NULL. */
static json_t *ask(const char *prompt, const char *more) {
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

static char *answer_with(json_t *request, const struct rehearsal_options *opt) {
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

static char *answer(json_t *request) {
  return answer_with(request, &(struct rehearsal_options){0});
}

/* ---- an independent reading of the schema keywords ---- */

static bool matches_type(const json_t *v, const char *type) {
  if (!strcmp(type, "object")) return json_is_object(v);
  if (!strcmp(type, "array")) return json_is_array(v);
  if (!strcmp(type, "string")) return json_is_string(v);
  if (!strcmp(type, "integer")) return json_is_integer(v);
  if (!strcmp(type, "number")) return json_is_number(v);
  if (!strcmp(type, "boolean")) return json_is_boolean(v);
  return json_is_null(v);
}

static size_t characters(const char *s, size_t n) {
  size_t count = 0;
  uint32_t cp;
  for (int step; (step = utf8_decode(s, n, &cp)) > 0; s += step, n -= (size_t)step) count++;
  return count;
}

static void check(const json_t *v, const json_t *schema) {
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

static json_t *instance_of(const char *prompt, const char *schema_text) {
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

/* ---- one request, one answer ---- */

static void the_same_request_has_the_same_answer(void **state) {
  (void)state;
  const char *prompt = "Write a scene of about 200 words in which Mara Venn comes home.";
  char *one = answer(ask(prompt, NULL));
  char *same =
      answer(ask(prompt, "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"user\":\"x\"}"));
  char *other_key = answer(ask(prompt, "{\"metadata\":{\"quire_key\":\"try 2\"}}"));
  assert_string_equal(one, same);
  assert_string_not_equal(one, other_key);
  free(one);
  free(same);
  free(other_key);
}

static void the_key_leaves_the_request_as_it_is(void **state) {
  (void)state;
  json_t *request = ask("x", "{\"stream\":true}");
  char key[SHA_HEX], again[SHA_HEX];
  assert_int_equal(rehearsal_key(request, key, NULL), OK);
  assert_int_equal(rehearsal_key(request, again, NULL), OK);
  assert_string_equal(key, again);
  assert_true(json_is_true(json_object_get(request, "stream")));
  json_decref(request);
}

static void what_is_no_request_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"[]", "{}", "{\"messages\":[]}", "{\"messages\":\"x\"}", "3"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    json_t *v = parse(wrong[i]);
    struct buf text;
    struct rehearsal_usage usage;
    struct error e = {0};
    buf_init(&text, 1000);
    assert_int_equal(rehearsal_answer(v, &(struct rehearsal_options){0}, &text, &usage, &e), ERR_INVALID);
    assert_true(e.message[0]);
    buf_release(&text);
    json_decref(v);
  }
}

/* ---- prose ---- */

static void prose_has_about_the_words_asked_for(void **state) {
  (void)state;
  static const struct {
    const char *prompt;
    const char *more;
    size_t words;
  } asked[] = {
      {"Write a scene of about 100 words.", NULL, 100},
      {"Write a chapter of about 1,200 words.", NULL, 1200},
      {"Scene 1 has 300 words. Write all in about 600 words. Use at most 9 words in a title.", NULL, 600},
      {"Write 400-500 words.", NULL, 500},
      {"Write it.", "{\"max_tokens\":1000}", 450},
      {"Write about 5000 words.", "{\"max_completion_tokens\":700}", 400}};
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    char *text = answer(ask(asked[i].prompt, asked[i].more));
    size_t n = text_words(text, strlen(text));
    if (n < asked[i].words * 80 / 100 || n > asked[i].words * 115 / 100)
      fail_msg("%s: %zu words", asked[i].prompt, n);
    char last = text[strlen(text) - 1];
    assert_true(last == '.' || last == '"' || last == '?');
    free(text);
  }
  char *twice =
      answer_with(ask("Write about 200 words.", NULL), &(struct rehearsal_options){.length_bias = 2});
  assert_in_range(text_words(twice, strlen(twice)), 340, 450);
  free(twice);
}

static void prose_keeps_the_names_it_was_given(void **state) {
  (void)state;
  char *text = answer(ask(
      "{\"characters\":[{\"name\":\"Mara Venn\"},{\"name\":\"\xE7\xBE\x8E\xE6\x9C\x88\"},"
      "{\"name\":\"\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0 \xD0\x9A.\"}],\"places\":[{\"name\":\"Salt Quay\"}]}\n\n"
      "Write the scene in about 600 words.",
      NULL));
  assert_non_null(strstr(text, "Mara Venn"));
  assert_non_null(strstr(text, "\xE7\xBE\x8E\xE6\x9C\x88"));
  assert_non_null(strstr(text, "\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0"));
  assert_non_null(strstr(text, "Salt Quay"));
  assert_non_null(strchr(text, '"'));
  assert_non_null(strstr(text, "\n\n"));
  free(text);
  text = answer(ask(
      "Characters:\n- Ilse Marsh: keeps the light\n- Corin (her brother)\nPlaces: Old Reach\n\nWrite about 400 words.",
      NULL));
  assert_non_null(strstr(text, "Ilse Marsh"));
  assert_non_null(strstr(text, "Corin"));
  assert_non_null(strstr(text, "Old Reach"));
  free(text);
  text = answer(ask("Write about 300 words on how Tobias Oake and old Hester met in Greyport.", NULL));
  assert_non_null(strstr(text, "Tobias Oake"));
  assert_non_null(strstr(text, "Hester"));
  assert_non_null(strstr(text, "Greyport"));
  free(text);
}

static void scenes_asked_for_are_there(void **state) {
  (void)state;
  char *text =
      answer(ask("Write a chapter in three scenes, parted by a line with ***, about 600 words.", NULL));
  int breaks = 0;
  for (const char *at = text; (at = strstr(at, "\n\n***\n\n")); at++) breaks++;
  assert_int_equal(breaks, 2);
  free(text);
}

static void prose_does_not_repeat_itself(void **state) {
  (void)state;
  char *text = answer(ask("Write about 900 words.", NULL));
  int repeated = 0;
  for (char *at = text; (at = strstr(at, ". ")); at++) {
    char sentence[300];
    const char *end = strchr(at + 2, '.');
    if (!end || end - at > 290 || end - at < 30) continue;
    snprintf(sentence, sizeof sentence, "%.*s", (int)(end - at), at);
    if (strstr(at + 2, sentence)) repeated++;
  }
  assert_int_equal(repeated, 0);
  free(text);
}

/* ---- choices ---- */

static void a_question_with_answers_gets_one_of_them(void **state) {
  (void)state;
  static const struct {
    const char *prompt, *choices;
  } questions[] = {{"Which is better? Answer with A or B.", "|A|B|"},
                   {"Answer only with A, B or C.", "|A|B|C|"},
                   {"Reply with exactly one word: keep or revise", "|keep|revise|"},
                   {"Is it done? Answer yes or no.", "|yes|no|"},
                   {"Respond with \"ship it\" or \"hold\".", "|ship it|hold|"}};
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
    char *text = answer(ask(questions[i].prompt, NULL)), wanted[64];
    snprintf(wanted, sizeof wanted, "|%s|", text);
    if (!strstr(questions[i].choices, wanted)) fail_msg("%s: %s", questions[i].prompt, text);
    free(text);
  }
  char *prose = answer(ask("Answer with plain prose, no headings or lists. About 100 words.", NULL));
  assert_true(text_words(prose, strlen(prose)) > 70);
  free(prose);
}

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

/* ---- streams ---- */

struct heard {
  struct buf text;
  int chunks, ended;
  char finish[16];
  json_int_t output;
};

static enum err hear(void *arg, const char *name, const char *data, size_t n) {
  struct heard *h = arg;
  (void)name;
  if (strcmp(data, "[DONE]") == 0) {
    h->ended++;
    return OK;
  }
  json_t *v = NULL;
  assert_int_equal(jsonx_parse(data, n, "chunk", &v, NULL), OK);
  json_t *choice = json_array_get(json_object_get(v, "choices"), 0);
  const json_t *content = json_object_get(json_object_get(choice, "delta"), "content");
  if (content) {
    h->chunks++;
    buf_append(&h->text, json_string_value(content), json_string_length(content));
  }
  const char *finish = jsonx_str(choice, "finish_reason", NULL);
  if (finish) snprintf(h->finish, sizeof h->finish, "%s", finish);
  h->output = jsonx_int(json_object_get(v, "usage"), "completion_tokens", h->output);
  json_decref(v);
  return OK;
}

static void a_stream_carries_the_answer_in_pieces(void **state) {
  (void)state;
  json_t *request = ask("{\"name\":\"\xE7\xBE\x8E\xE6\x9C\x88\"} Write about 200 words.",
                        "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
  struct buf text, out;
  struct rehearsal_usage usage;
  char key[SHA_HEX];
  buf_init(&text, MAX_ANSWER_BYTES);
  rehearsal_key(request, key, NULL);
  assert_int_equal(rehearsal_answer(request, &(struct rehearsal_options){.key = key}, &text, &usage, NULL),
                   OK);
  for (int chunks = 1; chunks < 60; chunks++) {
    struct rehearsal_stream s;
    struct heard h = {.ended = 0};
    struct framing f;
    rehearsal_stream_init(&s, request, key, text.data, text.len, &usage, chunks);
    buf_init(&out, MAX_ANSWER_BYTES);
    buf_init(&h.text, MAX_ANSWER_BYTES);
    framing_init(&f, FRAMING_SSE, MAX_EVENT_BYTES);
    int pieces = 0;
    for (; rehearsal_stream_next(&s, &out); pieces++) {
      assert_int_equal(framing_feed(&f, out.data, out.len, hear, &h), OK);
      buf_clear(&out);
    }
    assert_int_equal(pieces, s.pieces);
    assert_int_equal(h.chunks, chunks);
    assert_int_equal(h.ended, 1);
    assert_string_equal(h.finish, "stop");
    assert_int_equal(h.output, usage.output);
    assert_string_equal(h.text.data, text.data);
    framing_release(&f);
    buf_release(&h.text);
    buf_release(&out);
  }
  buf_release(&text);
  json_decref(request);
}

static void a_short_answer_has_fewer_pieces_and_an_empty_one_still_ends(void **state) {
  (void)state;
  json_t *request = ask("x", NULL);
  char key[SHA_HEX];
  rehearsal_key(request, key, NULL);
  for (size_t n = 0; n < 9; n++) {
    struct rehearsal_stream s;
    struct buf out;
    buf_init(&out, 10000);
    rehearsal_stream_init(&s, request, key, "01234567", n, &(struct rehearsal_usage){0}, 20);
    while (rehearsal_stream_next(&s, &out)) continue;
    assert_non_null(strstr(out.data, "[DONE]"));
    assert_null(strstr(out.data, "usage"));
    buf_release(&out);
  }
  json_decref(request);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_request_has_the_same_answer),
      cmocka_unit_test(the_key_leaves_the_request_as_it_is),
      cmocka_unit_test(what_is_no_request_is_refused),
      cmocka_unit_test(prose_has_about_the_words_asked_for),
      cmocka_unit_test(prose_keeps_the_names_it_was_given),
      cmocka_unit_test(scenes_asked_for_are_there),
      cmocka_unit_test(prose_does_not_repeat_itself),
      cmocka_unit_test(a_question_with_answers_gets_one_of_them),
      cmocka_unit_test(every_keyword_is_obeyed),
      cmocka_unit_test(a_schema_that_nothing_satisfies_is_named),
      cmocka_unit_test(plans_are_counted_and_numbered_as_asked),
      cmocka_unit_test(references_name_what_is_there),
      cmocka_unit_test(ranges_follow_each_other_and_causes_come_before),
      cmocka_unit_test(names_in_a_cast_differ_and_keep_those_given),
      cmocka_unit_test(names_in_prose_of_any_script_are_kept),
      cmocka_unit_test(properties_come_in_the_order_sent),
      cmocka_unit_test(a_stream_carries_the_answer_in_pieces),
      cmocka_unit_test(a_short_answer_has_fewer_pieces_and_an_empty_one_still_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
