/* faults.c - reads fault specifications and decides which one happens.
 *
 * fault_parse -> fault_choose*. */
#include "rehearsal_server/faults.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

static const struct {
  const char *name;
  enum fault_kind kind;
} kinds[] = {{"hang", FAULT_HANG},
             {"cut", FAULT_CUT},
             {"badjson", FAULT_BADJSON},
             {"slow", FAULT_SLOW},
             {"splitutf8", FAULT_SPLIT_UTF8},
             {"truncate", FAULT_TRUNCATE},
             {"refuse", FAULT_REFUSE},
             {"empty", FAULT_EMPTY},
             {"nostop", FAULT_NO_STOP},
             {"streamerror", FAULT_STREAM_ERROR},
             {"expire", FAULT_EXPIRE},
             {"quota", FAULT_QUOTA},
             {"auth", FAULT_STATUS}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- reading ---- */

static enum err unknown(struct error *e, const char *what, const char *word, const char *const *names) {
  const char *near = text_nearest(word, names);
  err_set(e, ERR_INVALID, "there is no %s '%s'", what, word);
  if (near)
    err_hint(e, "did you mean %s?", near);
  else if (strcmp(what, "fault") == 0)
    err_hint(
        e,
        "there are: a status such as 429, hang, cut, badjson, slow, splitutf8, truncate, refuse, empty, nostop, "
        "streamerror, expire, quota, auth");
  else
    err_hint(e,
             "there are: every=N, first=N, p=0..1, role=NAME, key=KEY, after=PIECES, wait=SECONDS, times=N");
  return ERR_INVALID;
}

static enum err parse_kind(const char *name, struct fault *f, struct error *e) {
  if (strlen(name) == 3 && isdigit((unsigned char)name[0])) {
    f->kind = FAULT_STATUS;
    f->status = atoi(name);
    if (f->status >= 400 && f->status <= 599) return OK;
    return err_set(e, ERR_INVALID, "a fault's status is from 400 to 599, not %s", name);
  }
  const char *names[KINDS + 1] = {0};
  for (int i = 0; i < KINDS; i++) {
    names[i] = kinds[i].name;
    if (strcmp(name, kinds[i].name) != 0) continue;
    f->kind = kinds[i].kind;
    if (f->kind == FAULT_STATUS) f->status = 401;
    return OK;
  }
  return unknown(e, "fault", name, names);
}

static enum err parse_condition(char *text, struct fault *f, struct error *e) {
  static const char *const names[] = {"every", "first", "p", "role", "key", "after", "wait", "times", NULL};
  char *value = strchr(text, '=');
  if (!value) return unknown(e, "condition", text, names);
  *value++ = '\0';
  bool known;
  enum err err = when_set(&f->when, text, value, &known, e);
  if (err || known) return err;
  if (strcmp(text, "wait") == 0) return when_number(text, value, 0, 86400 * 365.0, false, &f->wait, e);
  int *count = strcmp(text, "every") == 0   ? &f->every
               : strcmp(text, "times") == 0 ? &f->times
               : strcmp(text, "after") == 0 ? &f->after
                                            : NULL;
  if (!count) return unknown(e, "condition", text, names);
  double v;
  err = when_number(text, value, count == &f->after ? 0 : 1, 1e9, true, &v, e);
  if (!err) *count = (int)v;
  return err;
}

enum err fault_parse(const char *spec, struct fault *out, struct error *e) {
  *out = (struct fault){.after = -1, .wait = -1};
  when_init(&out->when);
  if (strlen(spec) >= sizeof out->spec)
    return err_set(e, ERR_INVALID, "the fault '%.40s...' is too long", spec);
  snprintf(out->spec, sizeof out->spec, "%s", spec);
  char text[sizeof out->spec], *rest = text;
  memcpy(text, out->spec, sizeof text);
  enum err err = parse_kind(strsep(&rest, ":"), out, e);
  while (!err && rest) err = parse_condition(strsep(&rest, ","), out, e);
  return err;
}

/* ---- deciding ---- */

static bool happens(struct fault *f, const struct rehearsal_case *c) {
  if (!when_holds(&f->when, c, f->spec)) return false;
  f->met++;
  if (f->every && f->met % f->every != 0) return false;
  if (f->times && f->done >= f->times) return false;
  f->done++;
  return true;
}

const struct fault *fault_choose(struct fault *faults, int n, const struct rehearsal_case *c) {
  for (int i = 0; i < n; i++)
    if (happens(&faults[i], c)) return &faults[i];
  return NULL;
}
