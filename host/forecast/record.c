/* record.c - a rehearsed run's calls, each with its phase and with what of its prompt the model had read before.
 *
 *   record_read: phases (events) -> steps (calls) -> prefixes (their stable blocks, hashed along the way) */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/map.h"
#include "base/mem.h"
#include "forecast/internal.h"
#include "store/calls.h"
#include "store/events.h"

enum {
  PREFIX_LEAST = 1024, /* tokens: shorter ones no service keeps */
  BYTES_A_TOKEN = 4    /* as the rehearsal counts */
};

struct reading {
  struct record *record;
  struct habits *habits;
  const struct config *own;
  int64_t *begins; /* of the phases */
  int64_t *ids;    /* of the calls, as the steps */
  struct map *seen;
  size_t at; /* the step whose blocks come */
  uint64_t chain;
  int64_t bytes, seen_bytes;
};

static void add_phase(void *arg, const struct event_row *event) {
  struct reading *x = arg;
  struct record *r = x->record;
  json_t *data = NULL;
  if (strcmp(event->kind, "phase") != 0) return;
  (void)jsonx_parse(event->data, strlen(event->data), "an event", &data, NULL); /* the store wrote it */
  r->phases = mem_grow(r->phases, (r->n_phases + 1) * sizeof *r->phases);
  x->begins = mem_grow(x->begins, (r->n_phases + 1) * sizeof *x->begins);
  x->begins[r->n_phases] = event->at;
  r->phases[r->n_phases++] = mem_dup(jsonx_str(data, "name", "?"));
  json_decref(data);
}

static size_t phase_of(const struct reading *x, int64_t at) {
  size_t i = x->record->n_phases;
  while (i > 0 && x->begins[i - 1] > at) i--;
  return i > 0 ? i - 1 : x->record->n_phases;
}

static void add_role(struct habit *m, const char *role) {
  size_t i;
  json_t *known;
  json_array_foreach(m->roles, i, known) if (strcmp(json_string_value(known), role) == 0) return;
  json_array_append_new(m->roles, json_string(role));
}

static void add_call(void *arg, const struct call_row *k) {
  struct reading *x = arg;
  struct record *r = x->record;
  json_t *params = NULL;
  if (k->params) (void)jsonx_parse(k->params, strlen(k->params), "a call's parameters", &params, NULL);
  const char *reasoning = jsonx_str(params, "reasoning", "");
  r->steps = mem_grow(r->steps, (r->n + 1) * sizeof *r->steps);
  x->ids = mem_grow(x->ids, (r->n + 1) * sizeof *x->ids);
  x->ids[r->n] = k->id;
  size_t model = habit_of(x->habits, x->own, k->provider, k->model);
  add_role(&x->habits->list[model], k->role);
  r->steps[r->n++] = (struct step){.model = model,
                                   .phase = phase_of(x, k->created_at),
                                   .input = k->usage.input,
                                   .output = k->usage.output,
                                   .most_output = jsonx_int(params, "max_tokens", 0),
                                   .tier = llm_tier_of(jsonx_str(params, "tier", "standard")),
                                   .document = json_object_get(params, "schema") != NULL,
                                   .asked_to_think = *reasoning && strcmp(reasoning, "little") != 0,
                                   .begin_ms = k->created_at,
                                   .end_ms = k->ended_at};
  json_decref(params);
}

/* ---- prefixes */

static void end_prefix(struct reading *x) {
  if (x->at >= x->record->n) return;
  int64_t tokens = x->seen_bytes / BYTES_A_TOKEN;
  if (tokens < PREFIX_LEAST) return;
  struct step *s = &x->record->steps[x->at];
  s->prefix = tokens < s->input ? tokens : s->input;
}

static void begin_prefix(struct reading *x, int64_t call) {
  end_prefix(x);
  while (x->at < x->record->n && x->ids[x->at] != call) x->at++;
  x->chain = x->at < x->record->n ? x->record->steps[x->at].model : 0;
  x->bytes = x->seen_bytes = 0;
}

/* A text is read before when all in front of it was, by the same model. */
static void add_block(void *arg, int64_t call, int64_t blob, int64_t bytes) {
  struct reading *x = arg;
  if (x->at >= x->record->n || x->ids[x->at] != call || !x->bytes) begin_prefix(x, call);
  x->chain = (x->chain ^ (uint64_t)blob) * 0x9E3779B97F4A7C15u + 1;
  x->chain ^= x->chain >> 29;
  x->bytes += bytes;
  if (map_get_n(x->seen, &x->chain, sizeof x->chain))
    x->seen_bytes = x->bytes;
  else
    map_put_n(x->seen, &x->chain, sizeof x->chain, x);
}

enum err record_read(struct record *r, struct habits *h, const struct config *own, struct db *db, int64_t run,
                     struct error *e) {
  struct reading x = {.record = r, .habits = h, .own = own, .seen = map_new()};
  enum err err = events_each(db, run, 0, 0, add_phase, &x);
  if (err == OK) err = calls_each(db, run, add_call, &x);
  if (err == OK) err = calls_prefixes_each(db, run, add_block, &x);
  end_prefix(&x);
  if (err != OK) db_error(db, e);
  map_free(x.seen, NULL);
  free(x.begins);
  free(x.ids);
  return err;
}

void record_release(struct record *r) {
  for (size_t i = 0; i < r->n_phases; i++) free(r->phases[i]);
  free(r->phases);
  free(r->steps);
}
