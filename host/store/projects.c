/* projects.c - books and series. A slug is made with the project. It changes once at most: a project that began without a title
 * ("a-book") is called after the first one that its run sets, and its former name still finds it. */
#include "store/projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/sql.h"

enum { SLUG_MOST = 80, SLUG_ROOM = 96 };

/* By its slug, else by the one that it had before it had a title. */
#define BY_SLUG                                                                                              \
  " WHERE slug = $slug OR (former_slug = $slug AND NOT EXISTS (SELECT 1 FROM projects WHERE slug = $slug))"

enum err project_id_by_slug(struct db *db, const char *slug, int64_t *id) {
  struct db_stmt *s = db_prepare(db, "SELECT id FROM projects" BY_SLUG);
  db_bind_text(s, "$slug", slug);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  return err == OK && !*id ? ERR_NOT_FOUND : err;
}

/* "the-keeper", else "the-keeper-2", ...: the first that is free, looked for from where it is likely. */
static enum err free_slug(struct db *db, const char *base, char out[SLUG_ROOM]) {
  int64_t id, tried = 0;
  snprintf(out, SLUG_ROOM, "%s", base);
  enum err err = project_id_by_slug(db, out, &id);
  if (err != OK) return err == ERR_NOT_FOUND ? OK : err;
  struct db_stmt *s = db_prepare(db, "SELECT count(*) FROM projects WHERE slug >= $from AND slug < $to");
  char from[SLUG_ROOM], to[SLUG_ROOM]; /* all that begin with "base-"; '.' follows '-' */
  snprintf(from, sizeof from, "%s-", base);
  snprintf(to, sizeof to, "%s.", base);
  db_bind_text(s, "$from", from);
  db_bind_text(s, "$to", to);
  enum db_step step = db_step(s);
  tried = step == DB_ROW ? db_int(s, 0) : 0;
  if ((err = sql_end(db, s, step)) != OK) return err;
  for (int64_t n = tried + 2; err == OK; n++) {
    snprintf(out, SLUG_ROOM, "%.*s-%d", SLUG_MOST, base, (int)(n & INT32_MAX));
    err = project_id_by_slug(db, out, &id);
  }
  return err == ERR_NOT_FOUND ? OK : err;
}

/* The first free slug for a text. */
static enum err new_slug(struct db *db, const char *text, char out[SLUG_ROOM]) {
  char slug[SLUG_MOST];
  text_slug(text, strlen(text), slug, sizeof slug);
  return free_slug(db, slug, out);
}

enum err project_make(struct db *db, const char *base, const char *title, const char *kind, int64_t parent,
                      int64_t *id) {
  char slug[SLUG_ROOM];
  enum err err = new_slug(db, base, slug);
  if (err != OK) return err;
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO projects (slug, parent, title, kind, created_at, updated_at)"
                     " VALUES ($slug, $parent, $title, $kind, $now, $now)");
  db_bind_text(s, "$slug", slug);
  db_bind_id(s, "$parent", parent);
  db_bind_text(s, "$title", title && *title ? title : "Untitled");
  db_bind_text(s, "$kind", kind);
  db_bind_int(s, "$now", clock_wall_ms());
  return db_insert(s, id);
}

enum err project_make_provisional(struct db *db, const char *title, int64_t *id) {
  enum err err = project_make(db, title, title, "project", 0, id);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(db, "UPDATE projects SET provisional = 1 WHERE id = $id");
  db_bind_int(s, "$id", *id);
  return db_run(s);
}

static enum err is_provisional(struct db *db, int64_t id, bool *provisional) {
  struct db_stmt *s = db_prepare(db, "SELECT provisional FROM projects WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  *provisional = step == DB_ROW && db_int(s, 0);
  return sql_end(db, s, step);
}

/* The first title gives a provisional project its name. */
static enum err name_after(struct db *db, int64_t id, const char *title) {
  bool provisional;
  char slug[SLUG_ROOM];
  enum err err = is_provisional(db, id, &provisional);
  if (err != OK || !provisional) return err;
  if ((err = new_slug(db, title, slug)) != OK) return err;
  struct db_stmt *s =
      db_prepare(db, "UPDATE projects SET former_slug = slug, slug = $slug, provisional = 0 WHERE id = $id");
  db_bind_text(s, "$slug", slug);
  db_bind_int(s, "$id", id);
  return db_run(s);
}

/* --- reading --- */

#define PROJECT_COLUMNS                                                                                      \
  "SELECT id, COALESCE(parent, 0), created_at, updated_at, slug, title, kind, fields FROM projects"

static struct project_row read_row(struct db_stmt *s) {
  return (struct project_row){db_int(s, 0),  db_int(s, 1),  db_int(s, 2),  db_int(s, 3),
                              db_text(s, 4), db_text(s, 5), db_text(s, 6), db_text(s, 7)};
}

enum err projects_each(struct db *db, int64_t parent_or_minus_1,
                       void (*fn)(void *, const struct project_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, PROJECT_COLUMNS
                 " WHERE $parent < 0 OR COALESCE(parent, 0) = $parent ORDER BY updated_at DESC, id DESC");
  db_bind_int(s, "$parent", parent_or_minus_1);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct project_row row = read_row(s);
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

struct names {
  char **slugs;
  size_t n;
};

static void add_name(void *arg, const struct project_row *row) {
  struct names *names = arg;
  names->slugs = mem_grow(names->slugs, (names->n + 2) * sizeof *names->slugs);
  names->slugs[names->n++] = mem_dup(row->slug);
  names->slugs[names->n] = NULL;
}

static enum err not_found(struct db *db, const char *slug, struct error *e) {
  struct names names = {0};
  err_set(e, ERR_NOT_FOUND, "there is no project '%s'", slug);
  enum err err = projects_each(db, -1, add_name, &names);
  const char *near = NULL;
  if (names.n > 0) {
    const char **list = mem_alloc((names.n + 1) * sizeof *list);
    for (size_t i = 0; i < names.n; i++) list[i] = names.slugs[i];
    near = text_nearest(slug, list);
    free(list);
  }
  if (near)
    err_hint(e, "did you mean '%s'?", near);
  else
    err_hint(e, "`quire project list` lists them");
  for (size_t i = 0; i < names.n; i++) free(names.slugs[i]);
  free(names.slugs);
  return err == OK ? ERR_NOT_FOUND : db_error(db, e);
}

enum err project_by_id(struct db *db, int64_t id, void (*fn)(void *, const struct project_row *), void *arg) {
  struct db_stmt *s = db_prepare(db, PROJECT_COLUMNS " WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    struct project_row row = read_row(s);
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

enum err project_proposals(struct db *db, int64_t id, int64_t *n) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT count(*) FROM artifacts a JOIN artifact_versions h ON h.id = a.head JOIN artifact_versions v"
      " ON v.artifact_id = a.id AND v.state = 'proposal' AND v.number > h.number WHERE a.project_id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  *n = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err project_find(struct db *db, const char *slug, void (*fn)(void *, const struct project_row *),
                      void *arg, struct error *e) {
  struct db_stmt *s = db_prepare(db, PROJECT_COLUMNS BY_SLUG);
  db_bind_text(s, "$slug", slug);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    struct project_row row = read_row(s);
    fn(arg, &row);
  }
  db_reset(s);
  if (step == DB_FAILED) return db_error(db, e);
  return step == DB_ROW ? OK : not_found(db, slug, e);
}

enum err project_find_id(struct db *db, const char *slug, int64_t *id, struct error *e) {
  enum err err = project_id_by_slug(db, slug, id);
  if (err == ERR_NOT_FOUND) return not_found(db, slug, e);
  return err == OK ? OK : db_error(db, e);
}

/* --- a run's call on its project --- */

/* {"id","slug","title","kind","fields"} or NULL; *parent may be NULL. The caller owns it. */
static enum err read_project(struct db *db, int64_t id, json_t **out, int64_t *parent) {
  struct db_stmt *s = db_prepare(db, PROJECT_COLUMNS " WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  *out = NULL;
  enum err err = OK;
  if (step == DB_ROW) {
    struct project_row row = read_row(s);
    json_t *fields = NULL;
    err = jsonx_parse(row.fields, strlen(row.fields), "a project's fields", &fields, NULL);
    if (err == OK)
      *out = json_pack("{s:I,s:s,s:s,s:s,s:o}", "id", (json_int_t)row.id, "slug", row.slug, "title",
                       row.title, "kind", row.kind, "fields", fields);
    if (parent) *parent = row.parent;
  }
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

static enum err write_fields(struct db *db, int64_t id, const json_t *project) {
  char *fields = jsonx_dumps(json_object_get(project, "fields"));
  if (!fields) return ERR_LIMIT;
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE projects SET title = $title, kind = $kind, fields = $fields, updated_at = $now WHERE id = $id");
  db_bind_text(s, "$title", jsonx_str(project, "title", "Untitled"));
  db_bind_text(s, "$kind", jsonx_str(project, "kind", "project"));
  db_bind_text(s, "$fields", fields);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$id", id);
  enum err err = db_run(s);
  free(fields);
  return err;
}

/* Merges `text` into the project. title and kind are columns; null removes a field. */
static enum err merge(struct db *db, int64_t id, const char *text, struct error *e) {
  json_t *more = NULL, *project = NULL;
  enum err err = jsonx_parse(text, strlen(text), "the project's fields", &more, e);
  if (err != OK || !json_is_object(more)) {
    json_decref(more);
    return err != OK ? ERR_INVALID : err_set(e, ERR_INVALID, "a project's fields are an object");
  }
  err = read_project(db, id, &project, NULL);
  json_t *fields = json_object_get(project, "fields");
  const char *key;
  json_t *value;
  json_object_foreach(more, key, value) {
    bool column = strcmp(key, "title") == 0 || strcmp(key, "kind") == 0;
    if (column && json_is_string(value) && *json_string_value(value))
      json_object_set(project, key, value);
    else if (column)
      err = err == OK ? err_set(e, ERR_INVALID, "a project's %s is a text", key) : err;
    else if (json_is_null(value))
      json_object_del(fields, key);
    else
      json_object_set(fields, key, value);
  }
  if (err == OK) err = project ? write_fields(db, id, project) : ERR_NOT_FOUND;
  if (err == OK && jsonx_str(more, "title", NULL)) err = name_after(db, id, jsonx_str(more, "title", NULL));
  json_decref(project);
  json_decref(more);
  return err;
}

/* PARENT-KEY; of a long parent's slug the end is left out, never the key. */
static enum err child(struct db *db, const struct op_project *op, int64_t *id, struct error *e) {
  json_t *parent;
  enum err err = read_project(db, op->project, &parent, NULL);
  if (err != OK || !parent) return err != OK ? err : ERR_NOT_FOUND;
  char key[SLUG_MOST / 2], slug[SLUG_MOST];
  const char *name = op->key && *op->key ? op->key : "part";
  text_slug(name, strlen(name), key, sizeof key);
  snprintf(slug, sizeof slug, "%.*s-%s", (int)(sizeof slug - strlen(key) - 2), jsonx_str(parent, "slug", ""),
           key);
  json_decref(parent);
  err = project_id_by_slug(db, slug, id);
  if (err == ERR_NOT_FOUND) return project_make(db, slug, name, "project", op->project, id);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(db, "SELECT 1 FROM projects WHERE id = $id AND parent = $parent");
  db_bind_int(s, "$id", *id);
  db_bind_int(s, "$parent", op->project);
  enum db_step step = db_step(s);
  err = sql_end(db, s, step);
  if (err == OK && step != DB_ROW)
    err = err_set(e, ERR_CONFLICT, "the project '%s' exists and is not part of this one", slug);
  return err;
}

static enum err apply_project(struct db *db, struct store_op *base) {
  struct op_project *op = (struct op_project *)base;
  int64_t id = op->project, parent = 0;
  json_t *v = NULL;
  enum err err = fence_check(db, op->entry.run, op->entry.epoch);
  if (err == OK && op->what == PROJECT_CHILD) err = child(db, op, &id, &base->error);
  if (err == OK && op->fields && (op->what == PROJECT_SET || op->what == PROJECT_CHILD))
    err = merge(db, id, op->fields, &base->error);
  if (err == OK) err = read_project(db, id, &v, &parent);
  if (err == OK && op->what == PROJECT_PARENT) {
    json_decref(v);
    v = NULL;
    if (parent) err = read_project(db, parent, &v, NULL);
  }
  if (err != OK) {
    json_decref(v);
    return err;
  }
  return journal_insert_json(db, &op->entry, v ? v : json_null(), &op->result);
}

static void free_project(struct store_op *op) {
  free(((struct op_project *)op)->result);
  free(op);
}

const struct store_op_kind op_project_kind = {"project", apply_project, NULL, NULL, free_project, false};
