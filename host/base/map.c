/* map.c - hash map in two arrays: entries in insertion order, and an open-addressed index into them.
 *
 * map_new -> (map_put | map_get | map_remove_n | map_next)* -> map_free. A removed entry leaves a hole (key
 * NULL) that the next rebuild closes, so iteration order never changes. The hash is seeded per process: names
 * that come from outside cannot be chosen to collide. */
#include "base/map.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "base/mem.h"

struct entry {
  char *key; /* NULL: removed */
  size_t n;
  uint64_t hash;
  void *value;
};

struct map {
  struct entry *entries;
  size_t used, live; /* used counts holes too */
  uint32_t *index;   /* place in entries + 1, 0 when free */
  size_t slots;      /* a power of two; entries holds slots / 2 */
};

enum { FIRST_SLOTS = 16 };

static uint64_t seed;

static void make_seed(void) {
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = (uintptr_t)&seed;
}

/* FNV-1a with murmur's finish. */
static uint64_t hash_bytes(const void *key, size_t n) {
  const unsigned char *p = key;
  uint64_t h = seed ^ 14695981039346656037u;
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  return h ^ (h >> 33);
}

struct map *map_new(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_seed);
  return mem_alloc(sizeof(struct map));
}

void map_free(struct map *m, void (*free_value)(void *)) {
  if (!m) return;
  for (size_t i = 0; i < m->used; i++) {
    if (!m->entries[i].key) continue;
    free(m->entries[i].key);
    if (free_value) free_value(m->entries[i].value);
  }
  free(m->entries);
  free(m->index);
  free(m);
}

static void index_add(struct map *m, size_t place) {
  size_t i = m->entries[place].hash & (m->slots - 1);
  while (m->index[i]) i = (i + 1) & (m->slots - 1);
  m->index[i] = (uint32_t)(place + 1);
}

/* Closes the holes and gives the index twice the room that the living entries need. */
static void rebuild(struct map *m) {
  size_t slots = FIRST_SLOTS;
  while (slots / 4 <= m->live) slots *= 2;
  if (slots / 2 >= UINT32_MAX) fatal("a map has %zu entries", m->live);
  size_t to = 0;
  for (size_t i = 0; i < m->used; i++)
    if (m->entries[i].key) m->entries[to++] = m->entries[i];
  m->used = to;
  m->entries = mem_grow(m->entries, slots / 2 * sizeof *m->entries);
  free(m->index);
  m->index = mem_alloc(slots * sizeof *m->index);
  m->slots = slots;
  for (size_t i = 0; i < m->used; i++) index_add(m, i);
}

static struct entry *find(const struct map *m, const void *key, size_t n, uint64_t hash) {
  if (!m->slots) return NULL;
  for (size_t i = hash & (m->slots - 1); m->index[i]; i = (i + 1) & (m->slots - 1)) {
    struct entry *e = &m->entries[m->index[i] - 1];
    if (e->key && e->hash == hash && e->n == n && (n == 0 || memcmp(e->key, key, n) == 0)) return e;
  }
  return NULL;
}

void *map_get_n(const struct map *m, const void *key, size_t n) {
  const struct entry *e = find(m, key, n, hash_bytes(key, n));
  return e ? e->value : NULL;
}

void *map_get(const struct map *m, const char *key) {
  return map_get_n(m, key, strlen(key));
}

void *map_put_n(struct map *m, const void *key, size_t n, void *value) {
  uint64_t hash = hash_bytes(key, n);
  struct entry *e = find(m, key, n, hash);
  if (e) {
    void *old = e->value;
    e->value = value;
    return old;
  }
  if (m->used == m->slots / 2) rebuild(m);
  m->entries[m->used] = (struct entry){mem_dup_n(key, n), n, hash, value};
  index_add(m, m->used++);
  m->live++;
  return NULL;
}

void *map_put(struct map *m, const char *key, void *value) {
  return map_put_n(m, key, strlen(key), value);
}

void *map_remove_n(struct map *m, const void *key, size_t n) {
  struct entry *e = find(m, key, n, hash_bytes(key, n));
  if (!e) return NULL;
  void *value = e->value;
  free(e->key);
  *e = (struct entry){0}; /* its index slot stays taken, so that probes still pass over it */
  m->live--;
  return value;
}

size_t map_count(const struct map *m) {
  return m->live;
}

bool map_next(const struct map *m, size_t *i, const char **key, size_t *n, void **value) {
  while (*i < m->used && !m->entries[*i].key) ++*i;
  if (*i >= m->used) return false;
  const struct entry *e = &m->entries[(*i)++];
  if (key) *key = e->key;
  if (n) *n = e->n;
  if (value) *value = e->value;
  return true;
}
