/* projects.c - books and series, and what belongs to one. */
#include <stdlib.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "store/artifacts.h"
#include "view/project.h"
#include "view/words.h"
#include "web/api/api.h"
#include "web/api/cards.h"
#include "web/api/handlers.h"

enum { CARDS_MOST = 1000, RUNS_MOST = 50 };

/* ---- the list */

void list_projects(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  int64_t parent = -1;
  const char *of = request_query(q, "parent");
  struct db *db = store_reader(w->commands->store);
  enum err err = of && *of ? project_find_id(db, of, &parent, &e) : OK;
  if (of && !*of) parent = 0; /* ?parent= : those without */
  if (err == OK) {
    err = cards_list(w, db, request_query(q, "kind"), parent, CARDS_MOST, &out);
    if (err != OK) db_error(db, &e);
  }
  store_reader_release(w->commands->store, db);
  if (err != OK) json_decref(out);
  api_answer(a, err, out, 200, &e);
}

/* ---- one project */

struct found {
  struct project_row row; /* its strings are ours */
};

static void take_project(void *arg, const struct project_row *p) {
  struct found *f = arg;
  f->row = *p;
  f->row.slug = mem_dup(p->slug);
  f->row.title = mem_dup(p->title);
  f->row.kind = mem_dup(p->kind);
  f->row.fields = mem_dup(p->fields);
}

static void found_release(struct found *f) {
  free((char *)(uintptr_t)f->row.slug);
  free((char *)(uintptr_t)f->row.title);
  free((char *)(uintptr_t)f->row.kind);
  free((char *)(uintptr_t)f->row.fields);
}

static void add_artifact(void *arg, const struct artifact_row *r) {
  json_array_append_new(arg, view_artifact(r));
}

struct runs {
  struct web *web;
  json_t *list;
};

static void add_run(void *arg, const struct run_row *r) {
  struct runs *runs = arg;
  json_array_append_new(runs->list, api_run(runs->web, r, false));
}

static enum err whole_project(struct web *w, struct db *db, const struct project_row *p, json_t **out) {
  json_t *artifacts = json_array(), *children = NULL;
  struct runs runs = {.web = w, .list = json_array()};
  struct run_filter filter = {.project = p->slug, .limit = RUNS_MOST};
  enum err err = artifacts_each(db, p->id, "", add_artifact, artifacts);
  if (err == OK) err = runs_each(db, &filter, add_run, &runs);
  if (err == OK) err = cards_list(w, db, NULL, p->id, CARDS_MOST, &children);
  *out = card_of(w, db, p);
  json_object_set_new(*out, "fields", view_parsed(p->fields));
  json_object_set_new(*out, "artifacts", artifacts);
  json_object_set_new(*out, "runs", runs.list);
  json_object_set_new(*out, "children", children ? children : json_array());
  return err;
}

void get_project(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  struct found f = {0};
  json_t *out = NULL;
  struct db *db = store_reader(w->commands->store);
  enum err err = project_find(db, request_param(q, "slug"), take_project, &f, &e);
  if (err == OK && (err = whole_project(w, db, &f.row, &out)) != OK) db_error(db, &e);
  store_reader_release(w->commands->store, db);
  found_release(&f);
  if (err != OK) json_decref(out);
  api_answer(a, err, out, 200, &e);
}
