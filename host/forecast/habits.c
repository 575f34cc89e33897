/* habits.c - what is known of a model: the rows of scripts/models.lua and quire.lua, what was learnt of it, and what the library has paid for.
 *
 * The three numbers of each habit are low, likely, high. Measured ones of this library go before those that hold for most models. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "forecast/internal.h"
#include "store/settings.h"
#include "store/upkeep/tally.h"

enum { ANSWERS_LEAST = 20 }; /* fewer say nothing of what is usual */

/* Tokens of thought for each token of answer. */
static const double thinks_always[CASES] = {0, 1, 3}, thinks_perhaps[CASES] = {0, 0.5, 3};
static const double first_byte_s[CASES] = {0.5, 1.5, 6}, tokens_per_s[CASES] = {150, 60, 20};
/* Caches forget, and some begin late; a service may have none. */
static const double cached[CASES] = {0.9, 0.6, 0};
static const double around_own[CASES] = {0.6, 1, 1.6};

static void set(double to[CASES], const double from[CASES], double factor) {
  for (int i = 0; i < CASES; i++) to[i] = from[i] * factor;
}

static bool is_embedded(const struct config *own, const char *provider) {
  for (size_t i = 0; i < own->llm.n_providers; i++)
    if (strcmp(own->llm.providers[i].name, provider) == 0)
      return strncmp(own->llm.providers[i].base_url, "rehearsal:", 10) == 0;
  return false;
}

static void take_facts(struct habit *m, const struct config *own) {
  json_t *facts = facts_merged(&own->llm.facts, m->model, NULL);
  const char *thinks = jsonx_str(facts, "thinks", "");
  bool unasked = strcmp(thinks, "always") == 0 || strcmp(thinks, "default") == 0;
  if (*thinks) m->thinks = unasked ? DOES_THINK : NEVER_THINKS;
  json_decref(facts);
}

static void add(struct habits *h, const struct config *own, const char *provider, char *model) {
  h->list = mem_grow(h->list, (h->n + 1) * sizeof *h->list);
  struct habit *m = &h->list[h->n++];
  *m = (struct habit){.model = model, .roles = json_array(), .rehearsal = is_embedded(own, provider)};
  for (size_t i = 0; i < own->llm.n_prices; i++) {
    const struct llm_price *p = &own->llm.prices[i];
    if (strcmp(p->model, model) == 0 && !p->unpriced) m->price = p;
  }
  take_facts(m, own);
  if (m->rehearsal && !m->price) m->thinks = NEVER_THINKS;
  set(m->first_byte_s, first_byte_s, 1);
  set(m->tokens_per_s, tokens_per_s, 1);
  set(m->cached, cached, 1);
}

size_t habit_of(struct habits *h, const struct config *own, const char *provider, const char *model) {
  char *name = mem_printf("%s/%s", provider, model);
  size_t i = 0;
  while (i < h->n && strcmp(h->list[i].model, name) != 0) i++;
  if (i < h->n)
    free(name);
  else
    add(h, own, provider, name);
  return i;
}

/* ---- the library's own record */

static struct habit *find(struct habits *h, const char *model) {
  for (size_t i = 0; i < h->n; i++)
    if (strcmp(h->list[i].model, model) == 0) return &h->list[i];
  return NULL;
}

/* It needed room for thoughts: it has them. */
static void add_learnt(void *arg, const char *key, const char *value) {
  struct habit *m = find(arg, key + strlen("learnt:"));
  json_t *v = NULL;
  if (m && jsonx_parse(value, strlen(value), "what was learnt", &v, NULL) == OK &&
      jsonx_int(v, "room", 0) > 0)
    m->thinks = DOES_THINK;
  json_decref(v);
}

/* A service that tells no thoughts may count them as answer: then nothing is known of them. */
static void add_own(struct habit *m, const struct tally_model *t) {
  int64_t said = t->output - t->reasoning;
  m->own_calls = t->outcomes[TALLY_ANSWERED];
  if (m->own_calls < ANSWERS_LEAST) return;
  if (t->reasoning > 0) m->thinks = DOES_THINK;
  if (t->reasoning > 0 && said > 0) set(m->thinking, around_own, (double)t->reasoning / (double)said);
  if (t->timed < ANSWERS_LEAST || t->total_ms <= 0 || t->output <= 0) return;
  static const double backwards[CASES] = {1.6, 1, 0.6}, none[CASES] = {0};
  set(m->tokens_per_s, backwards, (double)t->output * 1000 / (double)t->total_ms);
  set(m->first_byte_s, none, 1); /* it is in that */
}

enum err habits_learn(struct habits *h, struct db *db) {
  struct tally t = {0};
  enum err err = db ? settings_each(db, "learnt:", add_learnt, h) : OK;
  if (db && err == OK) err = tally_read(&t, db);
  for (size_t i = 0; i < h->n; i++)
    if (h->list[i].thinks != NEVER_THINKS)
      set(h->list[i].thinking, h->list[i].thinks == DOES_THINK ? thinks_always : thinks_perhaps, 1);
  for (size_t i = 0; i < t.n_models; i++) {
    char *name = mem_printf("%s/%s", t.models[i].provider, t.models[i].model);
    struct habit *m = find(h, name);
    if (m && !m->rehearsal) add_own(m, &t.models[i]);
    free(name);
  }
  tally_release(&t);
  return err;
}

void habits_release(struct habits *h) {
  for (size_t i = 0; i < h->n; i++) {
    free(h->list[i].model);
    json_decref(h->list[i].roles);
  }
  free(h->list);
}
