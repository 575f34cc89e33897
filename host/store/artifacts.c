/* artifacts.c - named documents. A version is a row that never changes and a blob; the head is a pointer in `artifacts`.
 *
 * Numbers are one sequence for versions and proposals. Every write goes through artifact_write, which asks artifact_head.c who may move the head:
 * what may not becomes a proposal beside it. */
#include "store/artifacts.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/artifact_head.h"
#include "store/sql.h"

/* --- names --- */

/* The parts between the slashes. */
static bool plain_parts(const char *name) {
  for (const char *at = name;; at++) {
    size_t n = strcspn(at, "/");
    if (n == 0 || (n == 1 && *at == '.')) return false;
    at += n;
    if (!*at) return true;
  }
}

static bool holds_control(const char *name) {
  for (; *name; name++)
    if ((unsigned char)*name < 0x20 || *name == 0x7F) return true;
  return false;
}

const char *artifact_kind_of(const char *name) {
  const char *dot = strrchr(name, '.');
  if (dot && strcmp(dot, ".json") == 0) return "json";
  if (dot && (strcmp(dot, ".md") == 0 || strcmp(dot, ".markdown") == 0)) return "markdown";
  return "text";
}

enum err artifact_name_check(const char *name, struct error *e) {
  size_t n = name ? strlen(name) : 0;
  if (n == 0 || n > ARTIFACT_NAME_MOST)
    return err_set(e, ERR_INVALID, "a document's name has 1 to %d bytes", ARTIFACT_NAME_MOST);
  if (!utf8_valid(name, n, NULL)) return err_set(e, ERR_INVALID, "a document's name must be valid UTF-8");
  if (holds_control(name))
    return err_set(e, ERR_INVALID,
                   "a document's name holds no tabs, line breaks or other control characters");
  if (strstr(name, "..") || strchr(name, '\\') || !plain_parts(name)) {
    err_set(e, ERR_INVALID, "'%s' must be a plain relative path, like notes/anna.md", name);
    return ERR_INVALID;
  }
  return OK;
}

/* --- writing --- */

static enum err make_artifact(struct db *db, const struct artifact_write *w, int64_t now, int64_t *id) {
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO artifacts (project_id, name, created_at) VALUES ($project, $name, $now)");
  db_bind_int(s, "$project", w->project);
  db_bind_text(s, "$name", w->name);
  db_bind_int(s, "$now", now);
  return db_insert(s, id);
}

static enum err insert_version(struct db *db, struct artifact_write *w, const struct artifact_head *head,
                               const char *author, int64_t blob, int64_t now) {
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO artifact_versions (artifact_id, number, kind, author, state, run_id, size, blob_id, created_at)"
      " VALUES ($artifact, $number, $kind, $author, $state, $run, $size, $blob, $now)");
  w->number = head->newest + 1;
  db_bind_int(s, "$artifact", head->artifact);
  db_bind_int(s, "$number", w->number);
  db_bind_text(s, "$kind", w->kind && *w->kind ? w->kind : "text");
  db_bind_text(s, "$author", author);
  db_bind_text(s, "$state", w->proposal ? "proposal" : "version");
  db_bind_id(s, "$run", w->run);
  db_bind_int(s, "$size", (int64_t)w->n);
  db_bind_int(s, "$blob", blob);
  db_bind_int(s, "$now", now);
  return db_insert(s, &w->version_id);
}

static enum err move_head(struct db *db, const struct artifact_write *w, int64_t artifact, int64_t now) {
  struct db_stmt *s = db_prepare(db, "UPDATE artifacts SET head = $version WHERE id = $artifact");
  db_bind_int(s, "$version", w->version_id);
  db_bind_int(s, "$artifact", artifact);
  enum err err = db_run(s);
  if (err != OK) return err;
  s = db_prepare(db, "UPDATE projects SET updated_at = $now WHERE id = $project");
  db_bind_int(s, "$now", now);
  db_bind_int(s, "$project", w->project);
  return db_run(s);
}

enum err artifact_write(struct db *db, struct artifact_write *w) {
  if (!w->name || !*w->name || !w->content) return ERR_INVALID;
  if (w->n > MAX_ARTIFACT_BYTES) return ERR_LIMIT;
  struct artifact_head head;
  bool may = true, by_person = !w->run;
  int64_t blob, now = clock_wall_ms();
  enum err err = artifact_head_find(db, w->project, w->name, &head);
  if (err == OK) err = artifact_head_may_move(db, w, &head, &may);
  w->proposal = !may;
  if (err == OK && may && w->run) err = artifact_left_at_gate(db, w, &by_person);
  if (err == OK && !head.artifact) err = make_artifact(db, w, now, &head.artifact);
  if (err == OK) err = blob_put(db, NULL, w->content, w->n, &blob);
  if (err == OK) err = insert_version(db, w, &head, by_person ? "person" : "run", blob, now);
  return err == OK && !w->proposal ? move_head(db, w, head.artifact, now) : err;
}

/* --- a run's puts --- */

#define OWN_LINE   "WITH RECURSIVE " RUN_LINE("VALUES ($run)")
#define NOT_OWN(v) "(" v ".run_id IS NULL OR " v ".run_id NOT IN (SELECT id FROM line))"

/* Does the run see the version? A fork sees nothing that was saved between the moment that it begins with and its own beginning; but once its line
 * has written a document itself, what stands there counts, as for every run. */
#define SEEN(v)                                                                                              \
  "NOT EXISTS (SELECT 1 FROM forks f WHERE f.run_id IN (SELECT id FROM line) AND " v ".id > f.hidden_after"  \
  " AND " v ".id <= f.hidden_to AND NOT EXISTS (SELECT 1 FROM artifact_versions o WHERE o.artifact_id = " v  \
  ".artifact_id AND o.id > f.hidden_to AND o.run_id >= f.run_id AND o.run_id IN (SELECT id FROM line)))"

static enum err put_one(struct db *db, struct op_artifact_put *op, struct artifact_put *put, json_t *list) {
  struct artifact_write w = {.project = op->project,
                             .run = op->entry.run,
                             .name = put->name,
                             .kind = put->kind,
                             .content = put->content ? put->content : "",
                             .n = put->content ? put->n : 0,
                             .seen = put->seen};
  enum err err = artifact_write(db, &w);
  if (err == ERR_LIMIT)
    return err_set(&op->op.error, err, "%s is larger than %d MB", put->name, MAX_ARTIFACT_BYTES >> 20);
  if (err != OK) return err;
  put->version = w.number;
  put->proposal = w.proposal;
  json_array_append_new(list,
                        json_pack("{s:s,s:I,s:b,s:I}", "name", put->name, "version", (json_int_t)w.number,
                                  "proposal", put->proposal, "bytes", (json_int_t)put->n));
  return OK;
}

static enum err beat(struct db *db, int64_t run) {
  struct db_stmt *s = db_prepare(db, "UPDATE runs SET last_heartbeat = $now WHERE id = $run");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$run", run);
  return db_run(s);
}

static enum err apply_put(struct db *db, struct store_op *base) {
  struct op_artifact_put *op = (struct op_artifact_put *)base;
  enum err err = fence_check(db, op->entry.run, op->entry.epoch);
  if (err != OK) return err;
  json_t *list = json_array();
  for (size_t i = 0; err == OK && i < op->n_puts; i++) {
    if (i > 0 && failpoint("chapter_tx"))
      err = err_set(&base->error, ERR_IO, "a chapter's transaction failed (a failpoint)");
    else
      err = put_one(db, op, &op->puts[i], list);
  }
  if (err == OK) err = beat(db, op->entry.run);
  if (err == OK) return journal_insert_json(db, &op->entry, list, &op->result);
  json_decref(list);
  return err;
}

static void free_put(struct store_op *base) {
  struct op_artifact_put *op = (struct op_artifact_put *)base;
  for (size_t i = 0; i < op->n_puts; i++) {
    free(op->puts[i].name);
    free(op->puts[i].kind);
    free(op->puts[i].content);
  }
  free(op->puts);
  free(op->result);
  free(op);
}

const struct store_op_kind op_artifact_put_kind = {"artifact_put", apply_put, NULL, NULL, free_put, false};

/* --- a run's reads --- */

static enum err read_content(struct db *db, int64_t version_id, struct op_artifact_get *op) {
  struct buf b;
  buf_init(&b, MAX_ARTIFACT_BYTES);
  enum err err = artifact_version_content(db, version_id, &b);
  op->n = b.len;
  free(op->content);
  op->content = err == OK ? buf_take(&b) : NULL;
  buf_release(&b);
  return err;
}

static enum err apply_get(struct db *db, struct store_op *base) {
  struct op_artifact_get *op = (struct op_artifact_get *)base;
  free(op->content);
  op->content = NULL;
  op->n = 0;
  enum err err = fence_check(db, op->entry.run, op->entry.epoch);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db, OWN_LINE
      " SELECT v.id, v.number, v.kind, v.author FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id"
      " WHERE a.project_id = $project AND a.name = $name AND v.state = 'version'"
      " AND CASE WHEN $horizon = 0 THEN " SEEN("v") " ELSE v.id <= $horizon AND " NOT_OWN(
          "v") " END ORDER BY v.number DESC LIMIT 1");
  db_bind_int(s, "$project", op->project);
  db_bind_text(s, "$name", op->name);
  db_bind_int(s, "$horizon", op->horizon);
  db_bind_int(s, "$run", op->entry.run);
  enum db_step step = db_step(s);
  int64_t version_id = step == DB_ROW ? db_int(s, 0) : 0;
  json_t *v = step == DB_ROW
                  ? json_pack("{s:I,s:I,s:s,s:s}", "id", (json_int_t)version_id, "version",
                              (json_int_t)db_int(s, 1), "kind", db_text(s, 2), "author", db_text(s, 3))
                  : json_null();
  err = sql_end(db, s, step);
  if (err == OK && version_id) err = read_content(db, version_id, op);
  if (err == OK) return journal_insert_json(db, &op->entry, v, &op->result);
  json_decref(v);
  return err;
}

static void free_get(struct store_op *base) {
  struct op_artifact_get *op = (struct op_artifact_get *)base;
  free(op->result);
  free(op->content);
  free(op);
}

const struct store_op_kind op_artifact_get_kind = {"artifact_get", apply_get, NULL, NULL, free_get, false};

#define ROW_COLUMNS                                                                                                    \
  "SELECT a.id, v.id, v.number, COALESCE(v.run_id, 0), v.created_at, v.size, a.name, v.kind, v.author, v.state, b.sha" \
  " FROM artifacts a JOIN artifact_versions v "

static enum err each(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct artifact_row *),
                     void *arg) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct artifact_row row = {db_int(s, 0),  db_int(s, 1),  db_int(s, 2),  db_int(s, 3),
                               db_int(s, 4),  db_int(s, 5),  db_text(s, 6), db_text(s, 7),
                               db_text(s, 8), db_text(s, 9), db_text(s, 10)};
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

static void add_row(void *arg, const struct artifact_row *row) {
  json_array_append_new(arg, json_pack("{s:s,s:I,s:I,s:s,s:s,s:b}", "name", row->name, "version",
                                       (json_int_t)row->number, "id", (json_int_t)row->version_id, "kind",
                                       row->kind, "author", row->author, "proposal",
                                       strcmp(row->state, "proposal") == 0));
}

static enum err seen(struct db *db, struct db_stmt *s, const struct op_artifact_list *op, json_t *list) {
  db_bind_int(s, "$run", op->entry.run);
  db_bind_int(s, "$project", op->project);
  db_bind_text(s, "$name", op->prefix ? op->prefix : "");
  return each(db, s, add_row, list);
}

static enum err seen_heads(struct db *db, const struct op_artifact_list *op, json_t *list) {
  return seen(
      db,
      db_prepare(db, OWN_LINE
                 " " ROW_COLUMNS
                 "ON v.id = (SELECT MAX(n.id) FROM artifact_versions n WHERE n.artifact_id = a.id"
                 " AND n.state = 'version' AND " SEEN(
                     "n") ") JOIN blobs b ON b.id = v.blob_id"
                          " WHERE a.project_id = $project AND substr(a.name, 1, length($name)) = $name"
                          " ORDER BY a.name"),
      op, list);
}

static enum err seen_history(struct db *db, const struct op_artifact_list *op, json_t *list) {
  return seen(db,
              db_prepare(db, OWN_LINE
                         " " ROW_COLUMNS "ON v.artifact_id = a.id JOIN blobs b ON b.id = v.blob_id WHERE"
                         " a.project_id = $project AND a.name = $name AND " SEEN("v") " ORDER BY v.number"),
              op, list);
}

static enum err apply_list(struct db *db, struct store_op *base) {
  struct op_artifact_list *op = (struct op_artifact_list *)base;
  enum err err = fence_check(db, op->entry.run, op->entry.epoch);
  if (err != OK) return err;
  json_t *list = json_array();
  err = op->history ? seen_history(db, op, list) : seen_heads(db, op, list);
  if (err == OK) return journal_insert_json(db, &op->entry, list, &op->result);
  json_decref(list);
  return err;
}

static void free_list(struct store_op *base) {
  free(((struct op_artifact_list *)base)->result);
  free(base);
}

const struct store_op_kind op_artifact_list_kind = {"artifact_list", apply_list, NULL, NULL,
                                                    free_list,       false};

/* --- a person's edit --- */

static enum err apply_edit(struct db *db, struct store_op *base) {
  struct op_artifact_edit *op = (struct op_artifact_edit *)base;
  struct artifact_head head;
  enum err err = artifact_head_find(db, op->project, op->name, &head);
  if (err != OK) return err;
  if (op->expected >= 0 && head.number != op->expected) {
    err_set(&base->error, ERR_CONFLICT, "%s is at version %lld now, not %lld", op->name,
            (long long)head.number, (long long)op->expected);
    err_hint(&base->error, "look at the newer version, then save again");
    return ERR_CONFLICT;
  }
  struct artifact_write w = {
      .project = op->project, .name = op->name, .kind = op->kind, .content = op->content, .n = op->n};
  err = artifact_write(db, &w);
  op->version = w.number;
  if (err == ERR_LIMIT)
    err_set(&base->error, err, "%s is larger than %d MB", op->name, MAX_ARTIFACT_BYTES >> 20);
  return err;
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_artifact_edit_kind = {"artifact_edit", apply_edit, NULL, NULL,
                                                    free_plain,      false};

/* --- reading --- */

enum err artifacts_each(struct db *db, int64_t project, const char *prefix,
                        void (*fn)(void *, const struct artifact_row *), void *arg) {
  struct db_stmt *s = db_prepare(
      db, ROW_COLUMNS "ON v.id = a.head JOIN blobs b ON b.id = v.blob_id WHERE a.project_id = $project"
                      " AND substr(a.name, 1, length($prefix)) = $prefix ORDER BY a.name");
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$prefix", prefix ? prefix : "");
  return each(db, s, fn, arg);
}

enum err artifact_history(struct db *db, int64_t project, const char *name,
                          void (*fn)(void *, const struct artifact_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, ROW_COLUMNS "ON v.artifact_id = a.id JOIN blobs b ON b.id = v.blob_id"
                                 " WHERE a.project_id = $project AND a.name = $name ORDER BY v.number");
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$name", name);
  return each(db, s, fn, arg);
}

/* The version and its blob: number 0 is the head. */
#define WANTED                                                                                               \
  " ON v.artifact_id = a.id JOIN blobs b ON b.id = v.blob_id WHERE a.project_id = $project"                  \
  " AND a.name = $name AND CASE WHEN $number = 0 THEN v.id = a.head ELSE v.number = $number END"
#define VERSION_OF " FROM artifacts a JOIN artifact_versions v" WANTED

static void bind_version(struct db_stmt *s, int64_t project, const char *name, int64_t number) {
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$name", name);
  db_bind_int(s, "$number", number);
}

enum err artifact_version(struct db *db, int64_t project, const char *name, int64_t number,
                          void (*fn)(void *, const struct artifact_row *), void *arg) {
  struct db_stmt *s = db_prepare(db, ROW_COLUMNS WANTED);
  bind_version(s, project, name, number);
  return each(db, s, fn, arg);
}

enum err artifact_proposals_each(struct db *db, int64_t project,
                                 void (*fn)(void *, const struct artifact_row *), void *arg) {
  struct db_stmt *s = db_prepare(
      db, ROW_COLUMNS
      "ON v.artifact_id = a.id JOIN artifact_versions h ON h.id = a.head JOIN blobs b ON b.id = v.blob_id"
      " WHERE a.project_id = $project AND v.state = 'proposal' AND v.number > h.number"
      " ORDER BY a.name, v.number");
  db_bind_int(s, "$project", project);
  return each(db, s, fn, arg);
}

enum err artifact_outdated(struct db *db, int64_t project, const char *name, const char *maker,
                           int64_t *newest) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT MAX(s.head) FROM artifacts s WHERE s.project_id = $project"
      " AND " BOOK_SOURCE(
          "s") " AND s.head > (SELECT f.head FROM artifacts f WHERE f.project_id = $project AND f.name = $name)"
               " AND NOT EXISTS (SELECT 1 FROM runs WHERE project_id = $project AND ended_at IS NULL AND pipeline <> $maker"
               "  AND replay_of IS NULL)");
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$name", name);
  db_bind_text(s, "$maker", maker);
  enum db_step step = db_step(s);
  *newest = step == DB_ROW && !db_is_null(s, 0) ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

/* Column 0 is the content, column 1 the number. */
static enum err take_content(struct db *db, struct db_stmt *s, struct buf *out, int64_t *number) {
  enum db_step step = db_step(s);
  enum err err = step == DB_ROW ? OK : ERR_NOT_FOUND;
  if (step == DB_ROW) {
    size_t n;
    const void *text = db_blob(s, 0, &n);
    err = buf_append(out, text, n);
    if (number) *number = db_int(s, 1);
  }
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

static enum err tell_missing(struct db *db, enum err err, const char *name, int64_t number, struct error *e) {
  if (err == ERR_NOT_FOUND && number)
    err_set(e, err, "%s has no version %lld", name, (long long)number);
  else if (err == ERR_NOT_FOUND)
    err_set(e, err, "the project has no %s", name);
  else if (err != OK)
    db_error(db, e);
  return err;
}

enum err artifact_content(struct db *db, int64_t project, const char *name, int64_t number, struct buf *out,
                          int64_t *version, struct error *e) {
  struct db_stmt *s = db_prepare(db, "SELECT b.data, v.number" VERSION_OF);
  bind_version(s, project, name, number);
  return tell_missing(db, take_content(db, s, out, version), name, number, e);
}

enum err artifact_find(struct db *db, int64_t project, const char *name, int64_t number,
                       struct artifact_place *out, struct error *e) {
  struct db_stmt *s = db_prepare(db, "SELECT b.id, b.size, v.number" VERSION_OF);
  bind_version(s, project, name, number);
  enum db_step step = db_step(s);
  if (step == DB_ROW) *out = (struct artifact_place){db_int(s, 0), db_int(s, 1), db_int(s, 2)};
  enum err err = sql_end(db, s, step);
  if (err == OK && step != DB_ROW) err = ERR_NOT_FOUND;
  return tell_missing(db, err, name, number, e);
}

enum err artifact_parts(struct db *db, const struct artifact_place *place, int64_t at,
                        bool (*take)(void *arg, const char *bytes, size_t n), void *arg, struct error *e) {
  enum err err = db_read_parts(db, "blobs", "data", place->blob, (size_t)at, take, arg);
  if (err == ERR_NOT_FOUND) return err_set(e, err, "the document was deleted while it was read");
  return err == OK ? OK : db_error(db, e);
}

enum err artifact_version_content(struct db *db, int64_t version_id, struct buf *out) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT b.data, v.number FROM artifact_versions v JOIN blobs b ON b.id = v.blob_id WHERE v.id = $id");
  db_bind_int(s, "$id", version_id);
  return take_content(db, s, out, NULL);
}

static enum err newest(struct db *db, struct db_stmt *s, int64_t horizon, int64_t run, int64_t *newer) {
  db_bind_int(s, "$horizon", horizon);
  db_bind_int(s, "$run", run);
  enum db_step step = db_step(s);
  *newer = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err artifact_changed(struct db *db, int64_t version_id, int64_t horizon, int64_t run, int64_t *newer) {
  struct db_stmt *s = db_prepare(
      db, OWN_LINE " SELECT COALESCE(MAX(n.id), 0) FROM artifact_versions v JOIN artifact_versions n"
                   " ON n.artifact_id = v.artifact_id AND n.number > v.number AND n.state = 'version'"
                   " AND n.id <= $horizon AND " NOT_OWN("n") " WHERE v.id = $id");
  db_bind_int(s, "$id", version_id);
  return newest(db, s, horizon, run, newer);
}

enum err artifact_appeared(struct db *db, int64_t project, const char *name, int64_t horizon, int64_t run,
                           int64_t *newer) {
  struct db_stmt *s = db_prepare(
      db, OWN_LINE " SELECT COALESCE(MAX(n.id), 0) FROM artifacts a JOIN artifact_versions n"
                   " ON n.artifact_id = a.id AND n.state = 'version' AND n.id <= $horizon AND " NOT_OWN(
                       "n") " WHERE a.project_id = $project AND a.name = $name");
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$name", name);
  return newest(db, s, horizon, run, newer);
}

enum err artifact_horizon(struct db *db, int64_t *highest_version_id) {
  struct db_stmt *s = db_prepare(db, "SELECT COALESCE(MAX(id), 0) FROM artifact_versions");
  enum db_step step = db_step(s);
  *highest_version_id = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}
