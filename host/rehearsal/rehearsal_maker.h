/* rehearsal_maker.h - what rehearsal_schema.c and rehearsal_strings.c share: an instance in the making. */
#pragma once
#include "rehearsal/rehearsal_internal.h"

enum { MADE_MOST = 400, LENGTH_MOST = 100000 };

/* An id made in this answer. */
struct made {
  char kind[32], id[64];
};

/* The ids that a value may refer to. */
struct pool {
  struct span ids[MAX_REFS];
  int n;
};

struct maker {
  const struct prompt *p;
  struct dice *d;
  struct error *e;
  struct made *made;
  int n_made, depth, values;
  struct pool pool; /* of the value at hand */
  char earlier[40]; /* an id by place, when there are no others */
};

/* Where a value stands: its name, the array around it, and its place in that. */
struct place {
  const char *name;    /* the property; for an item of an array of plain values the array's name */
  const char *array;   /* the nearest array's name, or "" */
  size_t index, count; /* in that array; count 0: in none */
  bool item;           /* is itself an item, not a property of one */
  long chapter;        /* the "number" or "chapter" of the object it belongs to; 0: none */
};

/* rehearsal_strings.c. Does the value's name hold one of the words; is it one of them? Case does not matter. */
bool name_has(const char *name, const char *const *words);
bool name_is(const char *name, const char *const *words);
#define HAS(name, ...) name_has(name, (const char *const[]){__VA_ARGS__, NULL})
#define IS(name, ...)  name_is(name, (const char *const[]){__VA_ARGS__, NULL})

bool name_of_cause(const char *name); /* what follows from something earlier */
/* An id was made: later values may refer to it. */
void maker_remember(struct maker *m, const char *kind, const char *id);
/* Fills m->pool with what a value of this name may refer to. */
void maker_gather(struct maker *m, const struct place *at);
/* NULL when the schema's lengths cannot be met. */
json_t *maker_string(struct maker *m, const json_t *schema, const struct place *at);

/* rehearsal_schema.c. Keeps the first reason why nothing satisfies the schema. */
void maker_wrong(struct maker *m, const struct place *at, const char *what);
