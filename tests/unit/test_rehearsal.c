/* test_rehearsal.c - the embedded model: the same answer to the same request, prose that is true to its names, streams. */
#include "rehearsal_fixture.h"

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
      cmocka_unit_test(a_stream_carries_the_answer_in_pieces),
      cmocka_unit_test(a_short_answer_has_fewer_pieces_and_an_empty_one_still_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
