/* timeline.c - phases come from the run's events, in order; each call then adds to the phase that had begun last before it, and to its task. */
#include "view/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/calls.h"
#include "store/events.h"
#include "view/words.h"

struct sum {
  char *name;
  int64_t started, ended, calls, retries, cost_nano, in, cached, out;
};

struct timeline {
  struct sum *phases;
  size_t n;
  struct map *tasks; /* name -> struct sum */
};

static void add_phase(void *arg, const struct event_row *event) {
  struct timeline *t = arg;
  if (strcmp(event->kind, "phase") != 0) return;
  json_t *data = view_parsed(event->data);
  if (t->n) t->phases[t->n - 1].ended = event->at;
  t->phases = mem_grow(t->phases, (t->n + 1) * sizeof *t->phases);
  t->phases[t->n++] = (struct sum){.name = mem_dup(jsonx_str(data, "name", "?")), .started = event->at};
  json_decref(data);
}

static void add_to(struct sum *s, const struct call_row *k) {
  s->calls++;
  s->retries += k->attempt > 1;
  s->cost_nano += k->cost_nano;
  s->in += k->usage.input;
  s->cached += k->usage.cached_read;
  s->out += k->usage.output;
}

static struct sum *task_of(struct timeline *t, const struct call_row *k) {
  const char *name = k->scope + (*k->scope == '/');
  size_t n = strcspn(name, "/");
  if (n == 0) return NULL;
  struct sum *s = map_get_n(t->tasks, name, n);
  if (!s) {
    s = mem_alloc(sizeof *s);
    *s = (struct sum){.name = mem_dup_n(name, n), .started = k->created_at};
    map_put_n(t->tasks, name, n, s);
  }
  if (k->ended_at > s->ended) s->ended = k->ended_at;
  return s;
}

static void add_call(void *arg, const struct call_row *k) {
  struct timeline *t = arg;
  size_t i = t->n;
  while (i > 0 && t->phases[i - 1].started > k->created_at) i--;
  if (i > 0) add_to(&t->phases[i - 1], k);
  struct sum *task = task_of(t, k);
  if (task) add_to(task, k);
}

static json_t *sum_json(const struct sum *s) {
  json_t *v =
      json_pack("{s:o, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "name", view_text(s->name), "started_ms",
                (json_int_t)s->started, "calls", (json_int_t)s->calls, "retries", (json_int_t)s->retries,
                "cost_usd", view_usd(s->cost_nano), "tokens_in", (json_int_t)s->in, "tokens_cached",
                (json_int_t)s->cached, "tokens_out", (json_int_t)s->out);
  json_object_set_new(v, "ended_ms", s->ended ? json_integer(s->ended) : json_null());
  return v;
}

static json_t *timeline_json(const struct timeline *t) {
  json_t *phases = json_array(), *tasks = json_array();
  const char *key;
  size_t n, at = 0;
  void *task;
  for (size_t i = 0; i < t->n; i++) json_array_append_new(phases, sum_json(&t->phases[i]));
  while (map_next(t->tasks, &at, &key, &n, &task)) json_array_append_new(tasks, sum_json(task));
  return json_pack("{s:o, s:o}", "phases", phases, "chapters", tasks);
}

static void sum_free(void *arg) {
  struct sum *s = arg;
  free(s->name);
  free(s);
}

enum err view_timeline(struct db *db, const struct run_row *run, json_t **out, struct error *e) {
  struct timeline t = {.tasks = map_new()};
  enum err err = events_each(db, run->id, 0, 0, add_phase, &t);
  if (err == OK && t.n) t.phases[t.n - 1].ended = run->ended_at;
  if (err == OK) err = calls_page(db, run->id, 0, 0, add_call, &t);
  if (err == OK)
    *out = timeline_json(&t);
  else
    db_error(db, e);
  for (size_t i = 0; i < t.n; i++) free(t.phases[i].name);
  free(t.phases);
  map_free(t.tasks, sum_free);
  return err;
}
