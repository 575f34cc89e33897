/* report.c - the amounts of all records and cases as one JSON document: the least of the lows, the likely of the run as it is asked for, the most of
 * the highs. Pure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/internal.h"

struct grid {
  const struct record *records;
  const struct habits *habits;
  struct amounts of[REHEARSALS][CASES];
};

/* Where in a record a phase of the first one is; NULL: nowhere. Records have the same phases as a rule, in the same places. */
static const struct amount *phase_of(const struct grid *g, int i, int which, size_t phase) {
  const struct record *r = &g->records[i];
  const char *name = g->records[AS_ASKED].phases[phase];
  for (size_t k = phase; k < r->n_phases; k++)
    if (strcmp(r->phases[k], name) == 0) return &g->of[i][which].phases[k];
  return NULL;
}

enum part { WHOLE, A_PHASE, A_MODEL };

static const struct amount *part_of(const struct grid *g, int i, int which, enum part part, size_t n) {
  static const struct amount nothing;
  const struct amounts *a = &g->of[i][which];
  if (part == A_MODEL) return &a->models[n];
  const struct amount *found = part == WHOLE ? &a->all : phase_of(g, i, which, n);
  return found ? found : &nothing;
}

/* ---- ranges */

static double field(const struct amount *a, size_t offset) {
  return *(const double *)(const void *)((const char *)a + offset);
}

static json_t *range(const struct grid *g, enum part part, size_t n, size_t offset, double unit, bool whole) {
  double v[CASES];
  for (int which = 0; which < CASES; which++) {
    v[which] = field(part_of(g, AS_ASKED, which, part, n), offset);
    for (int i = 0; which != LIKELY && i < REHEARSALS; i++) {
      double other = field(part_of(g, i, which, part, n), offset);
      if (which == LOW ? other < v[which] : other > v[which]) v[which] = other;
    }
    v[which] = whole ? ceil(v[which] / unit) : v[which] / unit;
  }
  return whole ? json_pack("{s:I, s:I, s:I}", "low", (json_int_t)v[LOW], "likely", (json_int_t)v[LIKELY],
                           "high", (json_int_t)v[HIGH])
               : json_pack("{s:f, s:f, s:f}", "low", v[LOW], "likely", v[LIKELY], "high", v[HIGH]);
}

static void add_ranges(const struct grid *g, enum part part, size_t n, bool priced, json_t *to) {
  static const struct {
    const char *name;
    size_t offset;
    double unit;
    bool whole, money;
  } rows[] = {{"calls", offsetof(struct amount, calls), 1, true, false},
              {"tokens_in", offsetof(struct amount, tokens_in), 1, true, false},
              {"tokens_out", offsetof(struct amount, tokens_out), 1, true, false},
              {"cost_usd", offsetof(struct amount, cost_nano), 1e9, false, true},
              {"seconds", offsetof(struct amount, seconds), 1, true, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *v = rows[i].money && !priced ? json_null()
                                         : range(g, part, n, rows[i].offset, rows[i].unit, rows[i].whole);
    json_object_set_new(to, rows[i].name, v);
  }
}

/* ---- models */

static bool has_price(const struct habit *m) {
  return m->price || m->rehearsal;
}

static json_t *model_json(const struct grid *g, size_t n) {
  static const char *const thinks[] = {[MAY_THINK] = "unknown", [DOES_THINK] = "yes", [NEVER_THINKS] = "no"};
  const struct habit *m = &g->habits->list[n];
  json_t *v = json_pack("{s:s, s:O, s:b, s:b, s:s, s:I}", "model", m->model, "roles", m->roles, "rehearsal",
                        m->rehearsal, "priced", has_price(m), "thinks", thinks[m->thinks], "own_calls",
                        (json_int_t)m->own_calls);
  add_ranges(g, A_MODEL, n, has_price(m), v);
  return v;
}

static void add_models(const struct grid *g, json_t *out) {
  json_t *models = json_array(), *unpriced = json_array();
  bool rehearsal = true, priced = g->habits->n == 0;
  for (size_t i = 0; i < g->habits->n; i++) {
    const struct habit *m = &g->habits->list[i];
    json_array_append_new(models, model_json(g, i));
    if (!has_price(m)) json_array_append_new(unpriced, json_string(m->model));
    priced = priced || has_price(m);
    rehearsal = rehearsal && m->rehearsal;
  }
  add_ranges(g, WHOLE, 0, priced, out);
  json_object_set_new(out, "rehearsal", json_boolean(rehearsal && g->habits->n));
  json_object_set_new(out, "models", models);
  json_object_set_new(out, "unpriced", unpriced);
}

static void add_phases(const struct grid *g, json_t *out) {
  json_t *phases = json_array();
  const struct record *first = &g->records[AS_ASKED];
  bool priced = !json_is_null(json_object_get(out, "cost_usd"));
  for (size_t i = 0; i < first->n_phases; i++) {
    json_t *v = json_pack("{s:s}", "name", first->phases[i]);
    add_ranges(g, A_PHASE, i, priced, v);
    json_array_append_new(phases, v);
  }
  json_object_set_new(out, "phases", phases);
}

json_t *report(const struct record records[REHEARSALS], const struct habits *h) {
  struct grid g = {.records = records, .habits = h};
  for (int i = 0; i < REHEARSALS; i++)
    for (int which = 0; which < CASES; which++) estimate(&records[i], h, which, &g.of[i][which]);
  json_t *out = json_object();
  add_models(&g, out);
  add_phases(&g, out);
  for (int i = 0; i < REHEARSALS; i++)
    for (int which = 0; which < CASES; which++) amounts_release(&g.of[i][which]);
  return out;
}
