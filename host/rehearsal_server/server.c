/* server.c - the routes of the rehearsal server, its start and its stop. Its answers to questions are call.c's.
 *
 * rehearse_start -> on_request* -> rehearse_stop. */
#include "rehearsal_server/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "rehearsal/rehearsal_speech.h"
#include "rehearsal_server/batches.h"
#include "rehearsal_server/internal.h"
#include "rehearsal_server/kept.h"

/* ---- plain answers ---- */

static const char *reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 429: return "Too Many Requests";
  case 500: return "Internal Server Error";
  case 503: return "Service Unavailable";
  default: return "Refused";
  }
}

static void send_text(struct conn *c, int status, const char *type, const char *more, const char *body,
                      size_t n) {
  struct buf out;
  buf_init(&out, MAX_JSON_BYTES);
  buf_printf(&out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
             reason(status), type, n, more);
  buf_append(&out, body, n);
  conn_write(c, out.data, out.len);
  buf_release(&out);
  conn_end(c);
}

void send_json(struct conn *c, int status, const char *more, json_t *v) {
  char *text = jsonx_dumps(v);
  json_decref(v);
  send_text(c, status, "application/json", more, text ? text : "{}", text ? strlen(text) : 2);
  free(text);
}

json_t *error_json(const char *message, const char *type, const char *code) {
  return json_pack("{s:{s:s, s:s, s:s}}", "error", "message", message, "type", type, "code", code);
}

/* ---- routes ---- */

/* ---- which models there are, as each dialect asks it ---- */

enum { CONTEXT = 1000000, CONTEXT_AT_HOME = 32768, LONGEST = 64000 };

/* OpenAI's and Anthropic's clients ask the same address. */
static void show_models(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r;
  const char *owner = strncmp(q->target, "/llamacpp", 9) == 0 ? "llamacpp" : "quire";
  send_json(c, 200, "",
            json_pack("{s:s, s:[{s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:i}], s:b}", "object", "list", "data",
                      "id", "rehearsal", "object", "model", "type", "model", "created", 0, "owned_by", owner,
                      "context_length", CONTEXT, "max_input_tokens", CONTEXT, "max_tokens", LONGEST,
                      "has_more", 0));
}

static void show_props(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_json(
      c, 200, "",
      json_pack("{s:{s:i}, s:i}", "default_generation_settings", "n_ctx", CONTEXT_AT_HOME, "total_slots", 1));
}

static void show_gemini(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_json(c, 200, "",
            json_pack("{s:[{s:s, s:i, s:i, s:b, s:[s]}]}", "models", "name", "models/rehearsal",
                      "inputTokenLimit", CONTEXT, "outputTokenLimit", LONGEST, "thinking", 0,
                      "supportedGenerationMethods", "generateContent"));
}

static void show_tags(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_json(c, 200, "",
            json_pack("{s:[{s:s, s:s}]}", "models", "name", "rehearsal:latest", "model", "rehearsal:latest"));
}

static void show_tag(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_json(c, 200, "",
            json_pack("{s:{s:i}, s:[s,s], s:{s:[b,b], s:b}}", "model_info", "novel.context_length",
                      CONTEXT_AT_HOME, "capabilities", "completion", "thinking", "thinking", "values", 0, 1,
                      "default", 1));
}

/* ---- the ledger, the settings ---- */

static void show_ledger(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  const char *since = strstr(q->target, "since=");
  send_json(c, 200, "", ledger_json(r->ledger, since ? atoll(since + 6) : 0));
}

static void clear_ledger(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)q;
  ledger_clear(r->ledger);
  send_json(c, 200, "", ledger_json(r->ledger, 0));
}

static void show_control(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)q;
  send_json(c, 200, "", rehearse_options_json(&r->options));
}

static void set_control(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  struct error e = {0};
  json_t *v = NULL;
  enum err err = jsonx_parse(q->body, q->n_body, "the settings", &v, &e);
  if (!err) err = rehearse_set_json(&r->options, v, &e);
  json_decref(v);
  if (!err)
    show_control(r, c, q);
  else
    send_json(c, 400, "",
              json_pack("{s:{s:s, s:s, s:s}}", "error", "code", err_name(err), "message", e.message, "hint",
                        e.hint));
}

static void say_ok(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_text(c, 200, "text/plain", "", "ok\n", 3);
}

static const struct {
  const char *method, *path;
  void (*handler)(struct rehearse *r, struct conn *c, const struct conn_request *q);
} routes[] = {{"GET", "/v1/models", show_models},
              {"GET", "/llamacpp/v1/models", show_models},
              {"GET", "/llamacpp/props", show_props},
              {"GET", "/v1beta/models", show_gemini},
              {"GET", "/api/tags", show_tags},
              {"POST", "/api/show", show_tag},
              {"GET", "/ledger", show_ledger},
              {"DELETE", "/ledger", clear_ledger},
              {"GET", "/control", show_control},
              {"POST", "/control", set_control},
              {"GET", "/healthz", say_ok}};

static void on_request(void *arg, struct conn *c, const struct conn_request *q) {
  if (kept_request(arg, c, q) || batch_request(arg, c, q)) return;
  size_t n = strcspn(q->target, "?");
  bool known = speech_at(q->target) != NULL;
  if (known && strcmp(q->method, "POST") == 0) {
    call_start(arg, c, q);
    return;
  }
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
    if (strlen(routes[i].path) != n || memcmp(routes[i].path, q->target, n) != 0) continue;
    known = true;
    if (strcmp(routes[i].method, q->method) != 0) continue;
    routes[i].handler(arg, c, q);
    return;
  }
  send_json(c, known ? 405 : 404, "",
            error_json(known ? "this address does not take that method" : "there is nothing at this address",
                       "invalid_request_error", "not_found"));
}

/* ---- start and stop ---- */

static void *run(void *arg) {
  loop_run(((struct rehearse *)arg)->loop);
  return NULL;
}

static void rehearse_free(struct rehearse *r) {
  pool_free(r->pool);
  loop_drain(r->loop);
  listener_free(r->listener);
  calls_free(r);
  kept_list_free(r->kept);
  batches_free(r->batches);
  loop_free(r->loop);
  ledger_free(r->ledger);
  free(r->listen);
  free(r);
}

enum err rehearse_start(const struct rehearse_options *options, struct rehearse **out, struct error *e) {
  static const struct conn_handler handler = {on_request, call_sent, call_gone};
  *out = NULL;
  struct rehearse *r = mem_alloc(sizeof *r);
  r->options = *options;
  r->options.listen = r->listen = mem_dup(options->listen);
  r->loop = loop_new();
  r->ledger = ledger_new();
  r->kept = kept_list_new();
  r->batches = batches_new();
  list_init(&r->unheard);
  enum err err = listener_new(r->loop, r->listen, &handler, r, &r->listener, e);
  if (err) {
    rehearse_free(r);
    return err;
  }
  r->pool = pool_new(r->loop, (int)sysconf(_SC_NPROCESSORS_ONLN));
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int sys = pthread_create(&r->thread, NULL, run, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (sys) {
    rehearse_free(r);
    return err_errno(e, sys, "cannot start the rehearsal server's thread");
  }
  *out = r;
  return OK;
}

void rehearse_stop(struct rehearse *r) {
  if (!r) return;
  loop_stop(r->loop);
  pthread_join(r->thread, NULL);
  rehearse_free(r);
}

const char *rehearse_address(const struct rehearse *r) {
  return listener_address(r->listener);
}

/* A connection is a descriptor; the usual soft limit is 1024. */
static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

enum err rehearse_main(const struct rehearse_options *options, struct error *e) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  allow_many_files();
  struct rehearse *r;
  enum err err = rehearse_start(options, &r, e);
  if (err) return err;
  printf("rehearsal model on http://%s/v1 (ledger: http://%s/ledger)\n", rehearse_address(r),
         rehearse_address(r));
  fflush(stdout);
  int signal_number;
  sigwait(&ends, &signal_number);
  rehearse_stop(r);
  return OK;
}
