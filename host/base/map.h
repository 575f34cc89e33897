/* map.h - a hash map from byte strings to pointers. Keys are copied; values are the caller's.
 * Iteration is in insertion order; a value put over another keeps its place. One thread at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_new(void);
void map_free(struct map *m, void (*free_value)(void *)); /* free_value may be NULL; m may be NULL */
void *map_get(const struct map *m, const char *key);
void *map_get_n(const struct map *m, const void *key, size_t n);
void *map_put(struct map *m, const char *key, void *value); /* returns the value that was there, or NULL */
void *map_put_n(struct map *m, const void *key, size_t n, void *value);
void *map_remove_n(struct map *m, const void *key, size_t n); /* returns the value, or NULL */
size_t map_count(const struct map *m);
/* Walks all pairs: `size_t i = 0; while (map_next(m, &i, &key, &n, &value)) ...` The map may not change
 * meanwhile. */
bool map_next(const struct map *m, size_t *i, const char **key, size_t *n, void **value);
