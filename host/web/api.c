/* api.c - routes to commands. Threads: the server's. Every route is a row; a handler reads its path and body, calls one command, answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "http/server.h"
#include "store/calls.h"
#include "store/runs.h"
#include "web/web.h"

struct web {
  struct server *server;
  struct commands *commands;
  char *token;
};

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
  bool healthy = store_healthy(w->commands->store);
  response_json(a, healthy ? 200 : 503,
                json_pack("{s:s, s:b}", "status", healthy ? "ready" : "the database takes no writes", "store",
                          healthy));
}

struct counts {
  int queued, running, waiting;
};

static void count(void *arg, const struct run_row *row) {
  struct counts *n = arg;
  if (strcmp(row->status, "queued") == 0) n->queued++;
  if (strcmp(row->status, "running") == 0) n->running++;
  if (strcmp(row->status, "waiting") == 0) n->waiting++;
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, double v) {
  buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.10g\n", name, help, name, type, name, v);
}

static void metrics(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct counts n = {0};
  struct store_stats s;
  int64_t cost = 0, calls = 0;
  struct db *db = store_reader(w->commands->store);
  runs_each(db, &(struct run_filter){.status = "unfinished"}, count, &n);
  calls_spent(db, 0, &cost, &calls);
  store_reader_release(w->commands->store, db);
  store_stats(w->commands->store, &s);
  struct buf b;
  buf_init(&b, 65536);
  buf_printf(
      &b,
      "# HELP quire_runs Unfinished runs.\n# TYPE quire_runs gauge\nquire_runs{status=\"queued\"} %d\nquire_runs{status=\"running\"} %d\nquire_runs{status=\"waiting\"} %d\n",
      n.queued, n.running, n.waiting);
  metric(&b, "quire_calls_total", "counter", "Model calls, all attempts.", (double)calls);
  metric(&b, "quire_cost_usd_total", "counter", "What they cost, where the price is known.",
         (double)cost / 1e9);
  metric(&b, "quire_store_commits_total", "counter", "Transactions.", (double)s.commits);
  metric(&b, "quire_store_ops_total", "counter", "Writes in them.", (double)s.ops);
  metric(&b, "quire_store_retries_total", "counter", "Groups tried again because the database was locked.",
         (double)s.retries);
  metric(&b, "quire_store_spooled_total", "counter", "Writes that went to the spool.", (double)s.spooled);
  metric(&b, "quire_store_longest_commit_seconds", "gauge", "The longest transaction.",
         (double)s.longest_commit_us / 1e6);
  metric(&b, "quire_store_healthy", "gauge", "1: the database takes writes.",
         store_healthy(w->commands->store));
  response_send(a, 200, "text/plain; version=0.0.4; charset=utf-8", b.data, b.len);
  buf_release(&b);
}

/* ---- the table */

static const struct route routes[] = {
    {"GET", "/healthz", healthz, "the process answers", ROUTE_OPEN, 0},
    {"GET", "/readyz", readyz, "it can take work", ROUTE_OPEN, 0},
    {"GET", "/metrics", metrics, "counters for Prometheus", ROUTE_OPEN, 0},
    {"POST", "/api/runs", start_run, "start a run", 0, 0},
    {"POST", "/api/runs/{id}/resume", resume_run, "go on with a run", 0, 0},
    {"POST", "/api/runs/{id}/adopt", adopt_run, "go on with a run whose host died, as it was", 0, 0},
    {"POST", "/api/runs/{id}/retry", retry_run, "a new run with the answers of a finished one", 0, 0},
    {"POST", "/api/runs/{id}/cancel", cancel_run, "stop a run for good", 0, 0},
    {"POST", "/api/runs/{id}/notes", note_run, "tell the writer something", 0, 0},
    {"POST", "/api/gates/{id}", decide_gate, "decide a question", 0, 0},
    {"POST", "/api/projects/{slug}/artifacts", edit_artifact, "save a person's edit", 0, 0},
};

struct web *web_start(struct commands *c, const char *listen, const char *token, char address[64],
                      struct error *e) {
  struct web *w = mem_alloc(sizeof *w);
  w->commands = c;
  w->token = mem_dup(token);
  struct server_settings settings = {.listen = listen,
                                     .routes = routes,
                                     .n_routes = sizeof routes / sizeof *routes,
                                     .arg = w,
                                     .token = w->token};
  if (server_start(&settings, &w->server, e) != OK) {
    free(w->token);
    free(w);
    return NULL;
  }
  snprintf(address, 64, "%s", server_address(w->server));
  return w;
}

void web_stop(struct web *w) {
  if (!w) return;
  server_stop(w->server);
  free(w->token);
  free(w);
}
