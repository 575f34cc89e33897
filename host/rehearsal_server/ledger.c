/* ledger.c - a growing array of entries and a count of requests by key.
 *
 * ledger_new -> (ledger_attempt -> ledger_add -> ledger_find)* -> ledger_json, ledger_clear -> ledger_free. */
#include "rehearsal_server/ledger.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

enum { ENTRIES_MOST = 500000 };

struct ledger {
  struct entry *entries;
  size_t n, cap;
  int64_t cleared;      /* entries before the first one here */
  struct map *attempts; /* key -> number of requests, as a pointer-sized integer */
};

struct ledger *ledger_new(void) {
  struct ledger *l = mem_alloc(sizeof *l);
  l->attempts = map_new();
  return l;
}

void ledger_free(struct ledger *l) {
  if (!l) return;
  map_free(l->attempts, NULL);
  free(l->entries);
  free(l);
}

int ledger_attempt(struct ledger *l, const char *key) {
  intptr_t n = (intptr_t)map_get(l->attempts, key) + 1;
  map_put(l->attempts, key, (void *)n);
  return (int)n;
}

int64_t ledger_add(struct ledger *l, const struct entry *e) {
  if (l->n == ENTRIES_MOST) return 0;
  if (l->n == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 256;
    l->entries = mem_grow(l->entries, l->cap * sizeof *l->entries);
  }
  struct entry *kept = &l->entries[l->n++];
  *kept = *e;
  kept->n = l->cleared + (int64_t)l->n;
  return kept->n;
}

struct entry *ledger_find(struct ledger *l, int64_t n) {
  return n > l->cleared && n <= l->cleared + (int64_t)l->n ? &l->entries[n - l->cleared - 1] : NULL;
}

void ledger_clear(struct ledger *l) {
  l->cleared += (int64_t)l->n;
  l->n = 0;
  map_free(l->attempts, NULL);
  l->attempts = map_new();
}

static const char *const state_names[] = {"open", "answered", "fault", "cut", "hung", "gone", "refused"};

static json_t *text(const char *s) {
  json_t *v = json_string(s);
  return v ? v : json_string("(not UTF-8)"); /* a header may hold anything */
}

/* Each by its first line, without the marks of Markdown around it: books set these in a way of their own. */
static json_t *first_lines(const char *const *words) {
  json_t *list = json_array();
  for (; *words; words++) {
    const char *line = *words + strspn(*words, "\n-#* ");
    size_t n = strcspn(line, "\n");
    while (n && strchr("* ", line[n - 1])) n--;
    json_array_append_new(list, json_stringn(line, n));
  }
  return list;
}

static json_t *entry_json(const struct entry *e) {
  json_t *v = json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:i, s:s, s:i, s:b, s:I, s:I, s:i, s:I}", "n",
                        (json_int_t)e->n, "key", e->key, "call", text(e->call), "role", text(e->role),
                        "quire_key", text(e->quire_key), "model", text(e->model), "attempt", e->attempt,
                        "status", state_names[e->state], "http", e->status, "stream", e->stream,
                        "prompt_bytes", (json_int_t)e->prompt_bytes, "answer_bytes",
                        (json_int_t)e->answer_bytes, "pieces", e->pieces, "at_ms", (json_int_t)e->at_ms);
  json_object_set_new(v, "input_tokens", json_integer(e->input_tokens));
  json_object_set_new(v, "output_tokens", json_integer(e->output_tokens));
  if (e->fetches) json_object_set_new(v, "fetches", json_integer(e->fetches));
  if (e->manners[0]) json_object_set_new(v, "manners", json_string(e->manners));
  if (e->not_prose[0]) json_object_set_new(v, "not_prose", first_lines(e->not_prose));
  if (e->other_language) json_object_set_new(v, "other_language", json_string(e->other_language));
  if (e->fault[0]) json_object_set_new(v, "fault", json_string(e->fault));
  if (e->prefix_bytes >= 0) json_object_set_new(v, "prefix_bytes", json_integer(e->prefix_bytes));
  if (e->ended_ms) json_object_set_new(v, "ms", json_integer(e->ended_ms - e->at_ms));
  return v;
}

json_t *ledger_json(const struct ledger *l, int64_t since) {
  json_t *entries = json_array();
  json_int_t answered = 0, open = 0, most = 0;
  for (size_t i = 0; i < l->n; i++) {
    const struct entry *e = &l->entries[i];
    answered += e->state == ENTRY_ANSWERED;
    open += e->state == ENTRY_OPEN;
    if (e->n > since) json_array_append_new(entries, entry_json(e));
  }
  const char *key;
  size_t at = 0, n_key;
  void *count;
  while (map_next(l->attempts, &at, &key, &n_key, &count))
    if ((intptr_t)count > most) most = (intptr_t)count;
  return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "requests", (json_int_t)l->n, "keys",
                   (json_int_t)map_count(l->attempts), "most_per_key", most, "open", open, "answered",
                   answered, "entries", entries);
}
