/* task.c - tasks: coroutines of the host's own, named by their place so that the journal finds them again. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"

enum { MAX_SCOPE = 500, MAX_PLAIN = 100, KEPT = 60, HASH_DIGITS = 12 };

/* The first bytes of s with what a scope cannot hold replaced, then a hash of all of it: "TCP/IP" -> "TCP-IP#0c1f...". */
static char *shorten(const char *s, size_t keep, bool slashes) {
  char hex[SHA_HEX];
  size_t n = strlen(s);
  sha256_hex(s, n, hex);
  if (n > keep) n = keep;
  bool text = utf8_valid(s, strlen(s), NULL);
  while (text && n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) n--;
  char *out = mem_printf("%.*s#%.*s", (int)n, s, HASH_DIGITS, hex);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)out[i];
    if (c == '#' || c < ' ' || c == 127 || (c == '/' && !slashes) || (c > 127 && !text)) out[i] = '-';
  }
  return out;
}

static bool plain(const char *key) {
  if (!*key || strlen(key) > MAX_PLAIN || !utf8_valid(key, strlen(key), NULL)) return false;
  for (const char *p = key; *p; p++)
    if (*p == '/' || *p == '#' || (unsigned char)*p < ' ' || *p == 127) return false;
  return true;
}

/* '#' stands in no plain key, so these names are nobody else's. */
static char *name_of(const char *key, int ordinal, int nth) {
  if (!key) return mem_printf("#%d", ordinal);
  char *name = plain(key) ? mem_dup(key) : shorten(key, KEPT, false);
  if (nth < 2) return name;
  char *again = mem_printf("%s#%d", name, nth);
  free(name);
  return again;
}

/* Which of the parent's children of this key it is, from 1. It has the key until it ends. */
static int take_key(struct task *parent, const char *key) {
  if (!parent->keys) parent->keys = map_new();
  intptr_t had = (intptr_t)map_get(parent->keys, key), n = had / 2 + 1;
  map_put(parent->keys, key, (void *)(2 * n + 1));
  return (int)n;
}

static void give_key_back(struct task *t) {
  struct map *keys = t->key && t->parent ? t->parent->keys : NULL;
  if (keys) map_put(keys, t->key, (void *)((intptr_t)map_get(keys, t->key) & ~(intptr_t)1));
  free(t->key);
  t->key = NULL;
}

struct task *task_new(struct run *run, struct task *parent, const char *key, lua_State *L) {
  struct task *t = mem_alloc(sizeof *t);
  t->run = run;
  t->parent = parent;
  t->L = L;
  if (!parent) {
    t->scope = mem_dup("/");
  } else {
    int nth = key ? take_key(parent, key) : 1;
    t->key = mem_dup(key);
    char *name = name_of(key, ++parent->children, nth);
    t->scope = mem_printf("%s%s%s", parent->scope, parent->parent ? "/" : "", name);
    free(name);
    if (strlen(t->scope) > MAX_SCOPE) {
      char *shorter = shorten(t->scope, MAX_SCOPE - HASH_DIGITS - 1, true);
      free(t->scope);
      t->scope = shorter;
    }
  }
  list_init(&t->ready);
  list_push_tail(&run->tasks, &t->all);
  return t;
}

struct task_group *task_group_new(struct run *run, size_t n, size_t limit) {
  struct task_group *g = mem_alloc(sizeof *g);
  g->tasks = mem_alloc(n * sizeof *g->tasks);
  g->limit = limit;
  list_init(&g->waiters);
  list_push_tail(&run->groups, &g->all);
  return g;
}

bool task_key_taken(const struct task *parent, const char *key) {
  return parent->keys && (intptr_t)map_get(parent->keys, key) & 1;
}

void task_start(struct task *t) {
  t->held = false;
  t->run->unfinished_tasks++;
  list_push_tail(&t->run->ready, &t->ready);
  sched_add(t->run);
}

void task_group_left(struct task_group *g) {
  if (--g->unfinished > 0) return;
  struct list *node;
  while ((node = list_pop_head(&g->waiters))) {
    struct task *t = list_owner(node, struct wait, inbox)->task;
    list_push_tail(&t->run->ready, &t->ready);
    sched_add(t->run);
  }
}

/* It moves no more: nobody looks for it among the unfinished ones, and it counts no more questions. */
static void retire(struct task *t) {
  list_remove(&t->all);
  list_push_tail(&t->run->ended, &t->all);
  map_free(t->counts, NULL);
  map_free(t->keys, NULL);
  t->counts = t->keys = NULL;
  give_key_back(t);
}

/* A handle can be in other hands than the parent's: who waits for a cancelled task is told. */
static void cancel(struct task *t) {
  if (t->wait) wait_detach(t->wait);
  t->wait = NULL;
  list_remove(&t->ready);
  if (!t->held) t->run->unfinished_tasks--;
  t->state = TASK_FAILED;
  t->abandoned = "the task that started it ended";
  if (t->group) task_group_left(t->group);
}

/* Parents stand before their children, and all of them were unfinished until now: so one look at each is enough. */
void task_ended(struct task *root) {
  struct run *run = root->run;
  struct list *next;
  for (struct list *node = root->all.next; node != &run->tasks; node = next) {
    struct task *t = list_owner(node, struct task, all);
    next = node->next;
    if (!t->parent || t->parent->state < TASK_DONE) continue;
    cancel(t);
    retire(t);
  }
  retire(root);
}

static void task_free(struct task *t) {
  list_remove(&t->all);
  if (t->wait) wait_free(t->wait);
  map_free(t->counts, NULL);
  map_free(t->keys, NULL);
  free(t->key);
  free(t->scope);
  free(t);
}

void task_group_free(struct task_group *g) {
  for (size_t i = 0; i < g->n; i++) {
    if (g->tasks[i]->abandoned)
      g->tasks[i]->group = NULL;
    else
      task_free(g->tasks[i]);
  }
  list_remove(&g->all);
  free(g->tasks);
  free(g);
}

void task_free_all(struct run *run) {
  struct list *node;
  while ((node = list_pop_head(&run->tasks)) || (node = list_pop_head(&run->ended)))
    task_free(list_owner(node, struct task, all));
  while ((node = list_pop_head(&run->groups))) {
    struct task_group *g = list_owner(node, struct task_group, all);
    free(g->tasks);
    free(g);
  }
}
