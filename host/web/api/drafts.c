/* drafts.c - forms that a person has begun to fill in: kept in the library, so that another browser goes on with them. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/settings.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

enum { NAME_MOST = 80 };

/* "draft:NAME", the caller's; NULL: it was answered. */
static char *key_of(struct request *q, struct response *a) {
  const char *name = request_param(q, "name");
  char slug[NAME_MOST + 2];
  text_slug(name, strlen(name), slug, sizeof slug);
  if (strcmp(slug, name) == 0) return mem_printf("draft:%s", name);
  response_fail(a, 400, "invalid", "a draft's name is lower case with hyphens, like 'new-book'", "");
  return NULL;
}

static char *value_of(struct web *w, const char *key) {
  char *value = NULL;
  struct db *db = store_reader(w->commands->store);
  (void)setting_get(db, key, &value); /* value NULL: there is none */
  store_reader_release(w->commands->store, db);
  return value;
}

static void tag_of(const char *value, char out[20]) {
  char hash[SHA_HEX];
  sha256_hex(value, strlen(value), hash);
  snprintf(out, 20, "\"%.16s\"", hash);
}

static void tag(struct response *a, const char *value) {
  char text[20];
  tag_of(value, text);
  response_header(a, "ETag", text);
}

void get_draft(struct request *q, struct response *a, void *arg) {
  char *key = key_of(q, a);
  if (!key) return;
  char *value = value_of(arg, key);
  if (value) {
    tag(a, value);
    response_send(a, 200, "application/json", value, strlen(value));
  } else {
    response_send(a, 204, NULL, "",
                  0); /* nothing yet is no error: a browser would log one with each new form */
  }
  free(value);
  free(key);
}

/* Without If-Match the newest wins: a draft is one person's. */
static bool stale(struct request *q, struct response *a, const char *now) {
  const char *match = request_header(q, "If-Match");
  char current[20] = "";
  if (now) tag_of(now, current);
  if (!match || strcmp(match, "*") == 0 || strcmp(match, current) == 0) return false;
  response_json(a, 412,
                json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "code", "stale", "message",
                          "the draft was changed in another window", "hint", "load it again", "current",
                          current));
  return true;
}

static void write_draft(struct web *w, struct request *q, struct response *a, const char *key,
                        const char *value) {
  char *now = value_of(w, key);
  if (!stale(q, a, now)) {
    struct op_setting op = {
        .op.kind = &op_setting_kind, .key = key, .value = value, .expected = now ? now : ""};
    if (store_do(w->commands->store, &op.op) != OK) {
      response_error(a, &op.op.error);
    } else {
      if (value) tag(a, value);
      response_json(a, 200, json_pack("{s:b}", "saved", value != NULL));
    }
  }
  free(now);
}

void put_draft(struct request *q, struct response *a, void *arg) {
  json_t *draft = NULL;
  char *key = key_of(q, a), *text = NULL;
  if (key && request_json(q, a, &draft) == OK) {
    text = jsonx_dumps(draft);
    write_draft(arg, q, a, key, text);
  }
  json_decref(draft);
  free(text);
  free(key);
}

void delete_draft(struct request *q, struct response *a, void *arg) {
  char *key = key_of(q, a);
  if (key) write_draft(arg, q, a, key, NULL);
  free(key);
}
