/* plan.c - what a resume or retry would do with what is recorded, before it does it: which answers stay, which are asked again, and what those
 * cost when they were asked last. Nothing is changed.
 *
 * Only the script knows its questions, so a call has one of three fates. It stays when all that was delivered before it stays, for then its
 * question is the same. It is asked again when the person says so (another model answers its role now) or when it failed. What was delivered
 * after the first change may be asked again: when its question turns out to be another. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/llm.h"
#include "lua/script_set.h"
#include "store/journal.h"
#include "store/scripts.h"

enum fate { STAYS, AGAIN, MAY };
static const char *const fates[] = {"stays", "again", "may"};

struct sum {
  int64_t calls, cost_nano, unpriced;
};

struct plan {
  struct commands *commands;
  const struct change *change;
  json_t *models;   /* the run's own choice with this change: role -> list */
  json_t *rejected; /* places of answers that its failure rests on */
  int64_t first;    /* the place of the first change; INT64_MAX: none so far */
  const char *why;  /* and what it is */
  struct sum sums[3];
  json_t *items, *groups, *scripts;
};

/* ---- what changes, and from where on */

static void change_from(struct plan *p, int64_t seq, const char *why) {
  if (seq >= p->first) return;
  p->first = seq;
  p->why = why;
}

struct compared {
  struct plan *plan;
  size_t same;
};

static void compare_source(void *arg, const struct script_source *before) {
  struct compared *c = arg;
  const struct script_file *f = script_set_find(c->plan->change->scripts, before->name);
  if (f && f->n == before->n && memcmp(f->text, before->text, f->n) == 0)
    c->same++;
  else
    json_array_append_new(c->plan->scripts, json_string(before->name));
}

static enum err look_at_scripts(struct plan *p, struct db *db, const struct run_row *row) {
  struct compared c = {.plan = p};
  const struct script_set *today = p->change->scripts;
  if (!today) return OK;
  enum err err = row->script_set ? script_set_each(db, row->script_set, compare_source, &c) : OK;
  if (c.same < script_set_count(today) || json_array_size(p->scripts) > 0) change_from(p, 0, "scripts");
  return err;
}

static enum err look_at_documents(struct plan *p, struct db *db, int64_t run) {
  int64_t seq = 0;
  enum err err = p->change->with.artifacts ? journal_first_stale(db, run, &seq) : OK;
  if (seq) change_from(p, seq, "documents");
  return err;
}

/* Would another model answer the role now? */
static bool moved(const struct plan *p, const struct journal_answer *a) {
  if (!p->change->with.models || !with_models_of(&p->change->with, a->role)) return false;
  const json_t *own = json_object_get(p->models, a->role);
  if (!own) own = json_object_get(p->models, "");
  size_t n = json_array_size(own);
  const char **models = mem_alloc((n + 1) * sizeof *models);
  for (size_t i = 0; i < n; i++) models[i] = json_string_value(json_array_get(own, i));
  bool other = llm_role_moved(p->commands->llm, a->role, models, n, a->model);
  free(models);
  return other;
}

static bool is_rejected(const struct plan *p, int64_t seq) {
  for (size_t i = 0; i < json_array_size(p->rejected); i++)
    if (json_integer_value(json_array_get(p->rejected, i)) == seq) return true;
  return false;
}

/* ---- the list */

static json_t *money(const struct sum *s) {
  json_t *v = json_pack("{s:I, s:f}", "calls", (json_int_t)s->calls, "cost_usd", (double)s->cost_nano / 1e9);
  if (s->unpriced) json_object_set_new(v, "unpriced_calls", json_integer(s->unpriced));
  return v;
}

static void count(struct sum *s, const struct journal_answer *a) {
  s->calls++;
  s->cost_nano += a->cost_nano;
  s->unpriced += !a->price_known;
}

/* The group of equal fate, role and model, made when there is none. */
static json_t *group_of(struct plan *p, const struct journal_answer *a, enum fate fate) {
  json_t *g;
  size_t i;
  json_array_foreach(p->groups, i, g) {
    if (strcmp(jsonx_str(g, "fate", ""), fates[fate]) == 0 &&
        strcmp(jsonx_str(g, "role", ""), a->role) == 0 && strcmp(jsonx_str(g, "model", ""), a->model) == 0)
      return g;
  }
  g = json_pack("{s:s, s:s, s:s, s:i, s:f}", "fate", fates[fate], "role", a->role, "model", a->model, "calls",
                0, "cost_usd", 0.0);
  json_array_append_new(p->groups, g);
  return g;
}

static void list_answer(struct plan *p, const struct journal_answer *a, enum fate fate, const char *why) {
  json_t *item =
      json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:o}", "fate", fates[fate], "seq", (json_int_t)a->seq, "call",
                (json_int_t)a->call, "scope", a->scope, "role", a->role, "model", a->model, "cost_usd",
                a->price_known ? json_real((double)a->cost_nano / 1e9) : json_null());
  if (why) json_object_set_new(item, "why", json_string(why));
  json_array_append_new(p->items, item);
  json_t *g = group_of(p, a, fate);
  json_object_set_new(g, "calls", json_integer(jsonx_int(g, "calls", 0) + 1));
  json_object_set_new(
      g, "cost_usd",
      json_real(json_number_value(json_object_get(g, "cost_usd")) + (double)a->cost_nano / 1e9));
  count(&p->sums[fate], a);
}

static void add_answer(void *arg, const struct journal_answer *a) {
  struct plan *p = arg;
  const char *why = NULL;
  if (p->change->at && a->seq >= p->change->at)
    why = "fork";
  else if (p->change->drops && a->failed)
    why = "failed";
  else if (p->change->drops && is_rejected(p, a->seq))
    why = "rejected";
  else if (!a->failed && moved(p, a))
    why = "models";
  enum fate fate = why ? AGAIN : a->seq > p->first ? MAY : STAYS;
  list_answer(p, a, fate, why ? why : fate == MAY ? p->why : NULL);
  if (why) change_from(p, a->seq, why);
}

static const char *note_of(const struct plan *p) {
  if (p->sums[AGAIN].calls && p->sums[MAY].calls)
    return "What is asked again may change the questions after it; then those are asked again too, at most all of them.";
  if (p->sums[AGAIN].calls) return "Only these are asked again; all other answers stay.";
  if (p->sums[MAY].calls)
    return "At most: a call is asked again only if its question changes; all others are answered from the record.";
  return "An exact replay: nothing that was answered is asked again.";
}

static json_t *answer_of(struct plan *p, const struct run_row *row) {
  json_t *v = json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:O, s:O}", "run", (json_int_t)row->id, "act",
                        p->change->at      ? "fork"
                        : p->change->drops ? "retry"
                                           : "resume",
                        "note", note_of(p), "stays", money(&p->sums[STAYS]), "again", money(&p->sums[AGAIN]),
                        "may", money(&p->sums[MAY]), "groups", p->groups, "items", p->items);
  if (p->change->scripts) json_object_set(v, "changed_scripts", p->scripts);
  return v;
}

/* ---- the whole */

static void read_texts(struct plan *p, const struct run_row *row, json_t **options, json_t **error) {
  if (p->change->options)
    (void)jsonx_parse(p->change->options, strlen(p->change->options), "options", options, NULL);
  if (row->error) (void)jsonx_parse(row->error, strlen(row->error), "the run's error", error, NULL);
  p->models = json_object_get(*options, "models");
  p->rejected = json_object_get(*error, "rejected");
}

enum err plan_make(struct commands *c, const struct run_row *row, const struct change *ch, json_t **out,
                   struct error *e) {
  struct plan p = {.commands = c,
                   .change = ch,
                   .first = INT64_MAX,
                   .items = json_array(),
                   .groups = json_array(),
                   .scripts = json_array()};
  json_t *options = NULL, *error = NULL;
  read_texts(&p, row, &options, &error);
  struct db *db = store_reader(c->store);
  enum err err = look_at_scripts(&p, db, row);
  if (err == OK) err = look_at_documents(&p, db, row->id);
  if (err == OK) err = journal_answers_each(db, row->id, add_answer, &p);
  if (err != OK) db_error(db, e);
  store_reader_release(c->store, db);
  if (err == OK) *out = answer_of(&p, row);
  json_decref(p.items);
  json_decref(p.groups);
  json_decref(p.scripts);
  json_decref(options);
  json_decref(error);
  return err;
}
