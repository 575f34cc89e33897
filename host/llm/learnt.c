/* learnt.c - a map in memory, each change of it posted to the store. */
#include "llm/learnt.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/settings.h"

static const char prefix[] = "learnt:";
enum { MOST_MODELS = 500, MOST_FIELDS = 20 };

struct learnt {
  struct store *store;
  struct map *models; /* full name -> json_t object */
};

static void keep(void *arg, const char *key, const char *value) {
  struct learnt *l = arg;
  json_t *v = NULL;
  if (jsonx_parse(value, strlen(value), "what was learnt", &v, NULL) != OK || !json_is_object(v)) {
    json_decref(v);
    return;
  }
  json_decref(map_put(l->models, key + strlen(prefix), v));
}

struct learnt *learnt_new(struct store *store) {
  struct learnt *l = mem_alloc(sizeof *l);
  l->store = store;
  l->models = map_new();
  struct db *db = store ? store_reader(store) : NULL;
  if (!db) return l;
  (void)settings_each(db, prefix, keep, l); /* what is not read is learnt again */
  store_reader_release(store, db);
  return l;
}

static void drop(void *v) {
  json_decref(v);
}

void learnt_free(struct learnt *l) {
  if (!l) return;
  map_free(l->models, drop);
  free(l);
}

const json_t *learnt_of(const struct learnt *l, const char *model) {
  return l ? map_get(l->models, model) : NULL;
}

int64_t learnt_number(const struct learnt *l, const char *model, const char *name) {
  return jsonx_int(learnt_of(l, model), name, 0);
}

/* ---- keeping it */

struct learn_op {
  struct op_setting op;
  char *key, *value;
};

static void kept(struct store_op *base) {
  struct learn_op *op = (struct learn_op *)base;
  if (base->err != OK) log_warnx("%s could not be kept: %s", op->key, base->error.message);
  free(op->key);
  free(op->value);
  free(op);
}

static void post(const struct learnt *l, const char *model, const json_t *known) {
  if (!l->store) return;
  struct learn_op *op = mem_alloc(sizeof *op);
  op->op.op.kind = &op_setting_kind;
  op->op.op.done = kept;
  op->op.key = op->key = mem_printf("%s%s", prefix, model);
  op->op.value = op->value = jsonx_dumps(known);
  store_post(l->store, &op->op.op);
}

void learnt_add(struct learnt *l, const char *model, const char *object) {
  json_t *added = NULL, *known = l ? map_get(l->models, model) : NULL;
  if (!l || !*object || jsonx_parse(object, strlen(object), "what was learnt", &added, NULL) != OK) return;
  json_t *now = known ? json_deep_copy(known) : json_object();
  bool fits = json_is_object(added) && json_object_update(now, added) == 0 &&
              json_object_size(now) <= MOST_FIELDS && (known || map_count(l->models) < MOST_MODELS);
  json_decref(added);
  if (!fits || (known && json_equal(now, known))) {
    json_decref(now);
    return;
  }
  post(l, model, now);
  json_decref(map_put(l->models, model, now));
  log_info("%s: learnt %s", model, object);
}
