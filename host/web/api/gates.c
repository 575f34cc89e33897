/* gates.c - reading questions to a person. */
#include <string.h>

#include "store/gates.h"
#include "view/gate.h"
#include "view/words.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

static void add_gate(void *arg, const struct gate_row *g) {
  struct api_list *l = arg;
  if (g->id > l->after) api_list_add(l, g->id, view_gate(g));
}

void list_gates(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct api_list l;
  struct error e = {0};
  int64_t run, open;
  if (!api_query_number(q, a, "run", 0, &run) || !api_query_number(q, a, "open", 0, &open) ||
      !api_list_begin(q, a, &l))
    return;
  struct db *db = store_reader(w->commands->store);
  enum err err = gates_each(db, run, open != 0, add_gate, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(w->commands->store, db);
  api_list_end(a, &l, err, &e);
}

static void take_gate(void *arg, const struct gate_row *g) {
  *(json_t **)arg = view_gate(g);
}

/* The question, and what it is about. */
static enum err read_gate(struct db *db, int64_t id, json_t **out, struct error *e) {
  struct run_row run = {0};
  enum err err = gate_get(db, id, take_gate, out, e);
  if (err == OK) err = run_get(db, json_integer_value(json_object_get(*out, "run")), &run, e);
  if (err == OK) {
    view_set_text(*out, "project", run.project);
    view_set_text(*out, "project_title", run.title);
    view_set_text(*out, "pipeline", run.pipeline);
  }
  run_row_release(&run);
  return err;
}

void get_gate(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  int64_t id;
  if (!api_number(q, a, "id", "gate", &id)) return;
  struct db *db = store_reader(w->commands->store);
  enum err err = read_gate(db, id, &out, &e);
  store_reader_release(w->commands->store, db);
  if (err != OK) json_decref(out);
  api_answer(a, err, out, 200, &e);
}
