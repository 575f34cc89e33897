/* finding.c - what checks and judges found in a book (findings/NN.json), and what a person thinks of it: dismissed.json, a document of his.
 *
 * A finding is stale when a document that it read has another text than then. A dismissal is an edit of dismissed.json by a person, and taking it
 * back another one, so both have their versions; the next check reports no more what stands there, and judges are told. Threads: those of
 * commands.h. */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/jsonx.h"
#include "book/book.h"
#include "engine/engine.h"
#include "store/artifacts.h"
#include "store/projects.h"

static const char dismissed_name[] = "dismissed.json";
enum { TRIES = 5, REASON_MOST = 2000 };

/* ---- reading */

struct telling {
  struct db *db;
  int64_t project;
  json_t *heads;     /* {"chapters/03.md": {"version","sha"}} */
  json_t *dismissed; /* [{"key","reason",..}] */
  json_t *out;
};

static void take_head(void *arg, const struct artifact_row *row) {
  json_object_set_new(arg, row->name,
                      json_pack("{s:I, s:s}", "version", (json_int_t)row->number, "sha", row->sha));
}

static void take_sha(void *arg, const struct artifact_row *row) {
  json_object_set_new(arg, "sha", json_string(row->sha));
}

/* Has the document another text than its version `then` (0: there was none)? */
static bool has_changed(struct telling *t, const char *name, int64_t then) {
  const json_t *head = json_object_get(t->heads, name);
  int64_t now = jsonx_int(head, "version", 0);
  if (now == then) return false;
  if (!now || !then) return true;
  json_t *old = json_object();
  bool found = artifact_version(t->db, t->project, name, then, take_sha, old) == OK;
  bool same = found && strcmp(jsonx_str(old, "sha", ""), jsonx_str(head, "sha", "-")) == 0;
  json_decref(old);
  return !same;
}

static bool is_stale(struct telling *t, const json_t *finding, const json_t *versions) {
  const json_t *name;
  size_t i;
  json_array_foreach(json_object_get(finding, "reads"), i, name) {
    const char *document = json_string_value(name);
    if (document && has_changed(t, document, jsonx_int(versions, document, 0))) return true;
  }
  return false;
}

static const json_t *dismissal(const json_t *list, const char *key) {
  const json_t *entry;
  size_t i;
  json_array_foreach(list, i, entry) {
    if (strcmp(jsonx_str(entry, "key", ""), key) == 0) return entry;
  }
  return NULL;
}

/* The fields that doors show, and what is to be known of it today. */
static json_t *tell_one(const json_t *finding, bool stale, const json_t *dismissed) {
  static const char *const fields[] = {"key",   "check",   "title",   "chapter",   "scene",
                                       "quote", "problem", "certain", "confirmed", "judged"};
  json_t *v = json_object(), *value;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if ((value = json_object_get(finding, fields[i]))) json_object_set(v, fields[i], value);
  json_object_set_new(v, "stale", json_boolean(stale));
  json_object_set_new(v, "dismissed",
                      dismissed ? json_string(jsonx_str(dismissed, "reason", "")) : json_null());
  return v;
}

static bool is_told(const json_t *out, const char *key) {
  return dismissal(out, key) != NULL;
}

static void tell_document(struct telling *t, const char *name) {
  json_t *document = book_document(t->db, t->project, name);
  const json_t *finding, *versions = json_object_get(document, "versions");
  size_t i;
  json_array_foreach(json_object_get(document, "findings"), i, finding) {
    const char *key = jsonx_str(finding, "key", "");
    if (!*key || is_told(t->out, key)) continue;
    json_array_append_new(t->out,
                          tell_one(finding, is_stale(t, finding, versions), dismissal(t->dismissed, key)));
  }
  json_decref(document);
}

/* What was dismissed is found no more; it can be taken back all the same. */
static void tell_dismissed(struct telling *t) {
  const json_t *entry;
  size_t i;
  json_array_foreach(t->dismissed, i, entry) {
    const char *key = jsonx_str(entry, "key", "");
    if (*key && !is_told(t->out, key)) json_array_append_new(t->out, tell_one(entry, false, entry));
  }
}

enum err findings_of(struct db *db, int64_t project, json_t **out, struct error *e) {
  struct telling t = {.db = db, .project = project, .heads = json_object(), .out = json_array()};
  json_t *kept = book_document(db, project, dismissed_name);
  t.dismissed = json_object_get(kept, "dismissed");
  enum err err = artifacts_each(db, project, "", take_head, t.heads);
  const char *name;
  json_t *head;
  json_object_foreach(t.heads, name,
                      head) if (err == OK && strncmp(name, BOOK_FINDINGS, strlen(BOOK_FINDINGS)) == 0)
      tell_document(&t, name);
  tell_dismissed(&t);
  json_decref(t.heads);
  json_decref(kept);
  if (err == OK) {
    *out = t.out;
    return OK;
  }
  json_decref(t.out);
  return db_error(db, e);
}

/* ---- dismissing, and taking it back */

static json_t *without(const json_t *list, const char *key) {
  json_t *kept = json_array(), *entry;
  size_t i;
  json_array_foreach(list, i, entry) {
    if (strcmp(jsonx_str(entry, "key", ""), key) != 0) json_array_append(kept, entry);
  }
  return kept;
}

/* The list as it shall be, from the one that is there. */
static enum err changed_list(struct db *db, int64_t project, const json_t *old, const json_t *request,
                             json_t **list, struct error *e) {
  const char *key = jsonx_str(request, "key", "");
  bool restore = json_is_true(json_object_get(request, "restore"));
  if (restore && !dismissal(old, key))
    return err_set(e, ERR_NOT_FOUND, "the finding '%.200s' is not dismissed", key);
  json_t *all = NULL;
  if (!restore) {
    enum err err = findings_of(db, project, &all, e);
    if (err != OK) return err;
  }
  const json_t *finding = dismissal(all, key);
  if (!restore && !finding) {
    json_decref(all);
    err_set(e, ERR_NOT_FOUND, "there is no finding '%.200s'", key);
    err_hint(e, "`quire finding list BOOK` shows the keys");
    return ERR_NOT_FOUND;
  }
  *list = without(old, key);
  if (!restore) {
    json_t *entry = json_deep_copy(finding);
    json_object_del(entry, "stale");
    json_object_del(entry, "dismissed");
    json_object_set_new(entry, "reason", json_string(jsonx_str(request, "reason", "")));
    json_array_append_new(*list, entry);
  }
  json_decref(all);
  return OK;
}

static void take_number(void *arg, const struct artifact_row *row) {
  *(int64_t *)arg = row->number;
}

/* The new text of dismissed.json, and the version that it is made on. */
static enum err prepare(struct commands *c, const char *slug, const json_t *request, int64_t *project,
                        int64_t *expected, char **text, struct error *e) {
  struct db *db = store_reader(c->store);
  json_t *kept = NULL, *list = NULL;
  *expected = 0;
  enum err err = project_find_id(db, slug, project, e);
  if (err == OK && artifact_version(db, *project, dismissed_name, 0, take_number, expected) != OK)
    err = db_error(db, e);
  if (err == OK) {
    kept = book_document(db, *project, dismissed_name);
    err = changed_list(db, *project, json_object_get(kept, "dismissed"), request, &list, e);
  }
  store_reader_release(c->store, db);
  if (err == OK) {
    json_t *document = json_pack("{s:o}", "dismissed", list);
    *text = json_dumps(document, JSON_INDENT(2));
    json_decref(document);
  }
  json_decref(kept);
  return err == OK && !*text ? ERR_INVALID : err;
}

static enum err save(struct commands *c, int64_t project, int64_t expected, const char *text,
                     struct error *e) {
  struct op_artifact_edit op = {.op.kind = &op_artifact_edit_kind,
                                .project = project,
                                .name = dismissed_name,
                                .kind = "json",
                                .content = text,
                                .n = strlen(text),
                                .expected = expected};
  enum err err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  return err;
}

enum err command_finding(struct commands *c, const char *slug, const json_t *request, json_t **out,
                         struct error *e) {
  static const char *const known[] = {"key", "reason", "restore", NULL};
  enum err err = check_only_fields(request, known, e);
  const char *key = jsonx_str(request, "key", ""), *reason = jsonx_str(request, "reason", "");
  if (err == OK && !*key) err = err_set(e, ERR_INVALID, "say which finding: its key");
  if (err == OK && strlen(reason) > REASON_MOST)
    err = err_set(e, ERR_LIMIT, "the reason is longer than %d bytes", REASON_MOST);
  if (err != OK) return err;
  for (int i = 0; i < TRIES; i++) {
    int64_t project, expected;
    char *text = NULL;
    err = prepare(c, slug, request, &project, &expected, &text, e);
    if (err == OK) err = save(c, project, expected, text, e);
    free(text);
    if (err != ERR_CONFLICT) break; /* somebody else dismissed one at the same moment */
  }
  if (err == OK)
    *out =
        json_pack("{s:s, s:b}", "key", key, "dismissed", !json_is_true(json_object_get(request, "restore")));
  return err;
}
