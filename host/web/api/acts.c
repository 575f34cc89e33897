/* acts.c - changes: a handler reads its path and body, calls one command of the engine, answers. */
#include "web/api/api.h"
#include "web/api/handlers.h"

/* A browser, or a program with a token of its own, works with what the library has: no path of this machine's disk is its business. */
static bool names_no_paths(struct web *w, struct request *q, struct response *a, const json_t *request) {
  static const char *const paths[] = {"file", "scripts", "out", NULL};
  for (int i = 0; paths[i]; i++) {
    if (!json_object_get(request, paths[i]) || access_is_owner(w->access, q)) continue;
    char message[80];
    snprintf(message, sizeof message, "'%s' is a path on this machine", paths[i]);
    response_fail(a, 403, "forbidden", message, "only the command line may name paths");
    return false;
  }
  return true;
}

void start_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  if (names_no_paths(w, q, a, request)) {
    enum err err = command_run(w->commands, request, &out, &e);
    api_answer(a, err, out, 201, &e);
  }
  json_decref(request);
}

void forecast_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  if (names_no_paths(w, q, a, request)) {
    enum err err = command_forecast(w->commands, request, &out, &e);
    api_answer(a, err, out, 200, &e);
  }
  json_decref(request);
}

static void on_number(struct request *q, struct response *a, const char *what,
                      enum err (*command)(struct commands *, int64_t, const json_t *, json_t **,
                                          struct error *),
                      void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  int64_t id;
  if (!api_number(q, a, "id", what, &id) || request_json(q, a, &request) != OK) return;
  if (names_no_paths(w, q, a, request)) {
    enum err err = command(w->commands, id, request, &out, &e);
    api_answer(a, err, out, 200, &e);
  }
  json_decref(request);
}

void resume_run(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "run", command_resume, arg);
}
void retry_run(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "run", command_retry, arg);
}
void fork_run(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "run", command_fork, arg);
}
void replay_call(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "call", command_replay, arg);
}
void note_run(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "run", command_note, arg);
}
void decide_gate(struct request *q, struct response *a, void *arg) {
  on_number(q, a, "gate", command_gate, arg);
}

/* Commands that need no more than the run's number. */
static void on_run(struct request *q, struct response *a,
                   enum err (*command)(struct commands *, int64_t, json_t **, struct error *), void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  int64_t id;
  if (!api_number(q, a, "id", "run", &id)) return;
  enum err err = command(w->commands, id, &out, &e);
  api_answer(a, err, out, 200, &e);
}

void adopt_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_adopt, arg);
}
void pause_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_pause, arg);
}
void cancel_run(struct request *q, struct response *a, void *arg) {
  on_run(q, a, command_cancel, arg);
}

void delete_project(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  enum err err = command_project_delete(w->commands, request_param(q, "slug"), &out, &e);
  api_answer(a, err, out, 200, &e);
}

void upload(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_upload(w->commands, request, &out, &e);
  api_answer(a, err, out, 201, &e);
  json_decref(request);
}
