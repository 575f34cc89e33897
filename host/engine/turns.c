/* turns.c - a run's rank is how many of its project come before it: those in hand, then older ones. The lowest ranks begin.
 * When one run at a time is let through all ranks are 0: then the last turn decides. */
#include "engine/turns.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

static int64_t *count_of(struct map *counts, int64_t project) {
  int64_t *n = map_get_n(counts, &project, sizeof project);
  if (n) return n;
  n = mem_alloc(sizeof *n);
  map_put_n(counts, &project, sizeof project, n);
  return n;
}

static int by_rank(const void *a, const void *b) {
  const struct turn *x = a, *y = b;
  if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
  if (x->last != y->last) return x->last < y->last ? -1 : 1;
  return (x->run > y->run) - (x->run < y->run);
}

size_t turns_pick(struct turn *due, size_t n, const struct turn *held, size_t n_held,
                  struct turn_limits limits) {
  struct map *counts = map_new();
  for (size_t i = 0; i < n_held; i++) ++*count_of(counts, held[i].project);
  for (size_t i = 0; i < n; i++) due[i].rank = (*count_of(counts, due[i].project))++;
  map_free(counts, free);
  if (n) qsort(due, n, sizeof *due, by_rank);
  size_t most = n;
  if (limits.runs > 0) most = (size_t)limits.runs > n_held ? (size_t)limits.runs - n_held : 0;
  size_t picked = 0;
  while (picked < n && picked < most && (limits.project_runs <= 0 || due[picked].rank < limits.project_runs))
    picked++;
  return picked;
}
