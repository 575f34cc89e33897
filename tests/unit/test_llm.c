/* test_llm.c - model calls against a scripted server on loopback and a real library: what is sent, and what counts as an answer. */
#include "llm_fixture.h"

static void an_answer_has_one_form(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server,
         OK_HEAD ": ping\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\r\n\r\n" DELTA(
             "S\\u00fc\xc3\xa4") PAUSE DELTA("\\ud83d\\ude00!") STOP("stop") USAGE DONE);
  for (int drip = 0; drip < 2; drip++) {
    r->server.drip = drip;
    struct question q = {0};
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "text", ""), "S\xc3\xbc\xc3\xa4\xf0\x9f\x98\x80!");
    assert_string_equal(q.live.data, "S\xc3\xbc\xc3\xa4\xf0\x9f\x98\x80!");
    assert_string_equal(jsonx_str(v, "reasoning", ""), "Hm.");
    assert_string_equal(jsonx_str(v, "stop", ""), "end");
    assert_string_equal(jsonx_str(v, "native_stop", ""), "stop");
    assert_string_equal(jsonx_str(v, "model", ""), "local/m");
    assert_string_equal(jsonx_str(v, "request_id", ""), "req-7");
    assert_int_equal(jsonx_int(json_object_get(v, "usage"), "input", 0), 100);
    assert_int_equal(jsonx_int(json_object_get(v, "usage"), "cached_read", 0), 40);
    assert_int_equal(jsonx_int(v, "cost_nano", 0), 100 * 1000 + 20 * 10000);
    assert_int_equal(jsonx_int(v, "attempts", 0), 1);
    assert_int_equal(q.call.entry_seq, drip + 1);
    assert_true(q.alive > 0);
    json_decref(v);
    release(&q);
  }
  assert_int_equal(r->budget.spent_nano, 2 * 300000);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(r->budget.calls, 2);
  assert_string_equal(rows_of(r).states, "answered answered");
  assert_int_equal(rows_of(r).cost, 600000);
  assert_int_equal(entries_of(r), 2);
  assert_non_null(strstr(r->server.requests[0], "Bearer " KEY));
  assert_non_null(
      strstr(r->server.requests[0],
             "[{\"content\":\"You write books.\",\"role\":\"system\"},{\"content\":\"Write of the sea.\""));
  /* The same question is the same request, byte by byte. */
  assert_string_equal(r->server.requests[0], r->server.requests[1]);
}

/* What providers and proxies make of a stream: the answer that was paid for comes through, and at once. */
static void an_odd_stream_is_an_answer_all_the_same(void **state) {
  struct room *r = *state;
#define SAID       "The sea was calm."
#define BODY       "{\"choices\":[{\"message\":{\"content\":\"" SAID "\"},\"finish_reason\":\"stop\"}]}"
#define RAW(bytes) "data: {\"choices\":[{\"delta\":{\"content\":\"" bytes "\"}}]}\n\n"
#define HEAD(type) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"
  static const struct {
    const char *reply, *text;
  } cases[] = {
      {OK_HEAD DELTA(SAID) STOP("stop") DONE HANG, SAID},
      {HEAD("application/json") DELTA(SAID) STOP("stop") DONE, SAID},
      {HEAD("text/plain") BODY, SAID},
      {HEAD("text/event-stream") "\n\n" BODY, SAID},
      {OK_HEAD DELTA(SAID) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", SAID},
      {OK_HEAD "data: null\n\ndata: [HEARTBEAT]\n\ndata: ping\n\n" DELTA(SAID) STOP("stop") DONE, SAID},
      {OK_HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"The sea \"}}]}\n"
               "data: {\"choices\":[{\"delta\":{\"content\":\"was calm.\"}}]}\n\n" STOP("stop") DONE,
       SAID},
      {OK_HEAD RAW("\xF0\x9F") RAW("\x94\xA5 burns") STOP("stop") DONE, "\xF0\x9F\x94\xA5 burns"},
      {OK_HEAD RAW("\\ud83d") RAW("\\udd25 burns") STOP("stop") DONE, "\xF0\x9F\x94\xA5 burns"},
      {OK_HEAD RAW("a\xFF b \\udd25") STOP("stop") DONE, "a\xEF\xBF\xBD b \xEF\xBF\xBD"},
      {OK_HEAD
       "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"Hm\"}]},"
       "{\"type\":\"text\",\"text\":\"Yes.\"}]}}]}\n\n" STOP("stop") DONE,
       "Yes."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    json_t *v = result(&q);
    if (jsonx_int(v, "attempts", 0) != 1 || strcmp(jsonx_str(v, "text", ""), cases[i].text) != 0)
      fail_msg("case %zu: %s", i, q.call.result);
    assert_string_equal(q.live.data, cases[i].text);
    json_decref(v);
    release(&q);
  }
}

/* The words of providers that hide behind one dialect: what a failure is, and when to ask again. */
static void providers_words_are_understood(void **state) {
  struct room *r = *state;
  static const struct {
    const char *reply;
    enum llm_pause pause;
    const char *reason, *words; /* of the error */
  } cases[] = {
      /* a spend cap that looks like a rate limit */
      {REFUSED("429", "",
               "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"limit\",\"details\":{\"error_code\":"
               "\"enforced_spend_limit_reached\"}}}"),
       LLM_PAUSE_PROVIDER, NULL, "limit of its own"},
      /* a daily quota: the delay is told in the body only, and too long to wait for */
      {REFUSED(
           "429", "",
           "[{\"error\":{\"code\":429,\"message\":\"quota\",\"details\":[{\"retryDelay\":\"36000s\"}]}}]"),
       LLM_PAUSE_PROVIDER, NULL, "quota"},
      {REFUSED("429", "", "{\"error\":{\"message\":\"Rate limit. Please try again in 2h10m5s.\"}}"),
       LLM_PAUSE_PROVIDER, NULL, "2h10m5s"},
      /* llama.cpp says its sizes, before and within the stream */
      {REFUSED("400", "",
               "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\",\"message\":\"too long\","
               "\"n_prompt_tokens\":9000,\"n_ctx\":4096}}"),
       LLM_NO_PAUSE, "context", "(9000 tokens, room for 4096)"},
      {OK_HEAD
       "data: {\"error\":{\"type\":\"exceed_context_size_error\",\"message\":\"too long\",\"n_prompt_tokens\":9000,"
       "\"n_ctx\":4096}}\n\n",
       LLM_NO_PAUSE, "context", "room for 4096"},
      /* OpenRouter hands on the words of the provider behind it */
      {REFUSED("402", "", "{\"error\":{\"code\":402,\"message\":\"Insufficient credits\"}}"),
       LLM_PAUSE_PROVIDER, NULL, "Insufficient credits"},
      {REFUSED(
           "400", "",
           "{\"error\":{\"message\":\"Provider returned error\",\"metadata\":{\"raw\":\"too many images\"}}}"),
       LLM_NO_PAUSE, "invalid", "too many images"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    if (q.call.pause != cases[i].pause)
      fail_msg("case %zu: pause %d: %s", i, (int)q.call.pause, q.call.error ? q.call.error->message : "");
    if (r->server.taken != 1) fail_msg("case %zu: %d requests", i, r->server.taken);
    if (!strstr(q.call.error->message, cases[i].words)) fail_msg("case %zu: %s", i, q.call.error->message);
    if (cases[i].reason) {
      json_t *v = result(&q);
      assert_string_equal(jsonx_str(json_object_get(v, "error"), "reason", ""), cases[i].reason);
      json_decref(v);
    }
    release(&q);
  }
}

/* A server that says that it read far less than it was sent has cut the prompt: that answer is none. */
static void a_prompt_that_was_cut_is_no_answer(void **state) {
  struct room *r = *state;
  char *text = mem_alloc(40001);
  memset(text, 'a', 40000);
  for (size_t i = 5; i < 40000; i += 6) text[i] = ' ';
  struct call_block block = {.text = text, .n = 40000};
  sha256_hex(block.text, block.n, block.sha);
  static const struct {
    const char *tokens;
    bool cut;
  } cases[] = {{"2048", true}, {"9000", false}, {"0", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    /* a server's thread may still hold the one before */
    static char replies[sizeof cases / sizeof cases[0]][400];
    char *reply = replies[i];
    snprintf(reply, sizeof replies[i],
             OK_HEAD DELTA("The sea.")
                 STOP("stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%s}}\n\n" DONE,
             cases[i].tokens);
    struct question q = {.call = {.blocks = &block, .n_blocks = 1}};
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    json_t *v = result(&q), *error = json_object_get(v, "error");
    assert_string_equal(jsonx_str(error, "reason", ""), cases[i].cut ? "context" : "");
    if (cases[i].cut)
      assert_non_null(strstr(q.call.error->message, "read only 2048 tokens of a prompt of about 10000"));
    json_decref(v);
    release(&q);
  }
  free(text);
}

/* A host that knows this of models. */
static void know(struct room *r, const json_t *families, const json_t *own) {
  llm_free(r->llm);
  loop_drain(r->loop);
  r->settings.facts = (struct facts_known){.families = families, .own = own};
  start_llm(r);
}

/* What a server told of its longest answer holds, unless a person says otherwise. */
static void a_persons_limit_goes_before_a_learnt_one(void **state) {
  struct room *r = *state;
  static const char refusal[] = REFUSED(
      "400", "",
      "{\"error\":{\"message\":\"max_tokens is too large: it must be at most 120\",\"param\":\"max_tokens\"}}");
  struct question q = {0}, other = {0};
  SCRIPT(&r->server, refusal, GOOD);
  ask_one(r, &q);
  assert_non_null(strstr(r->server.requests[1], "\"max_tokens\":120"));
  json_t *own = json_pack("{s:{s:i}}", "local/m", "max_output", 150);
  know(r, NULL, own);
  forget_requests(&r->server);
  ask_one(r, &other);
  assert_non_null(strstr(r->server.requests[0], "\"max_tokens\":150"));
  release(&q);
  release(&other);
  json_decref(own);
}

/* The first request is one that the model takes, with room to think in, whatever provider serves it and however new the library is. */
static void a_known_thinker_is_asked_as_it_wants_it(void **state) {
  struct room *r = *state;
  static const struct {
    const char *row, *reasoning, *sent, *not_sent;
  } cases[] = {
      {"{'thinks':'default','thought':1000}", NULL, "\"max_tokens\":1500", "reasoning_effort"},
      {"{'thinks':'always'}", NULL, "\"max_tokens\":8692", "reasoning_effort"},
      {"{'thinks':'always','thought':1000,'max_output':1200}", NULL, "\"max_tokens\":1200",
       "reasoning_effort"},
      {"{'thinks':'default','thought':1000,'least':'none'}", "little", "\"max_tokens\":500", "\"low\""},
      {"{'thinks':'default','thought':1000,'least':'none'}", "little", "\"reasoning_effort\":\"none\"",
       "\"low\""},
      {"{'thinks':'always','least':'low'}", "little", "\"reasoning_effort\":\"low\"", "none"},
      {"{'thinks':'always'}", "little", "\"max_tokens\":8692", "reasoning_effort"},
      {"{'thinks':'never'}", "high", "\"max_tokens\":500", "reasoning_effort"},
      {"{'thinks':'asked'}", "low", "\"max_tokens\":4596", "none"},
      {"{'thinks':'default','thinking':'switch','least':'none'}", "little",
       "\"thinking\":{\"type\":\"disabled\"}", "reasoning_effort"},
      {"{'refuses':['stream_options']}", NULL, "\"stream\":true", "stream_options"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char row[200], *quote;
    snprintf(row, sizeof row, "[{'name':'*/M',%s]", cases[i].row + 1);
    while ((quote = strchr(row, '\''))) *quote = '"';
    json_t *families = json_loads(row, 0, NULL);
    know(r, families, NULL);
    struct question q = {.call = {.reasoning = cases[i].reasoning}};
    SCRIPT(&r->server, GOOD);
    forget_requests(&r->server);
    ask_one(r, &q);
    if (!strstr(r->server.requests[0], cases[i].sent) || strstr(r->server.requests[0], cases[i].not_sent))
      fail_msg("%s: %s", cases[i].row, r->server.requests[0]);
    release(&q);
    know(r, NULL, NULL);
    json_decref(families);
  }
}

/* What thinking needed beyond the room that is usual is learnt on top of it. */
static void a_thinker_that_needs_more_room_than_usual_gets_it(void **state) {
  struct room *r = *state;
  json_t *own = json_pack("{s:{s:s, s:i}}", "local/m", "thinks", "always", "thought", 1000);
  know(r, NULL, own);
  struct question q = {0};
  SCRIPT(&r->server, OK_HEAD STOP("length") USAGE DONE, GOOD);
  forget_requests(&r->server);
  ask_one(r, &q);
  assert_non_null(strstr(r->server.requests[0], "\"max_tokens\":1500"));
  assert_non_null(strstr(r->server.requests[1], "\"max_tokens\":9692"));
  assert_int_equal(q.call.err, OK);
  release(&q);
  json_decref(own);
}

static void what_cannot_fit_is_not_sent(void **state) {
  struct room *r = *state;
  json_t *own = json_pack("{s:{s:i}}", "local/m", "context", 60);
  know(r, NULL, own);
  struct question q = {.call = {.max_words = 2000}};
  SCRIPT(&r->server, GOOD);
  ask_one(r, &q);
  assert_int_equal(r->server.taken, 0);
  assert_non_null(strstr(q.call.error->message, "do not fit into its context of 60 tokens"));
  assert_non_null(strstr(q.call.error->message, "Its longest part, \""));
  assert_non_null(strstr(q.call.error->message, "a model with more context"));
  assert_int_equal(r->budget.reserved_nano, 0);
  release(&q);
  json_decref(own);
}

/* The body of GOOD on a connection that stays open, and with it the next call's. */
static char *good_and_keep(void) {
  static const char body[] = DELTA("The sea ") DELTA("was calm.") STOP("stop") USAGE DONE;
  return mem_printf(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s" KEEP,
      sizeof body - 1, body);
}

/* The server reads a request on a kept connection, perhaps works on it, and closes without a byte: asking again is our decision. */
static void no_request_leaves_without_an_intent(void **state) {
  struct room *r = *state;
  struct question first = {0}, second = {0};
  char *good = good_and_keep();
  SCRIPT(&r->server, good, "", GOOD);
  ask_one(r, &first);
  ask_one(r, &second);
  assert_int_equal(second.call.err, OK);
  assert_int_equal(r->server.n_requests, 3);
  assert_string_equal(rows_of(r).states, "answered failed answered");
  assert_int_equal(r->budget.calls, 3);
  json_t *v = result(&second);
  assert_int_equal(jsonx_int(v, "attempts", 0), 2);
  json_decref(v);
  release(&first);
  release(&second);
  free(good);
}

static void a_request_that_is_too_large_says_so(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      REFUSED(
          "413", "",
          "<!DOCTYPE html><html>\n<head><title>413 Request Entity Too Large</title><style>p {}</style></head>"
          "<body><center><h1>413 Request Entity Too Large</h1></center><hr>nginx</body></html>"));
  ask_one(r, &q);
  json_t *v = result(&q), *error = json_object_get(v, "error");
  assert_string_equal(jsonx_str(error, "reason", ""), "too_large");
  assert_non_null(strstr(q.call.error->message,
                         "the request of 1 KB is larger than the provider, or a proxy before it, takes"
                         " (HTTP 413: 413 Request Entity Too Large nginx)"));
  assert_non_null(strstr(jsonx_str(error, "hint", ""), "a model that takes more"));
  assert_int_equal(r->server.taken, 1);
  json_decref(v);
  release(&q);
}

static void a_schema_is_asked_for_once(void **state) {
  struct room *r = *state;
  json_t *schema = json_pack("{s:s,s:[s,s],s:{s:{s:s},s:{s:s}}}", "type", "object", "required", "why",
                             "answer", "properties", "answer", "type", "string", "why", "type", "string");
  struct question q = {.call = {.schema = schema}};
  SCRIPT(&r->server, REFUSED("400", "", "{\"error\":{\"message\":\"response_format is not supported\"}}"),
         GOOD);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_int_equal(jsonx_int(v, "attempts", 0), 2);
  const char *props = strstr(r->server.requests[0], "\"properties\":{\"why\"");
  assert_non_null(props); /* in the script's order */
  assert_null(strstr(r->server.requests[0], "{{schema"));
  assert_null(strstr(r->server.requests[1], "response_format"));
  json_decref(v);
  json_decref(schema);
  release(&q);
}

static void a_long_answer_stops_at_its_length(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(&r->server, OK_HEAD DELTA("The sea") STOP("length") DONE);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "stop", ""), "length");
  json_decref(v);
  release(&q);
}

static void an_answer_without_stream_is_read_too(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"Hi.\"},"
      "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.25}}");
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "text", ""), "Hi.");
  assert_int_equal(jsonx_int(v, "cost_nano", 0), 250000000);
  json_decref(v);
  release(&q);
}

/* A script may ask for several choices. Their chunks come in turns; the answer is the first of them, not a mixture. */
static void other_choices_are_not_mixed_into_the_answer(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      OK_HEAD DELTA("The sea ") "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"A lamp \"}}]}\n\n" DELTA(
          "was calm.") "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n" STOP("stop")
          USAGE DONE);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "text", ""), "The sea was calm.");
  assert_string_equal(jsonx_str(v, "stop", ""), "end");
  json_decref(v);
  release(&q);
}

static void a_fenced_run_sends_nothing(void **state) {
  struct room *r = *state;
  struct question q = {0};
  r->epoch--;
  ask_one(r, &q);
  assert_int_equal(q.call.err, ERR_FENCED);
  assert_int_equal(r->server.n_requests, 0);
  assert_int_equal(r->budget.calls, 0);
  assert_int_equal(r->budget.reserved_nano, 0);
  release(&q);
}

static void limits_hold(void **state) {
  struct room *r = *state;
  r->providers[0].concurrency = 2;
  struct question q[8] = {0};
  SCRIPT(&r->server, OK_HEAD PAUSE PAUSE PAUSE DELTA("x") STOP("stop") DONE);
  uint64_t start = clock_mono_ns();
  for (int i = 0; i < 8; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  assert_true(clock_mono_ns() - start >= 4 * 9 * 1000000ull); /* four pairs */
  for (int i = 0; i < 8; i++) {
    assert_int_equal(q[i].call.err, OK);
    release(&q[i]);
  }
}

/* Servers that cut off the mark with which a thought begins leave the one with which it ends. */
static void what_a_model_thought_is_no_text_though_its_first_mark_is_missing(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server, OK_HEAD DELTA("They want the sea. ") DELTA("Calm, I think.\\n") DELTA("</think>\\n\\n")
                         DELTA("The sea was calm.") STOP("stop") USAGE DONE);
  struct question q = {0};
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "text", ""), "The sea was calm.");
  assert_non_null(strstr(jsonx_str(v, "reasoning", ""), "They want the sea. Calm, I think."));
  json_decref(v);
  release(&q);
}

static void a_looping_adapter_is_stopped(void **state) {
  struct room *r = *state;
  static const char *const models[] = {"looping/x"};
  struct question q = {.call = {.models = models, .n_models = 1}}, after = {0};
  SCRIPT(&r->server, GOOD);
  ask_one(r, &q);
  assert_int_equal(q.call.pause, LLM_PAUSE_PROVIDER);
  ask_one(r, &after);
  assert_int_equal(after.call.err, OK);
  release(&q);
  release(&after);
}

static void rehearsal_needs_no_network(void **state) {
  struct room *r = *state;
  char *first = NULL;
  for (int i = 0; i < 2; i++) {
    struct question q = {.call = {.role = "practice", .ask_key = "k"}};
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "stop", ""), "end");
    assert_int_equal(jsonx_int(v, "cost_nano", -1), 0);
    assert_true(strlen(jsonx_str(v, "text", "")) > 20);
    assert_string_equal(q.live.data, jsonx_str(v, "text", ""));
    if (first)
      assert_string_equal(first, jsonx_str(v, "text", ""));
    else
      first = mem_dup(jsonx_str(v, "text", ""));
    json_decref(v);
    release(&q);
  }
  struct question gone = {.call = {.role = "practice"}, .cancel_at = 3};
  put_question(r, &gone);
  loop_run(r->loop);
  assert_int_equal(gone.done, 0);
  release(&gone);
  free(first);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
  const struct CMUnitTest tests[] = {
      T(an_answer_has_one_form),
      T(an_odd_stream_is_an_answer_all_the_same),
      T(providers_words_are_understood),
      T(a_prompt_that_was_cut_is_no_answer),
      T(a_persons_limit_goes_before_a_learnt_one),
      T(a_known_thinker_is_asked_as_it_wants_it),
      T(a_thinker_that_needs_more_room_than_usual_gets_it),
      T(what_cannot_fit_is_not_sent),
      T(no_request_leaves_without_an_intent),
      T(a_request_that_is_too_large_says_so),
      T(a_schema_is_asked_for_once),
      T(a_long_answer_stops_at_its_length),
      T(an_answer_without_stream_is_read_too),
      T(other_choices_are_not_mixed_into_the_answer),
      T(a_fenced_run_sends_nothing),
      T(limits_hold),
      T(a_looping_adapter_is_stopped),
      T(what_a_model_thought_is_no_text_though_its_first_mark_is_missing),
      T(rehearsal_needs_no_network),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
