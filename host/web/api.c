/* api.c - routes to commands. Threads: the server's. Every route is a row; a handler reads its path and body, calls one command, answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "web/internal.h"
#include "web/pages.h"

/* ---- what handlers share */

static bool path_number(struct request *q, struct response *a, int64_t *id) {
  const char *text = request_param(q, "id");
  char *end = NULL;
  errno = 0;
  *id = text ? strtoll(text, &end, 10) : 0;
  if (text && *text && !*end && !errno && *id > 0) return true;
  struct error e = {0};
  err_set(&e, ERR_NOT_FOUND, "'%s' is no number of a run or gate", text ? text : "");
  response_error(a, &e);
  return false;
}

static void answer(struct response *a, enum err err, json_t *out, int status, const struct error *e) {
  if (err == OK)
    response_json(a, status, out);
  else
    response_error(a, e);
}

/* ---- commands */

static void start_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_run(w->commands, request, &out, &e);
  answer(a, err, out, 201, &e);
  json_decref(request);
}

static void on_run(struct request *q, struct response *a,
                   enum err (*command)(struct commands *, int64_t, const json_t *, json_t **, struct error *),
                   void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  int64_t id;
  if (!path_number(q, a, &id) || request_json(q, a, &request) != OK) return;
  enum err err = command(w->commands, id, request, &out, &e);
  answer(a, err, out, 200, &e);
  json_decref(request);
}

static void resume_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_resume, arg);
}
static void retry_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_retry, arg);
}
static void note_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_note, arg);
}
static void decide_gate(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_gate, arg);
}

static void adopt_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  int64_t id;
  if (!path_number(q, a, &id)) return;
  enum err err = command_adopt(w->commands, id, &out, &e);
  answer(a, err, out, 200, &e);
}

static void cancel_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  int64_t id;
  if (!path_number(q, a, &id)) return;
  enum err err = command_cancel(w->commands, id, &out, &e);
  answer(a, err, out, 200, &e);
}

static void edit_artifact(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_artifact(w->commands, request_param(q, "slug"), request, &out, &e);
  answer(a, err, out, 201, &e);
  json_decref(request);
}

/* ---- health */

static void healthz(struct request *q, struct response *a, void *arg) {
  (void)q;
  (void)arg;
  response_json(a, 200, json_pack("{s:s}", "status", "ok"));
}

static void readyz(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct error why = {0};
  json_t *reasons = NULL;
  bool ready = commands_ready(w->commands, &reasons, &why);
  response_json(a, ready ? 200 : 503,
                json_pack("{s:s, s:b, s:o}", "status", ready ? "ready" : why.message, "store",
                          store_healthy(w->commands->store), "reasons", reasons));
}

static void send_metrics(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct buf b;
  buf_init(&b, METRICS_MOST_BYTES);
  metrics_text(w->metrics, &b);
  response_send(a, 200, "text/plain; version=0.0.4; charset=utf-8", b.data, b.len);
  buf_release(&b);
}

/* ---- keeping house */

static void sweep(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  enum err err = command_sweep(w->commands, &out, &e);
  answer(a, err, out, 200, &e);
}

static void prune(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_prune(w->commands, request, &out, &e);
  answer(a, err, out, 200, &e);
  json_decref(request);
}

static void delete_project(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  enum err err = command_project_delete(w->commands, request_param(q, "slug"), &out, &e);
  answer(a, err, out, 200, &e);
}

/* ---- the table */

static const struct route routes[] = {
    {"GET", "/healthz", healthz, "the process answers", ROUTE_OPEN, 0},
    {"GET", "/readyz", readyz, "it can take work", ROUTE_OPEN, 0},
    {"GET", "/metrics", send_metrics, "counters for Prometheus", ROUTE_OPEN, 0},
    {"POST", "/api/runs", start_run, "start a run", 0, 0},
    {"POST", "/api/runs/{id}/resume", resume_run, "go on with a run", 0, 0},
    {"POST", "/api/runs/{id}/adopt", adopt_run, "go on with a run whose host died, as it was", 0, 0},
    {"POST", "/api/runs/{id}/retry", retry_run, "a new run with the answers of a finished one", 0, 0},
    {"POST", "/api/runs/{id}/cancel", cancel_run, "stop a run for good", 0, 0},
    {"POST", "/api/runs/{id}/notes", note_run, "tell the writer something", 0, 0},
    {"POST", "/api/gates/{id}", decide_gate, "decide a question", 0, 0},
    {"POST", "/api/projects/{slug}/artifacts", edit_artifact, "save a person's edit", 0, 0},
    {"DELETE", "/api/projects/{slug}", delete_project, "a project, its documents and its runs, for good", 0,
     0},
    {"POST", "/api/sweep", sweep, "look for stale runs now", 0, 0},
    {"POST", "/api/prune", prune, "take away what is over", 0, 0},
};

static void add_routes(struct web *w, const struct route *rows, size_t n) {
  w->routes = mem_grow(w->routes, (w->n_routes + n) * sizeof *rows);
  memcpy(w->routes + w->n_routes, rows, n * sizeof *rows);
  w->n_routes += n;
}

static void web_free(struct web *w) {
  metrics_free(w->metrics);
  assets_close(w->assets);
  free(w->routes);
  free(w->token);
  free(w->base);
  free(w);
}

struct web *web_start(struct commands *c, const struct web_settings *settings, char address[64],
                      struct error *e) {
  struct web *w = mem_alloc(sizeof *w);
  w->commands = c;
  w->metrics = metrics_new(c);
  w->token = mem_dup(settings->token);
  w->base = mem_dup("/");
  add_routes(w, routes, sizeof routes / sizeof *routes);
  add_routes(w, page_routes, page_routes_count);
  enum err err = assets_open(settings->ui, &w->assets, e);
  struct server_settings of_server = {
      .listen = settings->listen, .routes = w->routes, .n_routes = w->n_routes, .arg = w, .token = w->token};
  if (err == OK) err = server_start(&of_server, &w->server, e);
  if (err != OK) {
    web_free(w);
    return NULL;
  }
  snprintf(address, 64, "%s", server_address(w->server));
  return w;
}

void web_stop(struct web *w) {
  if (!w) return;
  server_stop(w->server);
  web_free(w);
}
