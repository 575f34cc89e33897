/* edits.c - a person's edits of documents: save, go back to an older version, take a run's proposal. Threads: the server's.
 *
 * Each says on which version it was made (If-Match: "vN", the tag that GET gives; or "expected": N in the body of PUT). When another one is
 * the newest, nothing is written: 412 with that version. Who says none can write only a name that nobody has; "expected": -1 is whatever is
 * there. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "acts/commands.h"
#include "store/projects.h"
#include "view/project.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

/* The N of If-Match: "vN"; 0: no header, "there is none yet"; -1: it is no tag of ours. */
static int64_t expected_version(const struct request *q) {
  const char *tag = request_header(q, "If-Match");
  char *end;
  if (!tag) return 0;
  if (strncmp(tag, "\"v", 2) != 0) return -1;
  long long n = strtoll(tag + 2, &end, 10);
  return n > 0 && strcmp(end, "\"") == 0 ? n : -1;
}

static bool take_expected(struct request *q, struct response *a, int64_t *expected) {
  *expected = expected_version(q);
  if (*expected >= 0) return true;
  response_fail(a, 400, "invalid", "If-Match is not the tag of a document",
                "send the ETag that the document came with");
  return false;
}

/* ---- what is there instead */

static void take_head(void *arg, const struct artifact_row *r) {
  json_t **head = arg;
  *head = view_artifact(r);
}

static json_t *current_version(struct web *w, const char *slug, const char *name) {
  json_t *head = NULL;
  int64_t project;
  struct db *db = store_reader(w->commands->store);
  if (project_find_id(db, slug, &project, NULL) == OK)
    (void)artifact_version(db, project, name, 0, take_head, &head); /* then the refusal comes without it */
  store_reader_release(w->commands->store, db);
  return head;
}

static void answer_edit(struct web *w, struct request *q, struct response *a, int64_t expected, enum err err,
                        json_t *out, const struct error *e) {
  char tag[40];
  if (err == OK) {
    snprintf(tag, sizeof tag, "\"v%lld\"", (long long)jsonx_int(out, "version", 0));
    response_header(a, "ETag", tag);
    response_json(a, 200, out);
    return;
  }
  json_t *now =
      err == ERR_CONFLICT ? current_version(w, request_param(q, "slug"), request_param(q, "name")) : NULL;
  if (!now) {
    response_error(a, e);
    return;
  }
  const char *hint = expected ? e->hint : "send the document's ETag as If-Match";
  json_t *more = json_pack("{s:s, s:s, s:s, s:o}", "code", err_name(err), "message", e->message, "hint", hint,
                           "current", now);
  response_json(a, expected ? 412 : 428, json_pack("{s:o}", "error", more));
}

/* ---- the three */

void put_artifact(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  int64_t expected;
  if (!take_expected(q, a, &expected) || request_json(q, a, &request) != OK) return;
  enum err err = json_is_object(request) ? OK : err_set(&e, ERR_INVALID, "the body is an object");
  if (err == OK) {
    json_object_set_new(request, "name", json_string(request_param(q, "name")));
    if (!expected) expected = jsonx_int(request, "expected", 0);
    json_object_set_new(request, "expected", json_integer(expected));
    err = command_artifact(w->commands, request_param(q, "slug"), request, &out, &e);
  }
  answer_edit(w, q, a, expected, err, out, &e);
  json_decref(request);
}

static void go_back(struct request *q, struct response *a, struct web *w, bool proposal) {
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  int64_t expected;
  if (!take_expected(q, a, &expected) || request_json(q, a, &request) != OK) return;
  int64_t version = jsonx_int(request, "version", 0);
  json_decref(request);
  enum err err = version > 0 ? OK : err_set(&e, ERR_INVALID, "say which version (\"version\": a number)");
  if (err == OK)
    err = command_artifact_restore(w->commands, request_param(q, "slug"), request_param(q, "name"), version,
                                   expected, proposal, &out, &e);
  answer_edit(w, q, a, expected, err, out, &e);
}

void restore_artifact(struct request *q, struct response *a, void *arg) {
  go_back(q, a, arg, false);
}

void accept_proposal(struct request *q, struct response *a, void *arg) {
  go_back(q, a, arg, true);
}
