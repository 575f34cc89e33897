/* task.c - tasks: coroutines of the host's own, named by their place so that the journal finds them again. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/internal.h"

enum { MAX_SCOPE = 500 };

struct task *task_new(struct run *run, struct task *parent, const char *key, lua_State *L) {
  struct task *t = mem_alloc(sizeof *t);
  t->run = run;
  t->parent = parent;
  t->L = L;
  if (!parent) {
    t->scope = mem_dup("/");
  } else {
    const char *slash = parent->parent ? "/" : "";
    int ordinal = ++parent->children;
    t->scope = key ? mem_printf("%s%s%.100s", parent->scope, slash, key)
                   : mem_printf("%s%s#%d", parent->scope, slash, ordinal);
    if (strlen(t->scope) > MAX_SCOPE) t->scope[MAX_SCOPE] = '\0';
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

bool task_key_taken(struct task *parent, const char *key) {
  if (!parent->keys) parent->keys = map_new();
  return map_put(parent->keys, key, parent) != NULL;
}

void task_start(struct task *t) {
  t->held = false;
  t->run->unfinished_tasks++;
  list_push_tail(&t->run->ready, &t->ready);
  sched_add(t->run);
}

static bool below(const struct task *t, const struct task *root) {
  for (; t; t = t->parent)
    if (t == root) return true;
  return false;
}

void task_cancel_tree(struct task *root) {
  struct run *run = root->run;
  for (struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    struct task *t = list_owner(node, struct task, all);
    if (t->state >= TASK_DONE || !below(t, root)) continue;
    if (t->wait) wait_detach(t->wait);
    t->wait = NULL;
    list_remove(&t->ready);
    if (!t->held) run->unfinished_tasks--;
    t->state = TASK_FAILED;
    err_set(&t->error, ERR_CANCELLED, "the task that started it ended");
  }
}

void task_free_all(struct run *run) {
  struct list *node;
  while ((node = list_pop_head(&run->tasks))) {
    struct task *t = list_owner(node, struct task, all);
    if (t->wait) wait_free(t->wait);
    map_free(t->counts, NULL);
    map_free(t->keys, NULL);
    free(t->scope);
    free(t);
  }
  while ((node = list_pop_head(&run->groups))) {
    struct task_group *g = list_owner(node, struct task_group, all);
    free(g->tasks);
    free(g);
  }
}
