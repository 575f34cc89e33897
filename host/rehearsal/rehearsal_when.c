/* rehearsal_when.c - conditions on requests, and their dice.
 *
 * when_init -> when_set* -> when_holds*. */
#include "rehearsal/rehearsal_when.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void when_init(struct rehearsal_when *w) {
  *w = (struct rehearsal_when){.p = -1};
}

enum err when_number(const char *name, const char *value, double least, double most, bool whole, double *out,
                     struct error *e) {
  char *end;
  *out = strtod(value, &end);
  bool ok = end != value && !*end && isfinite(*out) && *out >= least && *out <= most;
  if (ok && whole && *out != floor(*out))
    return err_set(e, ERR_INVALID, "%s= takes a whole number, not '%s'", name, value);
  if (ok) return OK;
  return err_set(e, ERR_INVALID, "%s= takes a number from %g to %g, not '%s'", name, least, most, value);
}

enum err when_set(struct rehearsal_when *w, const char *name, const char *value, bool *known,
                  struct error *e) {
  char *into = strcmp(name, "role") == 0 ? w->role : strcmp(name, "key") == 0 ? w->key : NULL;
  *known = true;
  if (into) {
    snprintf(into, WHEN_TEXT, "%s", value);
    bool fits = *value && strlen(value) < WHEN_TEXT;
    return fits ? OK : err_set(e, ERR_INVALID, "%s= is empty or too long", name);
  }
  double v;
  enum err err = OK;
  if (strcmp(name, "p") == 0) {
    err = when_number(name, value, 0, 1, false, &w->p, e);
  } else if (strcmp(name, "first") == 0) {
    if (!(err = when_number(name, value, 1, 1e9, true, &v, e))) w->first = (int)v;
  } else {
    *known = false;
  }
  return err;
}

static bool key_fits(const char *pattern, const char *key) {
  size_t n = strlen(pattern);
  if (n && pattern[n - 1] == '*') return strncmp(pattern, key, n - 1) == 0;
  return strcmp(pattern, key) == 0;
}

/* FNV-1a, then mixed. */
uint64_t when_dice(const struct rehearsal_case *c, const char *what) {
  char text[6 * WHEN_TEXT + 160];
  int n = snprintf(text, sizeof text, "%s|%llu|%s|%d", what, (unsigned long long)c->seed, c->request_key,
                   c->attempt);
  uint64_t h = 1469598103934665603u;
  for (int i = 0; i < n && i < (int)sizeof text - 1; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  return h ^ (h >> 33);
}

bool when_holds(const struct rehearsal_when *w, const struct rehearsal_case *c, const char *what) {
  if (w->role[0] && strcmp(w->role, c->role) != 0) return false;
  if (w->key[0] && !key_fits(w->key, c->quire_key)) return false;
  if (w->first && c->attempt > w->first) return false;
  return w->p < 0 || (double)(when_dice(c, what) >> 11) / 9007199254740992.0 < w->p;
}
