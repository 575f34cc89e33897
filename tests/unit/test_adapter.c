/* test_adapter.c - what each adapter sends, and what it makes of a stream and of a failure. No network. */
#include "unit.h"
#include <jansson.h>
#include <math.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/adapter.h"
#include "llm/framing.h"

static const char *source(void *arg, const char *name, size_t *n) {
  (void)arg;
  static struct buf kept[8];
  static char names[8][32];
  for (int i = 0; i < 8; i++) {
    if (kept[i].data && strcmp(names[i], name) == 0) return *n = kept[i].len, kept[i].data;
    if (kept[i].data) continue;
    char path[80];
    snprintf(path, sizeof path, "scripts/providers/%s.lua", name);
    buf_init(&kept[i], MAX_SCRIPT_BYTES);
    if (buf_read_file(&kept[i], path, NULL) != OK) return NULL;
    snprintf(names[i], sizeof names[i], "%s", name);
    return *n = kept[i].len, kept[i].data;
  }
  return NULL;
}

static struct adapter *load(const char *name) {
  struct error e = {0};
  struct adapter *a = adapter_new(name, source, NULL, &e);
  if (!a) fail_msg("%s: %s", name, e.message);
  return a;
}

/* ---- streams */

struct heard {
  struct adapter *adapter;
  struct adapter_stream stream;
  struct buf text, reasoning;
  const char *failure; /* its kind, or "" */
  double over;
};

static enum err on_event(void *arg, const char *name, const char *data, size_t n) {
  struct heard *h = arg;
  struct adapter_piece piece;
  struct error e = {0};
  if (adapter_event(h->adapter, &h->stream, name, data, n, &piece, &e) != OK) fail_msg("%s", e.message);
  buf_append(&h->text, piece.text, piece.n_text);
  buf_append(&h->reasoning, piece.reasoning, piece.n_reasoning);
  if (piece.failed) h->failure = failure_name(piece.failure.kind);
  if (piece.over >= 0) h->over = piece.over;
  return OK;
}

#define EVENT(json) "data: " json "\n\n"
static const struct {
  const char *adapter, *stream, *text, *reasoning, *stop, *failure;
  int64_t input, cached, written, output, thought;
} streams[] = {
    {"anthropic",
     "event: message_start\n" EVENT(
         "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"c\",\"usage\":{\"input_tokens\":5,"
         "\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":300,\"output_tokens\":1}}}") "event: ping\n" EVENT("{\"type\":\"ping\"}")
         EVENT("{\"type\":\"of_next_year\",\"delta\":{\"text\":\"no\"}}") EVENT(
             "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}}")
             EVENT(
                 "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"x\"}}")
                 EVENT(
                     "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Yes.\"}}")
                     EVENT(
                         "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":null,\"output_tokens\":40,"
                         "\"output_tokens_details\":{\"thinking_tokens\":30}}}")
                         EVENT("{\"type\":\"message_stop\"}"),
     "Yes.", "Hm.", "end", "", 325, 300, 20, 40, 30},
    {"anthropic",
     EVENT("{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"Half\"}}") "event: error\n" EVENT(
         "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}"),
     "Half", "", NULL, "overloaded", 0, 0, 0, 0, 0},
    {"anthropic",
     EVENT("{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"Half\"}}")
         EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"model_context_window_exceeded\"}}"),
     "Half", "", "length", "", 0, 0, 0, 0, 0},
    {"anthropic", EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"pause_turn\"}}"), "", "",
     NULL, "", 0, 0, 0, 0, 0},
    {"anthropic",
     "{\"type\":\"message\",\"model\":\"c\",\"content\":[{\"type\":\"text\",\"text\":\"Whole.\"}],\"stop_reason\":\"max_tokens\","
     "\"usage\":{\"input_tokens\":7,\"output_tokens\":2}}",
     "Whole.", "", "length", "", 7, 0, 0, 2, 0},
    {"gemini",
     EVENT(
         "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true},{\"text\":\"Ye\"}]}}]}")
         EVENT("{\"candidates\":[{\"content\":{}}]}") EVENT(
             "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"s.\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":50,"
             "\"cachedContentTokenCount\":8,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":6}}"),
     "Yes.", "Hm.", "end", "", 50, 8, 0, 10, 6},
    {"gemini", EVENT("{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}}"), "", "", "refusal", "",
     0, 0, 0, 0, 0},
    {"gemini", EVENT("{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}"), "", "", "filter", "", 0, 0, 0, 0,
     0},
    {"gemini", EVENT("{\"candidates\":[{\"finishReason\":\"OTHER\"}]}"), "", "", NULL, "", 0, 0, 0, 0, 0},
    {"gemini", EVENT("{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}"), "", "",
     NULL, "overloaded", 0, 0, 0, 0, 0},
    {"ollama",
     "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"Hm.\"},\"done\":false}\n{\"message\":{\"content\":\"Yes.\"},\"done\":false}\n"
     "{\"model\":\"q\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":3}",
     "Yes.", "Hm.", "end", "", 9, 0, 0, 3, 0},
    {"ollama",
     "{\"message\":{\"content\":\"Half\"},\"done\":false}\n{\"error\":\"CUDA error: out of memory\"}\n",
     "Half", "", NULL, "overloaded", 0, 0, 0, 0, 0},
    {"ollama", "{\"message\":{\"content\":\"Half\"},\"done\":false}\n", "Half", "", NULL, "", 0, 0, 0, 0, 0},
    {"openai_responses",
     EVENT("{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}")
         EVENT("{\"type\":\"response.reasoning_summary_text.delta\",\"delta\":\"Hm.\"}") EVENT(
             "{\"type\":\"response.output_text.delta\",\"delta\":\"Yes.\"}")
             EVENT("{\"type\":\"response.output_text.done\",\"text\":\"Yes.\"}") EVENT(
                 "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":11,\"input_tokens_details\":"
                 "{\"cached_tokens\":5},\"output_tokens\":8,\"output_tokens_details\":{\"reasoning_tokens\":6}}}}"),
     "Yes.", "Hm.", "end", "", 11, 5, 0, 8, 6},
    {"openai_responses",
     EVENT(
         "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
         "\"max_output_tokens\"}}}"),
     "", "", "length", "", 0, 0, 0, 0, 0},
    {"openai_responses",
     EVENT(
         "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"max_output_tokens\":20,\"usage\":"
         "{\"input_tokens\":1,\"output_tokens\":20}}}"),
     "", "", "length", "", 1, 0, 0, 20, 0},
    {"openai_responses",
     EVENT("{\"type\":\"response.refusal.delta\",\"delta\":\"No.\"}")
         EVENT("{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"),
     "", "", "refusal", "", 0, 0, 0, 0, 0},
    {"openai_responses",
     "event: error\n" EVENT(
         "{\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slower\",\"sequence_number\":7}"),
     "", "", NULL, "rate", 0, 0, 0, 0, 0},
    {"openai_responses",
     EVENT(
         "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"oh\"}}}"),
     "", "", NULL, "server", 0, 0, 0, 0, 0},
};

static void each_dialect_ends_as_its_service_means_it(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    struct error e = {0};
    struct heard h = {.adapter = load(streams[i].adapter), .failure = "", .over = -1};
    struct framing f;
    struct adapter_end end;
    buf_init(&h.text, 1000);
    buf_init(&h.reasoning, 1000);
    framing_init(&f, strcmp(streams[i].adapter, "ollama") == 0 ? FRAMING_NDJSON : FRAMING_SSE,
                 MAX_EVENT_BYTES);
    assert_int_equal(adapter_open(h.adapter, &h.stream, &e), OK);
    framing_feed(&f, streams[i].stream, strlen(streams[i].stream), on_event, &h);
    framing_end(&f, on_event, &h);
    assert_int_equal(adapter_finish(h.adapter, &h.stream, &end, &e), OK);
    if (strcmp(h.text.data, streams[i].text) != 0 || strcmp(h.reasoning.data, streams[i].reasoning) != 0 ||
        strcmp(h.failure, streams[i].failure) != 0)
      fail_msg("stream %zu: '%s', '%s', %s", i, h.text.data, h.reasoning.data, h.failure);
    if (end.complete != (streams[i].stop != NULL) ||
        (streams[i].stop && strcmp(end.stop, streams[i].stop) != 0))
      fail_msg("stream %zu ends with %s", i, end.complete ? end.stop : "nothing");
    if (end.usage.input != streams[i].input || end.usage.cached_read != streams[i].cached ||
        end.usage.cache_write != streams[i].written || end.usage.output != streams[i].output ||
        end.usage.reasoning != streams[i].thought)
      fail_msg("stream %zu: usage %lld %lld %lld", i, (long long)end.usage.input,
               (long long)end.usage.cached_read, (long long)end.usage.output);
    adapter_close(h.adapter, &h.stream);
    framing_release(&f);
    buf_release(&h.text);
    buf_release(&h.reasoning);
    adapter_free(h.adapter);
  }
}

/* ---- failures */

static void each_services_refusals_are_what_they_are(void **state) {
  (void)state;
  static const struct {
    const char *adapter;
    int status;
    const char *body, *kind, *learn, *words;
  } cases[] = {
      {"anthropic", 400,
       "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"You have reached your specified API usage limits.\"}}",
       "quota", "", "usage limits"},
      {"anthropic", 400,
       "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"temperature: Extra inputs are not permitted\"}}",
       "parameter", "{\"drop_temperature\":true}", "temperature"},
      {"anthropic", 400,
       "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"adaptive thinking is not supported on this model\"}}",
       "parameter", "{\"thinking\":\"budget\"}", "adaptive"},
      {"anthropic", 400,
       "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"max_tokens: 90000 > 64000, which is the maximum allowed\"}}",
       "parameter", "{\"max_output\":64000}", "64000"},
      {"anthropic", 413, "{\"error\":{\"type\":\"request_too_large\",\"message\":\"too large\"}}",
       "too_large", "", "too large"},
      {"anthropic", 529, "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}", "overloaded", "",
       "busy"},
      {"gemini", 400,
       "{\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}",
       "auth", "", "API key"},
      {"gemini", 429,
       "{\"error\":{\"code\":429,\"message\":\"quota\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"retryDelay\":\"46s\"}]}}",
       "rate", "", "quota"},
      {"gemini", 429,
       "{\"error\":{\"code\":429,\"message\":\"quota\",\"details\":[{\"violations\":[{\"quotaId\":\"RequestsPerDayPerProject\"}]}]}}",
       "quota", "", "quota"},
      {"ollama", 404, "{\"error\":\"model 'qwen9' not found\"}", "invalid", "", "ollama pull qwen9"},
      {"ollama", 400, "{\"error\":\"\\\"gemma\\\" does not support thinking\"}", "parameter",
       "{\"drop_think\":true}", "thinking"},
      {"ollama", 500, "{\"error\":\"model requires more system memory (9 GiB) than is available\"}",
       "overloaded", "", "memory"},
      {"openai", 422,
       "{\"detail\":[{\"loc\":[\"body\",\"messages\"],\"msg\":\"field required\",\"type\":\"missing\"}]}",
       "invalid", "", "body.messages"},
      {"openai", 413,
       "{\"error\":{\"message\":\"Request too large for the tokens per minute\",\"code\":\"rate_limit_exceeded\"}}",
       "too_large", "", "too large"},
      {"openai_responses", 429, "{\"error\":{\"message\":\"no money\",\"code\":\"insufficient_quota\"}}",
       "quota", "", "no money"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct adapter *a = load(cases[i].adapter);
    struct failure f;
    adapter_failure(a, cases[i].status, "", cases[i].body, strlen(cases[i].body), &f);
    if (strcmp(failure_name(f.kind), cases[i].kind) != 0 || strcmp(f.learn, cases[i].learn) != 0 ||
        !strstr(f.message, cases[i].words))
      fail_msg("refusal %zu: %s, learnt %s: %s", i, failure_name(f.kind), f.learn, f.message);
    adapter_free(a);
  }
}

/* ---- requests */

static json_t *request(const char *adapter, const char *reasoning, struct adapter_request *out) {
  struct error e = {0};
  struct call_block blocks[] = {{.text = "You write books.", .n = 16, .stable = true},
                                {.text = "Write.", .n = 6}};
  json_t *schema = json_loads(
      "{\"type\":\"object\",\"required\":[\"b\",\"a\"],\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":9,"
      "\"description\":\"a name\"},\"b\":{\"type\":\"array\",\"minItems\":2,\"items\":{\"type\":\"integer\"}}}}",
      0, NULL);
  struct adapter *a = load(adapter);
  struct adapter_call call = {.base_url = "http://h/v1/",
                              .model = "m",
                              .role = "writer",
                              .reasoning = reasoning,
                              .blocks = blocks,
                              .n_blocks = 2,
                              .max_tokens = 5000,
                              .temperature = 0.5,
                              .schema = schema};
  if (adapter_request(a, &call, out, &e) != OK) fail_msg("%s: %s", adapter, e.message);
  json_t *v = NULL;
  assert_int_equal(jsonx_parse(out->body, out->n_body, "the body", &v, NULL), OK);
  json_decref(schema);
  adapter_free(a);
  return v;
}

static bool says(const struct adapter_request *r, const char *words) {
  return strstr(r->body, words) != NULL;
}

static void each_dialect_asks_in_its_own_form(void **state) {
  (void)state;
  struct adapter_request r;
  json_t *v = request("anthropic", "low", &r);
  assert_string_equal(r.url, "http://h/v1/messages");
  assert_true(says(
      &r,
      "\"system\":[{\"cache_control\":{\"type\":\"ephemeral\"},\"text\":\"You write books.\",\"type\":\"text\"}]"));
  assert_true(says(&r, "\"thinking\":{\"display\":\"summarized\",\"type\":\"adaptive\"}"));
  assert_null(json_object_get(v, "temperature"));
  assert_true(says(&r, "\"description\":\"a name {maxLength: 9}\""));
  assert_true(says(&r, "\"description\":\"{minItems: 2}\""));
  assert_true(says(&r, "\"additionalProperties\":false"));
  assert_true(strstr(r.body, "\"b\":{") < strstr(r.body, "\"a\":{")); /* in the order of `required` */
  json_decref(v);
  adapter_request_release(&r);
  v = request("gemini", "high", &r);
  assert_string_equal(r.url, "http://h/v1/models/m:streamGenerateContent?alt=sse");
  assert_true(says(&r, "\"thinkingLevel\":\"HIGH\""));
  assert_true(says(&r, "\"minItems\":2"));
  assert_false(says(&r, "\"maxLength\":9"));
  json_decref(v);
  adapter_request_release(&r);
  v = request("ollama", NULL, &r);
  assert_string_equal(r.url, "http://h/api/chat");
  assert_int_equal(r.framing, FRAMING_NDJSON);
  assert_true(says(&r, "\"num_ctx\":16384"));
  assert_true(says(&r, "\"maxLength\":9"));
  json_decref(v);
  adapter_request_release(&r);
  v = request("openai_responses", "low", &r);
  assert_string_equal(r.url, "http://h/v1/responses");
  assert_true(json_is_false(json_object_get(v, "store")));
  assert_string_equal(jsonx_str(v, "instructions", ""), "You write books.");
  json_decref(v);
  adapter_request_release(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_dialect_ends_as_its_service_means_it),
                                     cmocka_unit_test(each_services_refusals_are_what_they_are),
                                     cmocka_unit_test(each_dialect_asks_in_its_own_form)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
