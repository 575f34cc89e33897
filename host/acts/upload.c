/* upload.c - what a person brings along: a brief or an outline (its text comes back, for the form), a cover (stored as a document).
 * What it is is seen from its bytes, not from its name. Threads: those of commands.h. */
#include <string.h>

#include "base/base64.h"
#include "base/jsonx.h"
#include "document/picture.h"
#include "base/text.h"
#include "acts/commands.h"
#include "engine/engine.h"
#include "store/artifacts.h"
#include "store/projects.h"

static enum err take_cover(struct commands *c, const char *project, const struct buf *b, json_t **out,
                           struct error *e) {
  const char *kind = picture_kind(b->data, b->len);
  int64_t id = 0;
  if (!project) return err_set(e, ERR_INVALID, "a cover needs the project that it is for");
  if (!kind) return err_set(e, ERR_INVALID, "a cover is a PNG or JPEG picture; this is neither");
  const char *fault = picture_fault(b->data, b->len);
  if (fault) {
    err_set(e, ERR_INVALID, "this begins as a %s picture and is none: %s", kind, fault);
    err_hint(e, "open it in a picture program and save it again");
    return ERR_INVALID;
  }
  if (b->len > MAX_COVER_BYTES)
    return err_set(e, ERR_LIMIT, "a cover has at most %d MB", MAX_COVER_BYTES >> 20);
  struct db *db = store_reader(c->store);
  enum err err = project_find_id(db, project, &id, e);
  store_reader_release(c->store, db);
  struct op_artifact_edit op = {.op.kind = &op_artifact_edit_kind,
                                .project = id,
                                .name = "cover",
                                .kind = kind,
                                .content = b->data,
                                .n = b->len,
                                .expected = -1};
  if (err == OK && (err = store_do(c->store, &op.op)) != OK) *e = op.op.error;
  if (err == OK)
    *out = json_pack("{s:s, s:s, s:I}", "kind", "cover", "name", op.name, "version", (json_int_t)op.version);
  return err;
}

static enum err take_words(const char *kind, struct buf *b, json_t **out, struct error *e) {
  buf_drop_mark(b);
  if (b->len > MAX_INPUT_BYTES)
    return err_set(e, ERR_LIMIT, "the text has more than %d MB", MAX_INPUT_BYTES >> 20);
  if (memchr(b->data, 0, b->len) || !utf8_valid(b->data, b->len, NULL)) {
    err_set(e, ERR_INVALID, "the %s is not UTF-8 text", kind);
    err_hint(e, "save it as plain text or Markdown");
    return ERR_INVALID;
  }
  *out = json_pack("{s:s, s:o}", "kind", kind, "text", json_stringn(b->data, b->len));
  return OK;
}

enum err command_upload(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  const char *kind = jsonx_str(request, "kind", "");
  const json_t *content = json_object_get(request, "content");
  bool cover = strcmp(kind, "cover") == 0;
  struct buf b;
  enum err err = OK;
  if (!cover && strcmp(kind, "brief") != 0 && strcmp(kind, "outline") != 0)
    err = err_set(e, ERR_INVALID, "'kind' must be brief, outline or cover");
  else if (!json_is_string(content))
    err = err_set(e, ERR_INVALID, "'content' must be base64");
  if (err != OK) return err;
  buf_init(&b, MAX_HTTP_BODY_BYTES);
  err = base64_decode(json_string_value(content), json_string_length(content), &b);
  if (err != OK)
    err = err_set(e, err, "'content' is not base64");
  else if (cover)
    err = take_cover(c, jsonx_str(request, "project", NULL), &b, out, e);
  else
    err = take_words(kind, &b, out, e);
  buf_release(&b);
  return err;
}
