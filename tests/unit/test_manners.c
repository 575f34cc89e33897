/* test_manners.c - the rehearsal's manners: each row of the table does what its help says, over a real socket; they are read or
 * explained; dice fall the same way again; `max_tokens`, `stop` and `n` are honoured. */
#include "wire.h"

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "rehearsal/rehearsal_reply.h"
#include "rehearsal_server/server.h"

/* ---- a server with manners, and one question ---- */

static struct rehearse *start_with(const char *manner) {
  struct rehearse_options o;
  struct rehearse *r;
  struct error e = {0};
  rehearse_options_init(&o);
  if (manner && rehearse_set(&o, "manner", manner, &e)) fail_msg("%s", e.message);
  if (rehearse_start(&o, &r, &e)) fail_msg("%s", e.message);
  return r;
}

static const char schema[] =
    "{\"type\":\"object\",\"properties\":{\"chapters\":{\"type\":\"integer\",\"minimum\":3,\"maximum\":9},"
    "\"summary\":{\"type\":\"string\",\"minLength\":60}},\"required\":[\"chapters\",\"summary\"]}";

/* What came of a request: the message, how it ended, and what was told. */
struct said {
  int status;
  json_t *body; /* owns the strings */
  const char *text, *thought, *refusal, *finish, *error;
  const json_t *usage;
};

static char *exchange(const struct rehearse *r, json_t *request, const char *more) {
  if (more) {
    json_t *fields = NULL;
    assert_int_equal(jsonx_parse(more, strlen(more), "fields", &fields, NULL), OK);
    json_object_update(request, fields);
    json_decref(fields);
  }
  char *body = json_dumps(request, 0);
  char *post =
      mem_printf("POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
  int port = atoi(strchr(rehearse_address(r), ':') + 1), fd = wire_connect(port);
  struct buf in;
  buf_init(&in, 64 << 20);
  wire_puts(fd, post);
  wire_read(fd, &in, NULL);
  close(fd);
  free(post);
  free(body);
  json_decref(request);
  return buf_take(&in);
}

static json_t *question(bool json) {
  json_t *v = json_pack("{s:s, s:i, s:[{s:s, s:s}], s:{s:s}}", "model", "m", "max_tokens", 3000, "messages",
                        "role", "user", "content", "Write about 200 words about the keeper of a light.",
                        "metadata", "quire_role", "writer");
  json_t *parsed = NULL;
  jsonx_parse(schema, sizeof schema - 1, "schema", &parsed, NULL);
  if (json)
    json_object_set_new(v, "response_format",
                        json_pack("{s:s, s:{s:O}}", "type", "json_schema", "json_schema", "schema", parsed));
  json_decref(parsed);
  return v;
}

static struct said ask(const struct rehearse *r, bool json, const char *more) {
  char *answer = exchange(r, question(json), more);
  struct said s = {.status = wire_status(answer)};
  const char *body = wire_body(answer);
  if (jsonx_parse(body, strlen(body), "body", &s.body, NULL)) {
    /* A number beyond 64 bits is no JSON to us: the rest of the body is looked at without it. */
    char *usage = strstr(body, ",\"usage\":");
    if (!usage) fail_msg("no JSON: %s", body);
    memcpy(usage, "}", 2);
    assert_int_equal(jsonx_parse(body, strlen(body), "body", &s.body, NULL), OK);
  }
  const json_t *choice = json_array_get(json_object_get(s.body, "choices"), 0),
               *message = json_object_get(choice, "message");
  s.text = jsonx_str(message, "content", "");
  s.thought = jsonx_str(message, "reasoning_content", "");
  s.refusal = jsonx_str(message, "refusal", "");
  s.finish = jsonx_str(choice, "finish_reason", "");
  s.usage = json_object_get(s.body, "usage");
  s.error = jsonx_str(json_object_get(s.body, "error"), "message", "");
  free(answer);
  return s;
}

/* ---- each row ---- */

enum text_is {
  SAME,
  OTHER,
  INSIDE,
  BEGINNING,
  EMPTY
}; /* beside the well-mannered answer: it is the same, it stands inside it, ... */

static const struct row_test {
  const char *spec;
  bool json;
  enum text_is text;
  const char *holds;  /* in the text; NULL: nothing to look for */
  const char *finish; /* "": the request was refused */
} rows[] = {
    {"json-refused", true, EMPTY, NULL, ""},
    {"json-slip", true, EMPTY, NULL, ""},
    {"limit-refused=2999", false, EMPTY, NULL, ""},
    {"limit=50", false, BEGINNING, NULL, "length"},
    {"length=0.5", false, OTHER, NULL, "stop"},
    {"json-numbers", true, OTHER, "{\"chapters\":\"", "stop"},
    {"json-extra", true, OTHER, "\"confidence\":0.9", "stop"},
    {"json-missing", true, OTHER, "{\"chapters\":", "stop"},
    {"json-long=100", true, OTHER, " and so on and so on", "stop"},
    {"json-list", true, INSIDE, "[{", "stop"},
    {"json-wrapped", true, INSIDE, "{\"answer\":{", "stop"},
    {"json-comments", true, OTHER, "{ // ", "stop"},
    {"json-comma", true, OTHER, ",}", "stop"},
    {"json-string", true, OTHER, "\"{\\\"chapters\\\":", "stop"},
    {"json-cut=0.5", true, BEGINNING, "{\"", "stop"},
    {"json-fence", true, INSIDE, "```json\n{", "stop"},
    {"language", false, OTHER, NULL, "stop"},
    {"stops-short=0.4", false, BEGINNING, NULL, "stop"},
    {"filter=0.3", false, BEGINNING, NULL, "content_filter"},
    {"repeat=3", false, INSIDE, NULL, "stop"},
    {"heading", false, INSIDE, NULL, "stop"},
    {"refuse", false, OTHER, "can", "stop"},
    {"refuse-field", false, EMPTY, NULL, "stop"},
    {"chat-before", false, INSIDE, "\n\n", "stop"},
    {"chat-after", false, INSIDE, "\n\n", "stop"},
    {"channels=20", false, INSIDE, "<|channel|>final<|message|>", "stop"},
    {"think-tags=20", false, INSIDE, "</think>", "stop"},
    {"think-inside=2990", false, BEGINNING, NULL, "length"},
    {"think-times=3", false, SAME, NULL, "stop"},
    {"think=50", false, SAME, NULL, "stop"},
    {"usage-wrong=3", false, SAME, NULL, "stop"},
    {"usage-uncached=0.05", false, SAME, NULL, "stop"},
    {"usage-huge", false, SAME, NULL, "stop"},
    {"usage-negative", false, SAME, NULL, "stop"},
    {"usage-strings", false, SAME, NULL, "stop"},
    {"usage-partial", false, SAME, NULL, "stop"},
    {"usage-missing", false, SAME, NULL, "stop"},
    {"ids", false, SAME, NULL, "stop"},
    {"latency=30", false, SAME, NULL, "stop"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool text_is(enum text_is how, const char *text, const char *plain) {
  switch (how) {
  case SAME: return strcmp(text, plain) == 0;
  case INSIDE: return strcmp(text, plain) != 0 && strstr(text, plain);
  case BEGINNING: return strlen(text) < strlen(plain) && strncmp(text, plain, strlen(text)) == 0;
  case EMPTY: return !*text;
  default: return *text && strcmp(text, plain) != 0;
  }
}

static void each_manner_does_what_its_help_says(void **state) {
  (void)state;
  struct rehearse *well = start_with(NULL);
  for (int i = 0; i < ROWS; i++) {
    struct rehearse *r = start_with(rows[i].spec);
    struct said plain = ask(well, rows[i].json, NULL), s = ask(r, rows[i].json, NULL);
    bool right = text_is(rows[i].text, s.text, plain.text) && strcmp(s.finish, rows[i].finish) == 0 &&
                 (!rows[i].holds || strstr(s.text, rows[i].holds)) && (s.status == 400) == !*rows[i].finish;
    if (!right) fail_msg("%s: %d %s\n%s\nbeside: %s", rows[i].spec, s.status, s.finish, s.text, plain.text);
    assert_true(utf8_valid(s.text, strlen(s.text), NULL));
    json_decref(plain.body);
    json_decref(s.body);
    rehearse_stop(r);
  }
  rehearse_stop(well);
}

static void every_manner_is_tested(void **state) {
  (void)state;
  for (const struct manner_row *m = manner_rows; m->name; m++) {
    size_t n = strlen(m->name);
    bool found = false;
    for (int i = 0; i < ROWS; i++)
      found =
          found || (strncmp(rows[i].spec, m->name, n) == 0 && (rows[i].spec[n] == '=' || !rows[i].spec[n]));
    if (!found) fail_msg("no test for the manner '%s'", m->name);
    assert_true(m->help && *m->help && m->apply);
    assert_true(!m->value || (m->otherwise >= m->least && m->otherwise <= m->most));
  }
}

static void thoughts_and_refusals_have_their_own_fields(void **state) {
  (void)state;
  struct rehearse *r = start_with(NULL);
  struct said s = ask(r, false, "{\"manners\":[\"think=50\"]}");
  assert_int_equal(strlen(s.thought), 200);
  assert_int_equal(jsonx_int(json_object_get(s.usage, "completion_tokens_details"), "reasoning_tokens", 0),
                   50);
  assert_int_equal(jsonx_int(s.usage, "completion_tokens", 0), 50 + (strlen(s.text) + 3) / 4);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"think-inside=5000\"]}"); /* all of the limit is thought */
  assert_string_equal(s.text, "");
  assert_string_equal(s.finish, "length");
  assert_int_equal(jsonx_int(s.usage, "completion_tokens", 0), 3000);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"refuse-field\"]}");
  assert_non_null(strstr(s.refusal, "can't help"));
  json_decref(s.body);
  char *stream = exchange(r, question(false),
                          "{\"stream\":true,\"manners\":[\"think=50\",\"refuse-field\",\"usage-missing\"],"
                          "\"stream_options\":{\"include_usage\":true}}");
  assert_non_null(strstr(stream, "\"reasoning_content\":\"Okay"));
  assert_non_null(strstr(stream, "\"refusal\":\"I'm sorry"));
  assert_null(strstr(stream, "\"usage\""));
  assert_non_null(strstr(stream, "[DONE]"));
  free(stream);
  rehearse_stop(r);
}

static void refusals_of_a_request_say_why(void **state) {
  (void)state;
  static const struct {
    const char *manner, *words;
  } refusals[] = {{"{\"manners\":[\"json-slip\"]}", "Failed to generate JSON"},
                  {"{\"manners\":[\"limit-refused=10\"]}", "max_tokens is too large: 3000"},
                  {"{\"manners\":[\"thinks\"]}", "no manner 'thinks'"},
                  {"{\"manners\":[3]}", "list of strings"},
                  {"{\"manners\":\"think\"}", "list of strings"},
                  {"{\"n\":9}", "n is from 1 to 4"}};
  struct rehearse *r = start_with(NULL);
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    struct said s = ask(r, true, refusals[i].manner);
    assert_int_equal(s.status, 400);
    if (!strstr(s.error, refusals[i].words)) fail_msg("%s: %s", refusals[i].manner, s.error);
    json_decref(s.body);
  }
  rehearse_stop(r);
}

static void usage_is_told_as_the_manner_says(void **state) {
  (void)state;
  struct rehearse *r = start_with(NULL);
  struct said plain = ask(r, false, NULL), s;
  json_int_t input = jsonx_int(plain.usage, "prompt_tokens", 0),
             output = jsonx_int(plain.usage, "completion_tokens", 0);
  s = ask(r, false, "{\"manners\":[\"usage-wrong=3\"]}");
  assert_int_equal(jsonx_int(s.usage, "prompt_tokens", 0), 3 * input);
  assert_int_equal(jsonx_int(s.usage, "completion_tokens", 0), 3 * output);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-uncached=0.5\"]}");
  assert_in_range(jsonx_int(s.usage, "prompt_tokens", 0), 1, input * 2 / 3);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-negative\"]}");
  assert_int_equal(jsonx_int(s.usage, "completion_tokens", 0), -1);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-strings\"]}");
  assert_true(json_is_string(json_object_get(s.usage, "prompt_tokens")));
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-partial\"]}");
  assert_int_equal(jsonx_int(s.usage, "prompt_tokens", 0), input);
  assert_null(json_object_get(s.usage, "completion_tokens"));
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-missing\"]}");
  assert_null(s.usage);
  json_decref(s.body);
  s = ask(r, false, "{\"manners\":[\"usage-huge\"]}"); /* `ask` took it away: it is no JSON of ours */
  assert_null(s.usage);
  json_decref(s.body);
  json_decref(plain.body);
  rehearse_stop(r);
}

static void ids_differ_with_the_manner_and_only_then(void **state) {
  (void)state;
  char seen[4][64];
  for (int i = 0; i < 2; i++) {
    struct rehearse *r = start_with(i ? "ids" : NULL);
    for (int k = 0; k < 2; k++) {
      struct said s = ask(r, false, NULL);
      snprintf(seen[2 * i + k], sizeof seen[0], "%s", jsonx_str(s.body, "id", ""));
      json_decref(s.body);
    }
    rehearse_stop(r);
  }
  assert_string_equal(seen[0], seen[1]);
  assert_string_not_equal(seen[2], seen[3]);
}

/* ---- what every server honours ---- */

static void limits_stop_words_and_n_are_honoured(void **state) {
  (void)state;
  struct rehearse *r = start_with(NULL);
  struct said plain = ask(r, true, NULL), s = ask(r, true, "{\"max_tokens\":10}");
  assert_string_equal(s.finish, "length");
  assert_int_equal(strlen(s.text), 40);
  json_decref(s.body);
  s = ask(r, true, "{\"max_tokens\":null,\"max_completion_tokens\":10}");
  assert_int_equal(strlen(s.text), 40);
  json_decref(s.body);
  s = ask(r, true, "{\"stop\":[\"zzz\",\"summary\"]}");
  assert_string_equal(s.finish, "stop");
  assert_null(strstr(s.text, "summary"));
  assert_non_null(strstr(s.text, "chapters"));
  json_decref(s.body);
  s = ask(r, false, "{\"n\":3}");
  const json_t *choices = json_object_get(s.body, "choices");
  assert_int_equal(json_array_size(choices), 3);
  for (size_t i = 1; i < 3; i++) {
    const json_t *other = json_object_get(json_array_get(choices, i), "message");
    assert_string_not_equal(jsonx_str(other, "content", ""), s.text);
  }
  json_decref(s.body);
  json_decref(plain.body);
  rehearse_stop(r);
}

/* ---- conditions and dice ---- */

static void conditions_choose_and_dice_fall_the_same_way_again(void **state) {
  (void)state;
  struct rehearsal_case c = {
      .role = "writer", .quire_key = "ch3/s1", .request_key = "k", .attempt = 1, .seed = 1};
  static const struct {
    const char *spec;
    bool holds;
  } tries[] = {{"refuse", true},          {"refuse:role=writer", true}, {"refuse:role=judge", false},
               {"refuse:key=ch3*", true}, {"refuse:key=ch4*", false},   {"refuse:first=1", true},
               {"refuse:p=0", false},     {"refuse:p=1", true},         {"any:p=1", true},
               {"any:p=0", false},        {"any:p=1,role=judge", false}};
  const struct manner_row *refuse = manner_rows;
  while (strcmp(refuse->name, "refuse") != 0) refuse++;
  struct manner m;
  struct error e = {0};
  double value;
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    assert_int_equal(manner_parse(tries[i].spec, &m, &e), OK);
    if (manner_applies(refuse, &m, 1, &c, &value) != tries[i].holds) fail_msg("%s", tries[i].spec);
  }
  manner_parse("refuse:first=1", &m, &e);
  c.attempt = 2;
  assert_false(manner_applies(refuse, &m, 1, &c, &value));
  char fell[3][201] = {{0}};
  manner_parse("any:p=0.3", &m, &e);
  for (int run = 0; run < 3; run++)
    for (int i = 0; i < 200; i++) {
      char key[16];
      snprintf(key, sizeof key, "key%d", i);
      c.request_key = key;
      c.seed = run == 2 ? 7 : 1;
      fell[run][i] = manner_applies(refuse, &m, 1, &c, &value) ? 'x' : '.';
    }
  int n = 0;
  for (int i = 0; i < 200; i++) n += fell[0][i] == 'x';
  assert_in_range(n, 35, 85);
  assert_string_equal(fell[0], fell[1]);
  assert_string_not_equal(fell[0], fell[2]);
}

static void manners_are_read_or_explained(void **state) {
  (void)state;
  static const struct {
    const char *spec, *message, *hint;
  } wrong[] = {{"thinks", "no manner 'thinks'", "think"},
               {"nonsense", "no manner 'nonsense'", "--help"},
               {"think=", "think= takes a number", ""},
               {"think=0", "think= takes a number from 1", ""},
               {"refuse=3", "takes no value", ""},
               {"any", "needs dice", "any:p="},
               {"any=3:p=1", "takes no value", ""},
               {"refuse:evry=3", "no condition 'evry'", "first=N"},
               {"refuse:every=3", "no condition 'every'", "first=N"},
               {"refuse:p=2", "p= takes a number from 0 to 1", ""},
               {"refuse:", "no condition ''", "first=N"},
               {"", "no manner ''", ""}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct manner m;
    struct error e = {0};
    assert_int_equal(manner_parse(wrong[i].spec, &m, &e), ERR_INVALID);
    if (!strstr(e.message, wrong[i].message) || !strstr(e.hint, wrong[i].hint))
      fail_msg("%s: %s (%s)", wrong[i].spec, e.message, e.hint);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_manner_does_what_its_help_says),
      cmocka_unit_test(every_manner_is_tested),
      cmocka_unit_test(thoughts_and_refusals_have_their_own_fields),
      cmocka_unit_test(refusals_of_a_request_say_why),
      cmocka_unit_test(usage_is_told_as_the_manner_says),
      cmocka_unit_test(ids_differ_with_the_manner_and_only_then),
      cmocka_unit_test(limits_stop_words_and_n_are_honoured),
      cmocka_unit_test(conditions_choose_and_dice_fall_the_same_way_again),
      cmocka_unit_test(manners_are_read_or_explained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
