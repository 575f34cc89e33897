/* journal.c - the recorded entries of one run in memory: found by key, each used once.
 *
 * The key in the map is the bytes of (scope, kind, hash, n). A second map leads from (kind, hash) to all entries of that content, for
 * runs resumed --with scripts, where a call whose scope changed may adopt an answer of equal content. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/internal.h"

enum { MAX_KEY = 1024 };

/* Entries of equal content, in seq order. */
struct same_content {
  struct entry **entries;
  size_t n;
};

static size_t pack(char *out, const char *scope, const struct journal_key *key) {
  size_t n = 0, a = scope ? strlen(scope) + 1 : 0, b = strlen(key->kind) + 1;
  if (a > MAX_KEY - 128) a = MAX_KEY - 128; /* task_new keeps scopes shorter */
  if (scope) memcpy(out, scope, a);
  n = a;
  memcpy(out + n, key->kind, b);
  n += b;
  memcpy(out + n, key->hash, SHA_BYTES);
  n += SHA_BYTES;
  if (scope) {
    memcpy(out + n, &key->n, sizeof key->n);
    n += sizeof key->n;
  }
  return n;
}

void run_journal_add(struct run *run, const struct journal_row *row) {
  struct entry *e = mem_alloc(sizeof *e);
  e->id = row->id;
  e->seq = row->seq;
  e->call_id = row->call_id;
  e->at_ms = row->at_ms;
  e->key.scope = mem_dup(row->scope);
  e->key.kind = mem_dup(row->kind);
  memcpy(e->key.hash, row->hash, SHA_BYTES);
  e->key.n = row->n;
  e->result = row->result ? mem_dup_n(row->result, row->n_result) : NULL;
  e->n_result = row->n_result;
  e->model = mem_dup(row->provider_model);
  e->role = mem_dup(row->role);
  char key[MAX_KEY];
  size_t n = pack(key, e->key.scope, &e->key);
  struct entry *older = map_put_n(run->journal, key, n, e);
  if (older) { /* a late answer never displaces a recorded one */
    struct entry *keep = e->id ? e : older, *lose = e->id ? older : e;
    map_put_n(run->journal, key, n, keep);
    list_push_tail(&run->losers, &lose->node);
    return;
  }
  run->unused++;
  if (row->seq > run->seq) run->seq = row->seq;
  n = pack(key, NULL, &e->key);
  struct same_content *same = map_get_n(run->by_content, key, n);
  if (!same) {
    same = mem_alloc(sizeof *same);
    map_put_n(run->by_content, key, n, same);
  }
  same->entries = mem_grow(same->entries, (same->n + 1) * sizeof *same->entries);
  same->entries[same->n++] = e;
}

/* An unused answer of equal content from another scope, recorded before the scripts were changed. Only for calls and steps: reads and writes belong to their place. */
static struct entry *adopt(struct run *run, const struct journal_key *key) {
  if (strcmp(key->kind, "llm") != 0 && strcmp(key->kind, "step") != 0) return NULL;
  char packed[MAX_KEY];
  size_t n = pack(packed, NULL, key);
  struct same_content *same = map_get_n(run->by_content, packed, n);
  for (size_t i = 0; same && i < same->n; i++)
    if (!same->entries[i]->used && run_is_older(run, same->entries[i]->seq)) return same->entries[i];
  return NULL;
}

static struct entry *lookup(struct run *run, const struct wait *w, bool *adopted) {
  char key[MAX_KEY];
  size_t n = pack(key, w->key.scope, &w->key);
  struct entry *e = map_get_n(run->journal, key, n);
  *adopted = false;
  if (e && e->used) e = NULL; /* it answered an adopter */
  if (!e && run->with.scripts && (e = adopt(run, &w->key))) *adopted = true;
  return e;
}

bool run_journal_has(struct run *run, const struct wait *w) {
  bool adopted;
  return lookup(run, w, &adopted) != NULL;
}

struct entry *run_journal_find(struct run *run, struct wait *w, bool *adopted) {
  struct entry *e = lookup(run, w, adopted);
  if (!e) return NULL;
  e->used = true;
  if (--run->unused == 0) run_replayed(run); /* whether it waits or not */
  return e;
}

static void entry_free(struct entry *e) {
  free((char *)(uintptr_t)e->key.scope);
  free((char *)(uintptr_t)e->key.kind);
  free(e->result);
  free(e->model);
  free(e->role);
  free(e);
}

void run_journal_free(struct run *run) {
  size_t i = 0, n;
  const char *key;
  void *value;
  while (run->journal && map_next(run->journal, &i, &key, &n, &value)) entry_free(value);
  i = 0;
  while (run->by_content && map_next(run->by_content, &i, &key, &n, &value)) {
    free(((struct same_content *)value)->entries);
    free(value);
  }
  struct list *node;
  while ((node = list_pop_head(&run->losers))) entry_free(list_owner(node, struct entry, node));
  map_free(run->journal, NULL);
  map_free(run->by_content, NULL);
  run->journal = run->by_content = NULL;
}
