/* list.h - intrusive doubly linked list (after libuv's queue.h, in functions instead of macros).
 * A node lives inside its owner; `list_owner` gets back to it. A node outside any list points to itself. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
  struct list *next, *prev;
};

#define list_owner(node, type, member) ((type *)(void *)((uintptr_t)(node)-offsetof(type, member)))

static inline void list_init(struct list *l) {
  l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l) {
  return l->next == l;
}
static inline void list_remove(struct list *n) {
  n->prev->next = n->next;
  n->next->prev = n->prev;
  list_init(n);
}
static inline void list_insert_before(struct list *at, struct list *n) {
  n->prev = at->prev;
  n->next = at;
  at->prev->next = n;
  at->prev = n;
}
static inline void list_push_tail(struct list *l, struct list *n) {
  list_insert_before(l, n);
}
static inline void list_push_head(struct list *l, struct list *n) {
  list_insert_before(l->next, n);
}
static inline struct list *list_pop_head(struct list *l) {
  struct list *n = l->next;
  if (n == l) return NULL;
  list_remove(n);
  return n;
}
