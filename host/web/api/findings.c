/* findings.c - what was found in a book, and what is meant as it is. Threads: the server's. */
#include "acts/commands.h"
#include "store/projects.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

void list_findings(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  int64_t project;
  struct db *db = store_reader(w->commands->store);
  enum err err = project_find_id(db, request_param(q, "slug"), &project, &e);
  if (err == OK) err = findings_of(db, project, &out, &e);
  store_reader_release(w->commands->store, db);
  api_answer(a, err, out, 200, &e);
}

void change_finding(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_finding(w->commands, request_param(q, "slug"), request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}
