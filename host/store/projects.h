/* projects.h - what runs work on. A series is a project whose books name it as parent. */
#pragma once
#include "store/journal.h"

struct project_row {
  int64_t id, parent, created_at, updated_at;
  const char *slug, *title, *kind, *fields;
};
enum err projects_each(struct db *db, int64_t parent_or_minus_1,
                       void (*fn)(void *, const struct project_row *), void *arg);
/* Calls fn once; ERR_NOT_FOUND with the nearest slug as a hint. */
enum err project_find(struct db *db, const char *slug, void (*fn)(void *, const struct project_row *),
                      void *arg, struct error *e);
enum err project_find_id(struct db *db, const char *slug, int64_t *id, struct error *e); /* the same */

/* Calls fn once, or not at all. */
enum err project_by_id(struct db *db, int64_t id, void (*fn)(void *, const struct project_row *), void *arg);
/* How many proposals of runs are newer than what they were made against: those wait for a person. */
enum err project_proposals(struct db *db, int64_t id, int64_t *n);

/* A run's call on its project, journaled. GET/PARENT: reads the fields (null without a parent). SET: merges the JSON object `fields` into it
 * ("title" and "kind" are columns). CHILD: makes or finds the child project with the slug PARENT-SLUG + "-" + key and merges fields.
 * The result, also journaled: {"id":..,"slug":..,"title":..,"kind":..,"fields":{..}} or null. */
struct op_project {
  struct store_op op;
  struct journal_entry entry;
  int64_t project;
  enum { PROJECT_GET, PROJECT_PARENT, PROJECT_SET, PROJECT_CHILD } what;
  const char *fields, *key;
  char *result; /* out */
};
extern const struct store_op_kind op_project_kind;
