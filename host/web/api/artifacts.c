/* artifacts.c - reading documents: a version, the versions, the difference between two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "document/markdown.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/artifacts.h"
#include "store/projects.h"
#include "view/diff.h"
#include "view/project.h"
#include "view/words.h"
#include "web/api/api.h"
#include "web/api/handlers.h"
#include "web/pieces.h"

enum { PAGE_MOST_BYTES = 4 << 20 /* of a text that is shown as a page */ };

struct wanted {
  int64_t head;
  struct artifact_place place;
  json_t *json;
};

static void take_version(void *arg, const struct artifact_row *r) {
  ((struct wanted *)arg)->json = view_artifact(r);
}

static void take_head(void *arg, const struct artifact_row *r) {
  ((struct wanted *)arg)->head = r->number;
}

static enum err no_document(const char *slug, const char *name, int64_t number, struct error *e) {
  if (number) return err_set(e, ERR_NOT_FOUND, "'%.200s' has no version %lld", name, (long long)number);
  err_set(e, ERR_NOT_FOUND, "the project %.100s has no document '%.200s'", slug, name);
  return ERR_NOT_FOUND;
}

/* Version `number`, 0: the newest that is no proposal. `content`: NULL to leave it where it lies. */
static enum err read_document(struct web *w, const char *slug, const char *name, int64_t number,
                              struct wanted *out, struct buf *content, struct error *e) {
  int64_t project = 0, version = 0;
  *out = (struct wanted){0};
  struct db *db = store_reader(w->commands->store);
  enum err err = project_find_id(db, slug, &project, e);
  if (err == OK && ((err = artifact_version(db, project, name, number, take_version, out)) != OK ||
                    (err = artifact_version(db, project, name, 0, take_head, out)) != OK))
    db_error(db, e);
  if (err == OK && !out->json) err = no_document(slug, name, number, e);
  if (err == OK) version = jsonx_int(out->json, "version", 0);
  if (err == OK) err = artifact_find(db, project, name, version, &out->place, e);
  if (err == OK && content) err = artifact_content(db, project, name, version, content, NULL, e);
  store_reader_release(w->commands->store, db);
  if (err != OK) {
    json_decref(out->json);
    out->json = NULL;
  }
  return err;
}

/* The tag is of the head: what an edit is made on. */
static void tag(struct response *a, int64_t version) {
  char text[40];
  snprintf(text, sizeof text, "\"v%lld\"", (long long)version);
  response_header(a, "ETag", text);
}

/* Markdown as HTML that may stand in a page; null where it is too large or too deep for that. */
static json_t *rendered(const struct buf *content) {
  struct buf html;
  buf_init(&html, MARKDOWN_MOST_BYTES);
  json_t *v = NULL;
  if (markdown_html(content->data, content->len, &html, NULL) == OK) v = json_stringn(html.data, html.len);
  buf_release(&html);
  return v ? v : json_null();
}

/* The content as text, and as a page where that is asked for. */
static enum err add_content(struct web *w, struct wanted *doc, bool html, struct error *e) {
  struct buf content;
  buf_init(&content, PAGE_MOST_BYTES);
  struct db *db = store_reader(w->commands->store);
  enum err err = pieces_read_start(db, &doc->place, &content, e);
  store_reader_release(w->commands->store, db);
  if (err == OK) {
    json_t *text = json_stringn(content.data, content.len); /* NULL: not text */
    json_object_set_new(doc->json, "content", text ? text : json_null());
    if (html) json_object_set_new(doc->json, "html", rendered(&content));
  }
  buf_release(&content);
  return err;
}

void get_artifact(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct wanted doc;
  struct error e = {0};
  int64_t number, html;
  if (!api_query_number(q, a, "version", 0, &number) || !api_query_number(q, a, "html", 0, &html)) return;
  enum err err = read_document(w, request_param(q, "slug"), request_param(q, "name"), number, &doc, NULL, &e);
  bool large = err == OK && doc.place.size > (html ? PAGE_MOST_BYTES : PIECES_FROM_BYTES);
  if (err == OK && !large) err = add_content(w, &doc, html != 0, &e);
  if (err == OK) {
    json_object_set_new(doc.json, "head", json_integer(doc.head));
    tag(a, doc.head);
    if (large && html) json_object_set_new(doc.json, "html", json_null());
  } else {
    json_decref(doc.json);
  }
  if (large)
    pieces_send_json(a, w->commands->store, &doc.place, doc.json);
  else
    api_answer(a, err, doc.json, 200, &e);
}

/* ---- versions */

static void add_version(void *arg, const struct artifact_row *r) {
  json_array_append_new(arg, view_artifact(r));
}

void list_versions(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *list = json_array();
  const char *slug = request_param(q, "slug"), *name = request_param(q, "name");
  int64_t project = 0;
  struct db *db = store_reader(w->commands->store);
  enum err err = project_find_id(db, slug, &project, &e);
  if (err == OK && (err = artifact_history(db, project, name, add_version, list)) != OK) db_error(db, &e);
  if (err == OK && json_array_size(list) == 0) err = no_document(slug, name, 0, &e);
  store_reader_release(w->commands->store, db);
  if (err != OK) json_decref(list);
  api_answer(a, err, list, 200, &e);
}

/* ---- differences */

/* From the newest and the one before, where the request names none. */
static enum err read_pair(struct web *w, struct request *q, int64_t from, int64_t to, struct buf *old,
                          struct buf *new, struct error *e) {
  const char *slug = request_param(q, "slug"), *name = request_param(q, "name");
  struct wanted doc;
  enum err err = read_document(w, slug, name, to, &doc, new, e);
  int64_t newest = err == OK ? jsonx_int(doc.json, "version", 0) : 0;
  if (err == OK) json_decref(doc.json);
  if (err == OK && !from && newest < 2)
    err = err_set(e, ERR_INVALID, "'%.200s' has only one version: there is nothing to compare", name);
  if (err != OK) return err;
  err = read_document(w, slug, name, from ? from : newest - 1, &doc, old, e);
  if (err == OK) json_decref(doc.json);
  if (err == OK && (!utf8_valid(old->data, old->len, NULL) || !utf8_valid(new->data, new->len, NULL)))
    err = err_set(e, ERR_INVALID, "'%.200s' is not text: it cannot be compared word by word", name);
  return err;
}

void get_diff(struct request *q, struct response *a, void *arg) {
  struct error e = {0};
  struct buf old, new;
  int64_t from, to;
  if (!api_query_number(q, a, "from", 0, &from) || !api_query_number(q, a, "to", 0, &to)) return;
  buf_init(&old, MAX_ARTIFACT_BYTES);
  buf_init(&new, MAX_ARTIFACT_BYTES);
  enum err err = read_pair(arg, q, from, to, &old, &new, &e);
  static const char *const signs[] = {"=", "-", "+"};
  json_t *parts = err == OK ? diff_words_json(old.data, new.data, signs) : NULL;
  buf_release(&old);
  buf_release(&new);
  api_answer(a, err, parts, 200, &e);
}
