/* examine.c - what SQLite can say of its own state. */
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *rule, *sql; /* columns: run, sentence */
} rules[] = {
    {"events",
     "SELECT 0, 'the newest event is ' || max(id) || ', but the next one would get an older id: streams would miss it'"
     " FROM events HAVING max(id) > COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"},
    {"guards",
     "SELECT 0, 'the database has lost its guard ' || column1 || ' (a trigger)' FROM (VALUES ('runs_terminal'),"
     " ('run_texts_terminal'), ('runs_epoch'), ('calls_finished'), ('artifact_versions_constant'), ('blobs_constant'),"
     " ('gates_decided')) WHERE column1 NOT IN (SELECT name FROM sqlite_schema WHERE type = 'trigger')"},
};

struct examination {
  struct db *db;
  schema_finding *found;
  void *arg;
};

/* Damage is a finding: the other questions are asked all the same. */
static enum err finish(struct examination *x, struct db_stmt *s, enum db_step last) {
  struct error e = {0};
  enum err err = last == DB_FAILED ? db_error(x->db, &e) : OK;
  db_reset(s);
  if (err != ERR_CORRUPT) return err;
  x->found(x->arg, "damage", 0, e.message);
  return OK;
}

static enum err check_pages(struct examination *x) {
  struct db_stmt *s = db_prepare(x->db, "PRAGMA integrity_check");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    const char *text = db_text(s, 0);
    if (text && strcmp(text, "ok") != 0) x->found(x->arg, "damage", 0, text);
  }
  return finish(x, s, step);
}

static enum err check_references(struct examination *x) {
  struct db_stmt *s = db_prepare(x->db, "PRAGMA foreign_key_check");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    char text[200];
    const char *table = db_text(s, 0), *parent = db_text(s, 2);
    snprintf(text, sizeof text, "row %lld of the table %s refers to a row of %s that does not exist",
             (long long)db_int(s, 1), table ? table : "?", parent ? parent : "?");
    x->found(x->arg, "reference", 0, text);
  }
  return finish(x, s, step);
}

static enum err check_rule(struct examination *x, const char *rule, const char *sql) {
  struct db_stmt *s = db_prepare(x->db, sql);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    const char *sentence = db_text(s, 1);
    x->found(x->arg, rule, db_int(s, 0), sentence ? sentence : rule);
  }
  return finish(x, s, step);
}

enum err schema_examine(struct db *db, bool pages, schema_finding *found, void *arg) {
  struct examination x = {db, found, arg};
  enum err err = pages ? check_pages(&x) : OK;
  if (err == OK && pages) err = check_references(&x);
  for (size_t i = 0; err == OK && i < sizeof rules / sizeof rules[0]; i++)
    err = check_rule(&x, rules[i].rule, rules[i].sql);
  return err;
}
