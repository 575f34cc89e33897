/* runs.c - reading runs: the list, one run, its history, its calls, where its time and money went. */
#include "store/calls.h"
#include "store/events.h"
#include "view/call.h"
#include "view/event.h"
#include "view/replay.h"
#include "view/timeline.h"
#include "base/text.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

#include <string.h>

struct listing {
  struct web *web;
  struct api_list list;
};

/* ---- the list */

static void add_run(void *arg, const struct run_row *r) {
  struct listing *l = arg;
  api_list_add(&l->list, r->id, api_run(l->web, r, false));
}

static bool take_status(struct response *a, const char *status, struct run_filter *filter) {
  struct error e = {0};
  if (run_filter_status(filter, status)) return true;
  const char *near = text_nearest(status, run_filter_words);
  err_set(&e, ERR_INVALID, "there is no status '%.100s'", status);
  if (near) err_hint(&e, "did you mean '%s'?", near);
  response_error(a, &e);
  return false;
}

void list_runs(struct request *q, struct response *a, void *arg) {
  struct listing l = {.web = arg};
  struct error e = {0};
  struct run_filter filter = {.project = request_query(q, "project"),
                              .pipeline = request_query(q, "pipeline"),
                              .text = request_query(q, "q")};
  if (!take_status(a, request_query(q, "status"), &filter) || !api_list_begin(q, a, &l.list)) return;
  filter.before_id = l.list.after;
  filter.limit = (int)l.list.limit + 1;
  struct db *db = store_reader(l.web->commands->store);
  enum err err = runs_each(db, &filter, add_run, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(l.web->commands->store, db);
  api_list_end(a, &l.list, err, &e);
}

/* ---- one run */

/* Is there such a run? Answers when not. */
static bool find_run(struct web *w, struct request *q, struct response *a, struct run_row *row) {
  struct error e = {0};
  int64_t id;
  if (!api_number(q, a, "id", "run", &id)) return false;
  struct db *db = store_reader(w->commands->store);
  enum err err = run_get(db, id, row, &e);
  store_reader_release(w->commands->store, db);
  if (err != OK) response_error(a, &e);
  return err == OK;
}

void get_run(struct request *q, struct response *a, void *arg) {
  struct run_row row;
  if (!find_run(arg, q, a, &row)) return;
  json_t *run = api_run(arg, &row, true);
  const struct web *w = arg;
  struct db *db = store_reader(w->commands->store);
  view_rehearsal(db, row.id, 0, run);
  store_reader_release(w->commands->store, db);
  response_json(a, 200, run);
  run_row_release(&row);
}

static void add_event(void *arg, const struct event_row *event) {
  struct listing *l = arg;
  api_list_add(&l->list, event->id, view_event(event));
}

void list_run_events(struct request *q, struct response *a, void *arg) {
  struct listing l = {.web = arg};
  struct run_row row;
  struct error e = {0};
  if (!find_run(arg, q, a, &row)) return;
  struct events_filter filter = {
      .run = row.id, .level = request_query(q, "level"), .text = request_query(q, "q")};
  run_row_release(&row);
  if (!api_list_begin(q, a, &l.list)) return;
  filter.after = l.list.after;
  filter.limit = (int)l.list.limit + 1;
  struct db *db = store_reader(l.web->commands->store);
  enum err err = events_find(db, &filter, add_event, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(l.web->commands->store, db);
  api_list_end(a, &l.list, err, &e);
}

static void add_call(void *arg, const struct call_row *k) {
  struct listing *l = arg;
  api_list_add(&l->list, k->id, view_call(k));
}

void list_run_calls(struct request *q, struct response *a, void *arg) {
  struct listing l = {.web = arg};
  struct run_row row;
  struct error e = {0};
  if (!find_run(arg, q, a, &row)) return;
  int64_t run = row.id;
  run_row_release(&row);
  if (!api_list_begin(q, a, &l.list)) return;
  struct db *db = store_reader(l.web->commands->store);
  enum err err = calls_page(db, run, l.list.after, (int)l.list.limit + 1, add_call, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(l.web->commands->store, db);
  api_list_end(a, &l.list, err, &e);
}

static void answer_of_run(struct web *w, struct request *q, struct response *a,
                          enum err (*view)(struct db *db, const struct run_row *r, json_t **out,
                                           struct error *e)) {
  struct run_row row;
  struct error e = {0};
  json_t *out = NULL;
  if (!find_run(w, q, a, &row)) return;
  struct db *db = store_reader(w->commands->store);
  enum err err = view(db, &row, &out, &e);
  store_reader_release(w->commands->store, db);
  run_row_release(&row);
  api_answer(a, err, out, 200, &e);
}

void get_timeline(struct request *q, struct response *a, void *arg) {
  answer_of_run(arg, q, a, view_timeline);
}

void get_replay(struct request *q, struct response *a, void *arg) {
  answer_of_run(arg, q, a, view_replay);
}

void get_call(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  int64_t id;
  if (!api_number(q, a, "id", "call", &id)) return;
  struct db *db = store_reader(w->commands->store);
  enum err err = view_call_whole(db, id, &out, &e);
  store_reader_release(w->commands->store, db);
  api_answer(a, err, out, 200, &e);
}
