/* facts.c - facts are put together once for each model and again when something was learnt of it. */
#include "llm/facts.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/map.h"
#include "base/mem.h"

enum { DEFAULT_THOUGHT = 8192, MOST_FOUND = 100 };

struct facts {
  const struct facts_known *known;
  struct learnt *learnt;
  struct map *merged; /* full name -> json_t object */
};

/* ---- putting together */

/* What a row says of prices and of itself is no fact of how to ask. */
static bool is_fact(const char *name) {
  static const char *const others[] = {"name", "input",  "cached_read", "cache_write", "output",
                                       "date", "source", "origin",      "refuses",     NULL};
  for (size_t i = 0; others[i]; i++)
    if (strcmp(others[i], name) == 0) return false;
  return true;
}

static void add_row(json_t *facts, const json_t *row) {
  const char *name;
  json_t *value;
  size_t i;
  json_object_foreach((json_t *)(uintptr_t)row, name, value) {
    if (is_fact(name)) json_object_set(facts, name, value);
  }
  json_array_foreach(json_object_get(row, "refuses"), i, value) {
    char *drop = mem_printf("drop_%s", json_string_value(value));
    json_object_set_new(facts, drop, json_true());
    free(drop);
  }
}

static const json_t *family_of(const json_t *families, const char *model) {
  size_t i;
  json_t *row;
  json_array_foreach(families, i, row) {
    if (fnmatch(jsonx_str(row, "name", ""), model, FNM_CASEFOLD) == 0) return row;
  }
  return NULL;
}

json_t *facts_merged(const struct facts_known *known, const char *model, const json_t *learnt) {
  json_t *facts = json_object();
  add_row(facts, family_of(known->families, model));
  add_row(facts, json_object_get(known->models, model));
  add_row(facts, learnt);
  add_row(facts, json_object_get(known->own, model));
  return facts;
}

/* ---- what is kept */

struct facts *facts_new(const struct facts_known *known, struct store *store) {
  struct facts *f = mem_alloc(sizeof *f);
  *f = (struct facts){.known = known, .learnt = learnt_new(store), .merged = map_new()};
  return f;
}

static void drop(void *v) {
  json_decref(v);
}

void facts_free(struct facts *f) {
  if (!f) return;
  learnt_free(f->learnt);
  map_free(f->merged, drop);
  free(f);
}

static const json_t *merge(struct facts *f, const char *model) {
  json_t *facts = facts_merged(f->known, model, learnt_of(f->learnt, model));
  json_decref(map_put(f->merged, model, facts));
  return facts;
}

const json_t *facts_of(struct facts *f, const char *model) {
  const json_t *facts = map_get(f->merged, model);
  return facts ? facts : merge(f, model);
}

int64_t facts_number(struct facts *f, const char *model, const char *name) {
  return jsonx_int(facts_of(f, model), name, 0);
}

void facts_learn(struct facts *f, const char *model, const char *object) {
  learnt_add(f->learnt, model, object);
  merge(f, model);
}

/* A service with hundreds of models would crowd out what was learnt of those in use. */
void facts_learn_found(struct facts *f, const json_t *found) {
  const char *provider = jsonx_str(found, "provider", "");
  json_t *row;
  size_t i;
  json_array_foreach(json_object_get(found, "models"), i, row) {
    json_t *facts = json_copy(row);
    json_object_del(facts, "name");
    char *model = mem_printf("%s/%s", provider, jsonx_str(row, "name", "")), *text = jsonx_dumps(facts);
    if (i < MOST_FOUND && json_object_size(facts)) facts_learn(f, model, text);
    free(text);
    free(model);
    json_decref(facts);
  }
}

/* ---- thinking */

static bool thinks(const json_t *facts, const char *when) {
  return strcmp(jsonx_str(facts, "thinks", ""), when) == 0;
}

int64_t facts_thought(struct facts *f, const char *model) {
  const json_t *facts = facts_of(f, model);
  bool unasked = thinks(facts, "always") || thinks(facts, "default");
  return unasked ? jsonx_int(facts, "thought", DEFAULT_THOUGHT) : 0;
}

const char *facts_effort(struct facts *f, const char *model, const char *asked) {
  const json_t *facts = facts_of(f, model);
  if (!asked || thinks(facts, "never")) return NULL;
  return strcmp(asked, "little") == 0 ? jsonx_str(facts, "least", NULL) : asked;
}
