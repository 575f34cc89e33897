/* place.h - where in a nested value something is wrong: "chapters[3].title".
 *
 * A chain of places on the C stack, one for each level, written out only when there is an error to tell. Lists
 * count from 1, as scripts do. Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct place {
  const struct place *up; /* NULL: the value itself */
  const char *key;        /* NULL: an element of a list, number `index` */
  size_t n;
  int64_t index;
};

/* Writes "chapters[3].title", or `root` for the value itself. Cut at `max` - 1 bytes, never inside a key. */
void place_write(const struct place *at, const char *root, char *to, size_t max);
