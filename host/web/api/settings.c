/* settings.c - settings and health, keys, the test of a provider, a backup. Threads: the server's. */
#include "acts/commands.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

enum { ERRORS_MOST = 10 };

struct failed {
  struct web *web;
  json_t *list;
};

static void add_failed(void *arg, const struct run_row *r) {
  struct failed *f = arg;
  json_array_append_new(f->list, api_run(f->web, r, false));
}

/* The newest runs that failed: each says why. */
static json_t *last_errors(struct web *w) {
  struct failed f = {.web = w, .list = json_array()};
  struct run_filter filter = {.status = RUN_FAILED, .limit = ERRORS_MOST};
  struct db *db = store_reader(w->commands->store);
  (void)runs_each(db, &filter, add_failed, &f); /* the page says by itself when the library cannot be read */
  store_reader_release(w->commands->store, db);
  return f.list;
}

void get_settings(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_settings(w->commands, &out, &e);
  if (err == OK) json_object_set_new(out, "errors", last_errors(w));
  api_answer(a, err, out, 200, &e);
}

void put_key(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_key(w->commands, request_param(q, "provider"), request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}

void test_provider(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_provider_test(w->commands, request_param(q, "name"), request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}

void probe_provider_models(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_provider_probe(w->commands, request_param(q, "name"), &out, &e);
  api_answer(a, err, out, 200, &e);
}

void make_backup(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_backup(w->commands, &out, &e);
  api_answer(a, err, out, 201, &e);
}
