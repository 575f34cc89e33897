/* artifact.c - a person's edit of a document; and the way back: an older version, or a run's proposal, becomes the newest version. Nothing is
 * written over: the text that was there stays a version. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "acts/commands.h"
#include "acts/internal.h"
#include "engine/engine.h"
#include "store/artifacts.h"
#include "store/projects.h"

struct wanted {
  int64_t number;
  char *kind; /* NULL: there is no such version */
  bool proposal;
};

static void take_version(void *arg, const struct artifact_row *r) {
  struct wanted *w = arg;
  if (r->number != w->number) return;
  w->kind = mem_dup(r->kind);
  w->proposal = strcmp(r->state, "proposal") == 0;
}

static enum err read_wanted(struct db *db, int64_t project, const char *name, struct wanted *w,
                            struct buf *content, struct error *e) {
  int64_t version;
  if (artifact_history(db, project, name, take_version, w) != OK) return db_error(db, e);
  if (w->kind) return artifact_content(db, project, name, w->number, content, &version, e);
  return err_set(e, ERR_NOT_FOUND, "'%.200s' has no version %lld", name, (long long)w->number);
}

enum err command_artifact_restore(struct commands *c, const char *project, const char *name, int64_t version,
                                  int64_t expected, bool proposal, json_t **out, struct error *e) {
  struct wanted w = {.number = version};
  struct buf content;
  int64_t id = 0;
  buf_init(&content, MAX_ARTIFACT_BYTES);
  struct db *db = store_reader(c->store);
  enum err err = project_find_id(db, project, &id, e);
  if (err == OK) err = read_wanted(db, id, name, &w, &content, e);
  store_reader_release(c->store, db);
  if (err == OK && proposal && !w.proposal)
    err = err_set(e, ERR_INVALID, "version %lld of '%.200s' is not a proposal", (long long)version, name);
  if (err == OK) {
    struct op_artifact_edit op = {.op.kind = &op_artifact_edit_kind,
                                  .project = id,
                                  .name = name,
                                  .kind = w.kind,
                                  .content = content.data,
                                  .n = content.len,
                                  .expected = expected};
    err = store_do(c->store, &op.op);
    if (err != OK) *e = op.op.error;
    if (err == OK) *out = json_pack("{s:s, s:I}", "name", name, "version", (json_int_t)op.version);
  }
  free(w.kind);
  buf_release(&content);
  return err;
}

enum err command_artifact(struct commands *c, const char *project, const json_t *request, json_t **out,
                          struct error *e) {
  static const char *const known[] = {"name", "kind", "content", "expected", NULL};
  int64_t id = 0;
  enum err err = check_only_fields(request, known, e);
  struct db *db = store_reader(c->store);
  if (err == OK) err = project_find_id(db, project, &id, e);
  store_reader_release(c->store, db);
  if (err != OK) return err;
  const char *name = jsonx_str(request, "name", NULL);
  const json_t *content = json_object_get(request, "content");
  if (artifact_name_check(name, e) != OK) return ERR_INVALID;
  if (!json_is_string(content)) return err_set(e, ERR_INVALID, "the edit of '%s' has no content", name);
  const char *kind = jsonx_str(request, "kind", artifact_kind_of(name));
  if (strcmp(kind, "json") == 0) {
    json_t *v = NULL;
    err = jsonx_parse(json_string_value(content), json_string_length(content), name, &v, e);
    json_decref(v);
    if (err != OK) return err;
  }
  struct op_artifact_edit op = {.op.kind = &op_artifact_edit_kind,
                                .project = id,
                                .name = name,
                                .kind = kind,
                                .content = json_string_value(content),
                                .n = json_string_length(content),
                                .expected = jsonx_int(request, "expected", -1)};
  err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  if (err == OK) *out = json_pack("{s:s, s:I}", "name", name, "version", (json_int_t)op.version);
  return err;
}
