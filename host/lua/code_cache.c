/* code_cache.c - a map under one lock. What no set refers to stays until the cache is full: the set of a run that begins is gone before
 * the run has read its own. */
#include "lua/code_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

enum { MOST_CODES = 512 };

struct cached {
  struct code code;
  char *key;
  int refs;
  bool shared; /* in the map; else its last reference frees it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map *codes;

static char *key_of(const char *name, const char *sha) {
  return mem_printf("%s %s", sha, name);
}

static void cached_free(struct cached *c) {
  free(c->code.data);
  free(c->key);
  free(c);
}

/* Makes room: all that nobody uses goes. */
static void sweep(void) {
  struct map *kept = map_new();
  size_t i = 0, n;
  const char *key;
  void *value;
  while (map_next(codes, &i, &key, &n, &value)) {
    struct cached *c = value;
    if (c->refs)
      map_put_n(kept, key, n, c);
    else
      cached_free(c);
  }
  map_free(codes, NULL);
  codes = kept;
}

static struct cached *find(const char *key) {
  if (!codes) codes = map_new();
  struct cached *c = map_get(codes, key);
  if (c) c->refs++;
  return c;
}

const struct code *code_find(const char *name, const char *sha) {
  char *key = key_of(name, sha);
  pthread_mutex_lock(&lock);
  struct cached *c = find(key);
  pthread_mutex_unlock(&lock);
  free(key);
  return c ? &c->code : NULL;
}

const struct code *code_add(const char *name, const char *sha, char *data, size_t n) {
  struct cached *c = mem_alloc(sizeof *c);
  *c = (struct cached){.code = {data, n}, .key = key_of(name, sha), .refs = 1};
  pthread_mutex_lock(&lock);
  struct cached *first = find(c->key);
  if (!first) {
    if (map_count(codes) >= MOST_CODES) sweep();
    c->shared = map_count(codes) < MOST_CODES;
    if (c->shared) map_put(codes, c->key, c);
  }
  pthread_mutex_unlock(&lock);
  if (!first) return &c->code;
  cached_free(c);
  return &first->code;
}

void code_unref(const struct code *code) {
  struct cached *c = (struct cached *)(uintptr_t)code; /* its first member */
  if (!c) return;
  pthread_mutex_lock(&lock);
  bool gone = --c->refs == 0 && !c->shared;
  pthread_mutex_unlock(&lock);
  if (gone) cached_free(c);
}
