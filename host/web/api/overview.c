/* overview.c - the first page in one request: what is being written, what waits for a person, the books. */
#include <string.h>

#include "base/jsonx.h"
#include "store/gates.h"
#include "store/projects.h"
#include "view/gate.h"
#include "view/state.h"
#include "web/api/api.h"
#include "web/api/cards.h"
#include "web/api/handlers.h"

enum { RUNS_MOST = 100, CARDS_MOST = 100 };

struct overview {
  struct web *web;
  struct db *db;
  json_t *now, *waiting, *counts;
};

/* What a person must do something about: a question, money, a key, a provider that does not come back by itself. */
static void add_run(void *arg, const struct run_row *r) {
  struct overview *o = arg;
  json_t *run = api_run(o->web, r, false);
  json_array_append(o->now, run);
  bool waits = r->status == RUN_WAITING && !state_waits(r, FOR_GATE) && !state_waits(r, FOR_TIMER);
  if (waits) json_array_append(o->waiting, run);
  json_decref(run);
}

static void add_gate(void *arg, const struct gate_row *g) {
  struct overview *o = arg;
  json_t *gate = view_gate(g);
  json_object_del(gate, "show"); /* as long as a book */
  json_object_del(gate, "schema");
  json_array_append_new(o->waiting, gate);
}

static void add_count(void *arg, enum run_status status, int64_t n) {
  struct overview *o = arg;
  json_object_set_new(o->counts, run_status_word(status), json_integer(n));
}

static json_t *health(struct web *w) {
  json_t *reasons = NULL;
  bool ready = commands_ready(w->commands, &reasons, NULL);
  return json_pack("{s:b, s:o}", "ready", ready, "reasons", reasons);
}

static enum err gather(struct overview *o, json_t **cards) {
  struct run_filter unfinished = {.unfinished = true, .limit = RUNS_MOST};
  enum err err = runs_each(o->db, &unfinished, add_run, o);
  if (err == OK) err = gates_each(o->db, 0, true, add_gate, o);
  if (err == OK) err = runs_count(o->db, add_count, o);
  if (err == OK) err = cards_list(o->web, o->db, NULL, 0, CARDS_MOST, cards);
  return err;
}

void get_overview(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  struct overview o = {.web = w, .now = json_array(), .waiting = json_array(), .counts = json_object()};
  json_t *cards = NULL;
  (void)q;
  o.db = store_reader(w->commands->store);
  enum err err = gather(&o, &cards);
  if (err != OK) db_error(o.db, &e);
  store_reader_release(w->commands->store, o.db);
  json_t *out = json_pack("{s:o, s:o, s:o, s:o, s:o}", "now", o.now, "waiting", o.waiting, "projects",
                          cards ? cards : json_array(), "counts", o.counts, "health", health(w));
  if (err != OK) json_decref(out);
  api_answer(a, err, out, 200, &e);
}
