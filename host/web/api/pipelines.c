/* pipelines.c - what can be run, with the fields that its form has. */
#include "web/api/api.h"
#include "web/api/handlers.h"

void list_pipelines(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  (void)q;
  enum err err = command_pipelines(w->commands, NULL, &out, &e);
  api_answer(a, err, out, 200, &e);
}

void get_pipeline(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_pipelines(w->commands, request_param(q, "name"), &out, &e);
  api_answer(a, err, out, 200, &e);
}

void list_exports(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  (void)q;
  enum err err = command_exports(w->commands, &out, &e);
  api_answer(a, err, out, 200, &e);
}
