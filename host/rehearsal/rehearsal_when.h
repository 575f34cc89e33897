/* rehearsal_when.h - to which requests something happens that is asked for by name: "hang:role=judge", "refuse:p=0.1". Any thread.
 *
 *   first=N     only the first N attempts of a request        role=NAME   only requests of that role
 *   p=0..1      by dice                                       key=KEY     only that key of the script's; "ch3*": keys that begin so
 *
 * The dice are made of the seed, the request, its attempt and what is rolled for, so that the same requests meet the same again. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum { WHEN_TEXT = 64 };

struct rehearsal_when {
  int first;                            /* 0: any attempt */
  double p;                             /* -1: always */
  char role[WHEN_TEXT], key[WHEN_TEXT]; /* "" any */
};

/* What is looked at. */
struct rehearsal_case {
  const char *role, *quire_key, *request_key;
  int attempt; /* of the request; the first is 1 */
  uint64_t seed;
};

void when_init(struct rehearsal_when *w);
/* Takes one condition. *known: whether it is one of the above (if not, OK, and nothing changed). Err: ERR_INVALID. */
enum err when_set(struct rehearsal_when *w, const char *name, const char *value, bool *known,
                  struct error *e);
/* `what`: what is rolled for. */
bool when_holds(const struct rehearsal_when *w, const struct rehearsal_case *c, const char *what);
/* A number that only this seed, request, attempt and `what` have. */
uint64_t when_dice(const struct rehearsal_case *c, const char *what);
/* Reads the number of "NAME=VALUE". Err: ERR_INVALID. */
enum err when_number(const char *name, const char *value, double least, double most, bool whole, double *out,
                     struct error *e);
