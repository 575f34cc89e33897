/* options.c - argv against a table of rows. */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { MOST_ROWS = 80 };

static const struct option_row *find_long(const struct option_row *rows, const char *name, size_t n) {
  for (; rows->name; rows++)
    if (strlen(rows->name) == n && memcmp(rows->name, name, n) == 0) return rows;
  return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows, char letter) {
  for (; rows->name; rows++)
    if (rows->letter && rows->letter == letter) return rows;
  return NULL;
}

static enum err unknown(const struct option_row *rows, const char *arg, size_t n, struct error *e) {
  const char *names[MOST_ROWS + 1];
  size_t count = 0;
  for (; rows->name && count < MOST_ROWS; rows++) names[count++] = rows->name;
  names[count] = NULL;
  err_set(e, ERR_INVALID, "unknown option %.*s", (int)n, arg);
  char *word = n > 2 ? mem_dup_n(arg + 2, n - 2) : NULL;
  const char *near = word ? text_nearest(word, names) : NULL;
  free(word);
  if (near)
    err_hint(e, "did you mean --%s?", near);
  else
    err_hint(e, "`quire help COMMAND` lists its options");
  return ERR_INVALID;
}

static enum err no_value(const struct option_row *row, struct error *e) {
  return err_set(e, ERR_INVALID, "--%s needs a value: --%s %s", row->name, row->name, row->value);
}

/* A value that is itself a known option was forgotten. */
static bool is_option(const struct option_row *rows, const char *arg) {
  if (strncmp(arg, "--", 2) != 0 || !arg[2]) return false;
  return find_long(rows, arg + 2, strcspn(arg + 2, "=")) != NULL;
}

/* One option at argv[*i]; moves *i over its value. */
static enum err take(const struct option_row *rows, int argc, char *const *argv, int *i, struct options *out,
                     struct error *e) {
  const char *arg = argv[*i], *value = NULL;
  const struct option_row *row;
  if (arg[1] == '-') {
    size_t n = strcspn(arg, "=");
    row = find_long(rows, arg + 2, n - 2);
    if (!row) return unknown(rows, arg, n, e);
    if (arg[n]) value = arg + n + 1;
  } else {
    row = find_letter(rows, arg[1]);
    if (!row || (arg[2] && row->kind == OPTION_FLAG)) return unknown(rows, arg, strlen(arg), e);
    if (arg[2]) value = arg + 2;
  }
  if (row->kind == OPTION_FLAG && value) return err_set(e, ERR_INVALID, "--%s takes no value", row->name);
  if (row->kind != OPTION_FLAG && !value) {
    if (*i + 1 >= argc || is_option(rows, argv[*i + 1])) return no_value(row, e);
    value = argv[++*i];
  }
  out->given[out->n++] = (struct option_given){row, value};
  return OK;
}

enum err options_parse(const struct option_row *rows, int argc, char *const *argv, struct options *out,
                       struct error *e) {
  *out = (struct options){.given = mem_alloc(((size_t)argc + 1) * sizeof *out->given),
                          .args = mem_alloc(((size_t)argc + 1) * sizeof *out->args)};
  bool only_args = false;
  for (int i = 1; i < argc; i++) {
    const char *arg = argv[i];
    if (!only_args && strcmp(arg, "--") == 0) {
      only_args = true;
    } else if (only_args || arg[0] != '-' || !arg[1]) {
      out->args[out->n_args++] = arg;
    } else {
      enum err err = take(rows, argc, argv, &i, out, e);
      if (err != OK) return err;
    }
  }
  return OK;
}

void options_release(struct options *o) {
  free(o->given);
  free(o->args);
  *o = (struct options){0};
}

bool options_listed(const char *names, const char *name) {
  size_t n = strlen(name);
  for (const char *p = names; *p;) {
    size_t len = strcspn(p, " ");
    if (len == n && memcmp(p, name, n) == 0) return true;
    p += len;
    p += strspn(p, " ");
  }
  return false;
}

enum err options_allow(const struct options *o, const char *names, const char *command, struct error *e) {
  for (size_t i = 0; i < o->n; i++) {
    if (options_listed(names, o->given[i].row->name)) continue;
    err_set(e, ERR_INVALID, "`quire %s` has no option --%s", command, o->given[i].row->name);
    err_hint(e, "`quire help %s` lists its options", command);
    return ERR_INVALID;
  }
  return OK;
}

bool options_has(const struct options *o, const char *name) {
  for (size_t i = 0; i < o->n; i++)
    if (strcmp(o->given[i].row->name, name) == 0) return true;
  return false;
}

const char *options_get(const struct options *o, const char *name) {
  for (size_t i = o->n; i > 0; i--)
    if (strcmp(o->given[i - 1].row->name, name) == 0) return o->given[i - 1].value;
  return NULL;
}

const char *options_next(const struct options *o, const char *name, size_t *at) {
  while (*at < o->n) {
    const struct option_given *g = &o->given[(*at)++];
    if (strcmp(g->row->name, name) == 0) return g->value;
  }
  return NULL;
}
