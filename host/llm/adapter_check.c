/* adapter_check.c - see adapter_check.h. Each promise is a row: a function that looks, and the cure for who broke it. */
#include "llm/adapter_check_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/jsonx.h"
#include "llm/http.h"
#include "lua/describe.h"

static const char base_url[] = "https://provider.example/v1", model[] = "model-of-the-check";
static const char stable_text[] = "STABLE-PART: you write books.",
                  moving_text[] = "MOVING-PART: write two hundred words of the sea.",
                  other_text[] = "OTHER-PART: write two hundred words of a hill.";

enum promise_state check_broken(struct check *c, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(c->seen, sizeof c->seen, fmt, ap);
  va_end(ap);
  return PROMISE_BROKEN;
}

/* ---- requests */

struct adapter_call check_call(struct call_block blocks[2]) {
  blocks[0] = (struct call_block){.text = stable_text, .n = strlen(stable_text), .stable = true};
  blocks[1] = (struct call_block){.text = moving_text, .n = strlen(moving_text)};
  return (struct adapter_call){.base_url = base_url,
                               .model = model,
                               .role = "writer",
                               .blocks = blocks,
                               .n_blocks = 2,
                               .max_tokens = MOST_TOKENS,
                               .temperature = 0.25};
}

bool check_request(struct check *c, const struct adapter_call *call, struct adapter_request *r) {
  struct error e = {0};
  *r = (struct adapter_request){0};
  if (adapter_request(c->adapter, call, r, &e) == OK) return true;
  (void)check_broken(c, "request: %.250s", e.message);
  return false;
}

static bool ask(struct check *c, const char *last, struct adapter_request *r) {
  struct call_block blocks[2];
  struct adapter_call call = check_call(blocks);
  blocks[1] = (struct call_block){.text = last, .n = strlen(last)};
  return check_request(c, &call, r);
}

static bool has(const char *text, const char *part) {
  return text && strstr(text, part) != NULL;
}

/* What a row about requests looks at: the request of the usual call, changed by `change`. */
static enum promise_state with_request(struct check *c,
                                       void (*change)(struct adapter_call *call, json_t *values),
                                       bool (*holds)(const struct adapter_request *r)) {
  struct call_block blocks[2];
  struct adapter_call call = check_call(blocks);
  struct adapter_request r;
  json_t *values = json_object();
  if (change) change(&call, values);
  bool made = check_request(c, &call, &r), good = made && holds(&r);
  if (made && !good) (void)check_broken(c, "it sends to %.80s: %.200s", r.url, r.body ? r.body : "(no body)");
  adapter_request_release(&r);
  json_decref(values);
  return kept_if(good);
}

static bool is_below(const struct adapter_request *r) {
  return http_same_origin(r->url, base_url);
}
static enum promise_state asks_its_own_address(struct check *c) {
  return with_request(c, NULL, is_below);
}

static bool key_in_header(const struct adapter_request *r) {
  bool found = false;
  for (size_t i = 0; i < r->n_headers; i++) found = found || has(r->headers[i], "{{key}}");
  return found && !has(r->url, "{{key}}") && !has(r->body, "{{key}}");
}
static enum promise_state keeps_the_key(struct check *c) {
  return with_request(c, NULL, key_in_header);
}

static bool has_model(const struct adapter_request *r) {
  return has(r->body, model) || has(r->url, model);
}
static enum promise_state names_the_model(struct check *c) {
  return with_request(c, NULL, has_model);
}

static bool has_prompt(const struct adapter_request *r) {
  return has(r->body, stable_text) && has(r->body, moving_text);
}
static enum promise_state sends_the_prompt(struct check *c) {
  return with_request(c, NULL, has_prompt);
}

static bool has_limit(const struct adapter_request *r) {
  return has(r->body, "7770");
}
static enum promise_state limits_the_answer(struct check *c) {
  return with_request(c, NULL, has_limit);
}

/* Two questions that differ in their last block are the same bytes but for that: what a provider has cached of one serves the other. */
static bool same_but_for(const char *a, const char *b) {
  const char *moving = strstr(a, moving_text);
  size_t before = moving ? (size_t)(moving - a) : 0;
  return moving && strncmp(a, b, before) == 0 && strncmp(b + before, other_text, strlen(other_text)) == 0 &&
         strcmp(moving + strlen(moving_text), b + before + strlen(other_text)) == 0;
}

static enum promise_state begins_alike(struct check *c) {
  struct adapter_request a, b;
  bool made = ask(c, moving_text, &a), both = made && ask(c, other_text, &b);
  bool good = both && same_but_for(a.body, b.body);
  if (both && !good) (void)check_broken(c, "%.140s; and then %.140s", a.body, b.body);
  if (made) adapter_request_release(&a);
  if (both) adapter_request_release(&b);
  return kept_if(good);
}

static void add_extra(struct adapter_call *call, json_t *values) {
  json_object_set_new(values, "of_the_script", json_integer(4711));
  call->extra = values;
}
static bool extra_went(const struct adapter_request *r) {
  return has(r->body, "4711");
}
static enum promise_state takes_extra(struct check *c) {
  return with_request(c, add_extra, extra_went);
}

static void refuse_temperature(struct adapter_call *call, json_t *values) {
  json_object_set_new(values, "drop_temperature", json_true());
  call->facts = values;
}
static bool without_temperature(const struct adapter_request *r) {
  return !has(r->body, "0.25");
}
static bool with_temperature(const struct adapter_request *r) {
  return has(r->body, "0.25");
}
static enum promise_state sends_temperature(struct check *c) {
  return with_request(c, NULL, with_temperature);
}
static enum promise_state drops_what_is_refused(struct check *c) {
  return with_request(c, refuse_temperature, without_temperature);
}

static void want_form(struct adapter_call *call, json_t *values) {
  json_t *schema = json_pack("{s:s, s:{s:{s:s}}, s:[s], s:b}", "type", "object", "properties", "lantern",
                             "type", "string", "required", "lantern", "additionalProperties", 0);
  json_object_update(values, schema);
  json_decref(schema);
  call->schema = values;
}
static bool form_told(const struct adapter_request *r) {
  return has(r->body, "lantern");
}
static enum promise_state tells_the_form(struct check *c) {
  return with_request(c, want_form, form_told);
}

static void want_form_in_prompt(struct adapter_call *call, json_t *values) {
  want_form(call, values);
  call->without_schema = true;
}
/* Within a string its quotes are escaped. */
static bool form_in_prompt(const struct adapter_request *r) {
  return has(r->body, "\\\"lantern\\\"") && !has(r->body, "\"lantern\":");
}
static enum promise_state tells_the_form_in_words(struct check *c) {
  return with_request(c, want_form_in_prompt, form_in_prompt);
}

static void want_whole(struct adapter_call *call, json_t *values) {
  (void)values;
  call->whole = true;
}
static bool is_whole(const struct adapter_request *r) {
  return r->framing != FRAMING_SSE && !has(r->body, "\"stream\":true");
}
static enum promise_state can_do_without_a_stream(struct check *c) {
  return with_request(c, want_whole, is_whole);
}

/* ---- refusals */

static enum promise_state means(struct check *c, long status, const char *headers, const char *body,
                                const char *kinds) {
  struct failure f;
  char word[40];
  adapter_failure(c->adapter, status, headers, body, strlen(body), &f);
  snprintf(word, sizeof word, " %s ", failure_name(f.kind));
  return has(kinds, word) ? PROMISE_KEPT
                          : check_broken(c, "HTTP %ld is \"%s\", and must be one of%s", status,
                                         failure_name(f.kind), kinds);
}

static enum promise_state a_key_is_refused(struct check *c) {
  return means(c, 401, "",
               "{\"error\":{\"message\":\"Incorrect API key provided\",\"type\":\"authentication_error\"}}",
               " auth ");
}
static enum promise_state a_limit_passes(struct check *c) {
  struct failure f;
  const char *body = "{\"error\":{\"message\":\"Too many requests\",\"type\":\"rate_limit_error\"}}";
  adapter_failure(c->adapter, 429, "retry-after: 7\n", body, strlen(body), &f);
  if (f.kind == FAIL_RATE && f.retry_after == 7) return PROMISE_KEPT;
  return check_broken(c, "HTTP 429 with retry-after: 7 is \"%s\", retry_after = %g", failure_name(f.kind),
                      f.retry_after);
}
static enum promise_state servers_recover(struct check *c) {
  static const long statuses[] = {500, 502, 503, 504, 529};
  enum promise_state state = PROMISE_KEPT;
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses && state == PROMISE_KEPT; i++)
    state = means(c, statuses[i], "", "", " server overloaded ");
  return state;
}
static enum promise_state a_long_prompt_is_told(struct check *c) {
  return means(c, 400, "",
               "{\"error\":{\"message\":\"The input is longer than the model's maximum context length\"}}",
               " context ");
}
static enum promise_state what_never_will_do(struct check *c) {
  enum promise_state state =
      means(c, 404, "", "{\"error\":{\"message\":\"The model does not exist\"}}", " invalid ");
  return state == PROMISE_KEPT ? means(c, 400, "", "<html><body>Bad Request</body></html>", " invalid ")
                               : state;
}

/* ---- all of them */

static const struct row {
  const char *about, *what, *cure;
  enum promise_state (*look)(struct check *c);
} rows[] = {
    {"request", "asks at its provider's own address",
     "build `url` from call.base_url: common.url(call, \"/path\")", asks_its_own_address},
    {"request", "has the key in a header and nowhere else",
     "headers = { [\"Authorization\"] = \"Bearer {{key}}\" }: the host puts the key in, for that address only",
     keeps_the_key},
    {"request", "names the model", "put call.model into the body or the address", names_the_model},
    {"request", "sends the whole prompt",
     "each of call.blocks goes out, word for word (common.prompt joins them)", sends_the_prompt},
    {"request", "is the same but for what is asked",
     "put nothing into a request that changes from call to call: providers cache what is the same",
     begins_alike},
    {"request", "limits the answer", "send call.max_tokens: the budget is reserved by it", limits_the_answer},
    {"request", "sends the temperature", "send call.temperature where it is not nil", sends_temperature},
    {"request", "leaves out what the model refuses",
     "common.amend(body, call) drops what facts.drop_NAME says", drops_what_is_refused},
    {"request", "sends what a script adds", "common.amend(body, call) puts call.extra in", takes_extra},
    {"request", "tells the form of an answer",
     "put call.schema where the service takes one, or call.schema_text into the prompt", tells_the_form},
    {"request", "tells the form in the prompt once the service has refused it",
     "common.prompt(call) does it; call.schema goes out only where it returns \"schema\"",
     tells_the_form_in_words},
    {"request", "can do without a stream",
     "framing = common.framing(call, \"sse\"), and stream = call.stream in the body",
     can_do_without_a_stream},
    {"stream", "gives the whole text, and says that it is complete",
     "`event` returns each piece of text; `finish` returns { stop = \"end\" } once the service has said why it stopped",
     check_whole},
    {"stream", "is complete only when all of it came",
     "`finish` returns nil until the service's own last word was there: a connection that ends says nothing",
     check_half},
    {"stream", "tells when nothing more comes",
     "`event` returns `over` as its fourth value at the last event: 0, or seconds to wait", check_over},
    {"stream", "tells the tokens",
     "`finish` returns usage = { input =, output =, cached_read =, ... }: the bill is made from it",
     check_tokens},
    {"stream", "says when a limit cut the answer", "stop = \"length\"; common.stop_of knows the usual words",
     check_limit},
    {"stream", "says when a filter withheld the answer", "stop = \"filter\" or \"refusal\"", check_filter},
    {"stream", "keeps thoughts apart from the text", "`event` returns thoughts as its second value",
     check_thoughts},
    {"stream", "skips events that nobody knows yet",
     "look at the fields that you know, and return nothing for others", check_news},
    {"stream", "takes no answer with a spoilt event in it",
     "return a failure where an event cannot be read: common.unreadable(s, name, data, why, event)",
     check_spoilt},
    {"stream", "sees an error that comes in place of an event",
     "`event` returns common.stream_failure(value) as its third value where an event holds an error",
     check_error},
    {"stream", "reads an answer that comes all at once", "`event` is given the whole body, named \"body\"",
     check_body},
    {"failure", "a key that is refused waits for a person", "kind = \"auth\" for 401; common.failure does it",
     a_key_is_refused},
    {"failure", "a rate limit is waited for, as long as the service says",
     "kind = \"rate\", retry_after = seconds", a_limit_passes},
    {"failure", "what a server may recover from is asked again",
     "kind = \"server\" or \"overloaded\" for each 5xx", servers_recover},
    {"failure", "a prompt that is too long goes to the next model", "kind = \"context\"",
     a_long_prompt_is_told},
    {"failure", "what will never do is not asked again", "kind = \"invalid\"", what_never_will_do},
};

enum err adapter_check(const char *name, adapter_source_fn *source, void *source_arg,
                       const struct adapter_sample *sample, promise_told *told, void *arg, struct error *e) {
  struct check c = {.adapter = adapter_new(name, source, source_arg, e), .sample = sample};
  if (!c.adapter) return ERR_CONFIG;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    c.seen[0] = '\0';
    enum promise_state state = rows[i].look(&c);
    told(arg, &(struct promise){.about = rows[i].about,
                                .what = rows[i].what,
                                .state = state,
                                .cure = rows[i].cure,
                                .seen = state == PROMISE_KEPT ? "" : c.seen});
  }
  adapter_free(c.adapter);
  return OK;
}

enum err adapter_sample_read(const char *text, size_t n, const char *name, json_t **out, struct error *e) {
  return describe_data(text, n, name, out, e);
}
