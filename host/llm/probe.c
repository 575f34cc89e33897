/* probe.c - see probe.h.
 *
 *   probe_provider -> (adapter_probe says what to ask -> ask each, one after the other)* -> adapter_probe says what is there
 *
 * It has a loop, a connection and an adapter of its own: nothing is shared with calls under way. */
#include "llm/probe.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/internal.h"

enum { MOST_TURNS = 4, MOST_REQUESTS = 60, MOST_BODY = 4 << 20 };
static const struct http_deadlines deadlines = {3, 8, 5, 15};

struct probe {
  const struct llm_provider *config;
  struct loop *loop;
  struct http *http;
  struct adapter *adapter;
  char *key; /* or NULL */
  json_t *answers;
  uint64_t begun_ns;

  /* the request under way */
  long status;
  char *headers;
  struct buf body;
  enum http_end end;
  char why[200];
};

/* ---- one request */

static void on_head(void *arg, struct transfer *t, long status) {
  struct probe *p = arg;
  p->status = status;
  free(p->headers);
  p->headers = mem_dup(http_headers(t));
}

static void on_bytes(void *arg, const char *bytes, size_t n) {
  struct probe *p = arg;
  size_t room = p->body.max - p->body.len;
  buf_append(&p->body, bytes, n < room ? n : room);
}

static void on_end(void *arg, enum http_end end, const char *why) {
  struct probe *p = arg;
  p->end = end;
  snprintf(p->why, sizeof p->why, "%s", why ? why : "");
  loop_stop(p->loop);
}

/* The key goes to the provider's own address only. */
static char *filled(const struct probe *p, const char *url, const char *name, const char *value) {
  const char *at = strstr(value, "{{key}}");
  if (!at) return mem_printf("%s: %s", name, value);
  if (!p->key || !http_same_origin(url, p->config->base_url)) return NULL;
  return mem_printf("%s: %.*s%s%s", name, (int)(at - value), value, p->key, at + strlen("{{key}}"));
}

static enum err send(struct probe *p, const json_t *r, struct error *e) {
  static const struct http_handler handler = {on_head, on_bytes, on_end};
  const char *url = jsonx_str(r, "url", ""), *name;
  const json_t *headers = json_object_get(r, "headers"), *body = json_object_get(r, "body");
  char **lines = mem_alloc((json_object_size(headers) + 1) * sizeof *lines), *text = NULL;
  size_t n = 0;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)headers, name, v) {
    if (json_is_string(v) && (lines[n] = filled(p, url, name, json_string_value(v)))) n++;
  }
  if (body) text = jsonx_dumps(body);
  struct http_request request = {.url = url,
                                 .headers = (const char *const *)lines,
                                 .n_headers = n,
                                 .body = text,
                                 .n_body = text ? strlen(text) : 0,
                                 .http1 = p->config->http1,
                                 .deadlines = deadlines};
  bool started = http_start(p->http, &request, &handler, p, e) != NULL;
  for (size_t i = 0; i < n; i++) {
    explicit_bzero(lines[i], strlen(lines[i]));
    free(lines[i]);
  }
  free(lines);
  return started ? OK : ERR_CONFIG;
}

static void hide_key(const struct probe *p, char *text) {
  size_t n = p->key ? strlen(p->key) : 0;
  for (char *at = text; n && (at = strstr(at, p->key));) memset(at, '*', n);
}

static enum err refused(struct probe *p, struct error *e) {
  struct failure f;
  adapter_failure(p->adapter, p->status, p->headers ? p->headers : "", p->body.data, p->body.len, &f);
  hide_key(p, f.message);
  enum err err = f.kind == FAIL_AUTH ? ERR_AUTH : ERR_PROVIDER;
  return err_set(e, err, "provider '%s' does not say which models it has: %s", p->config->name, f.message);
}

static enum err ask(struct probe *p, const json_t *r, struct error *e) {
  p->status = 0;
  buf_clear(&p->body);
  bool unasked = json_is_true(json_object_get(r, "with_key")) && !p->key;
  enum err err = unasked ? OK : send(p, r, e);
  if (err != OK) return err;
  if (unasked) return json_array_append_new(p->answers, json_pack("{s:i, s:s}", "status", 0, "body", "")), OK;
  loop_run(p->loop);
  bool optional = json_is_true(json_object_get(r, "optional"));
  if (p->end != HTTP_COMPLETE && !optional)
    return err_set(e, ERR_UNAVAILABLE, "provider '%s' does not answer: %s", p->config->name, p->why);
  if (p->status >= 300 && !optional) return refused(p, e);
  json_t *text = json_stringn(p->body.data, p->body.len);
  json_array_append_new(p->answers, json_pack("{s:I, s:o}", "status", (json_int_t)p->status, "body",
                                              text ? text : json_string("")));
  return OK;
}

/* ---- all of them */

/* *out: what the adapter says now; the caller's. */
static enum err turn(struct probe *p, json_t **out, struct error *e) {
  struct buf answer;
  buf_init(&answer, MAX_JSON_BYTES);
  json_t *options = p->config->options ? json_incref(p->config->options) : json_object();
  json_t *in = json_pack("{s:{s:s, s:o}, s:O}", "provider", "base_url", p->config->base_url, "options",
                         options, "answers", p->answers);
  char *text = jsonx_dumps(in);
  json_decref(in);
  enum err err = adapter_probe(p->adapter, text, strlen(text), &answer, e);
  if (err == OK) err = jsonx_parse(answer.data, answer.len, "the probe", out, e);
  free(text);
  buf_release(&answer);
  return err;
}

static json_t *kept_models(const json_t *list) {
  json_t *models = json_array(), *row;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, row) {
    if (*jsonx_str(row, "name", "")) json_array_append(models, row);
  }
  return models;
}

static enum err ask_all(struct probe *p, json_t **found, struct error *e) {
  size_t asked = 0;
  for (int i = 0; i < MOST_TURNS; i++) {
    json_t *said = NULL, *r;
    size_t k;
    enum err err = turn(p, &said, e);
    if (err != OK) return err;
    const json_t *requests = json_object_get(said, "requests");
    json_array_foreach((json_t *)(uintptr_t)requests, k, r) {
      if (err == OK && asked++ < MOST_REQUESTS) err = ask(p, r, e);
    }
    bool more = json_array_size(requests) > 0;
    if (err == OK && !more)
      *found = json_pack("{s:s, s:I, s:o}", "provider", p->config->name, "ms",
                         (json_int_t)((clock_mono_ns() - p->begun_ns) / 1000000), "models",
                         kept_models(json_object_get(said, "models")));
    json_decref(said);
    if (err != OK || !more) return err;
  }
  return err_set(e, ERR_CONFIG, "scripts/providers/%s.lua: probe asks without end", p->config->adapter);
}

static enum err probe(struct probe *p, const struct llm_settings *s, json_t **found, struct error *e) {
  enum err err = llm_read_key(p->config, &p->key, e);
  if (err != OK) return err;
  p->adapter = adapter_new(p->config->adapter, s->adapter_source, s->adapter_arg, e);
  if (!p->adapter) return ERR_CONFIG;
  p->loop = loop_new();
  p->http = http_new(p->loop);
  p->answers = json_array();
  p->begun_ns = clock_mono_ns();
  buf_init(&p->body, MOST_BODY);
  err = ask_all(p, found, e);
  http_free(p->http);
  loop_drain(p->loop);
  loop_free(p->loop);
  adapter_free(p->adapter);
  json_decref(p->answers);
  buf_release(&p->body);
  free(p->headers);
  key_wipe(p->key);
  return err;
}

enum err probe_provider(const struct llm_settings *s, const char *provider, json_t **found, struct error *e) {
  size_t i = 0;
  *found = NULL;
  while (i < s->n_providers && strcmp(s->providers[i].name, provider) != 0) i++;
  if (i == s->n_providers) return err_set(e, ERR_NOT_FOUND, "there is no provider '%.100s'", provider);
  struct probe p = {.config = &s->providers[i]};
  if (llm_is_embedded(p.config)) {
    *found = json_pack("{s:s, s:[{s:s}]}", "provider", provider, "models", "name", "novelist");
    return OK;
  }
  return probe(&p, s, found, e);
}
