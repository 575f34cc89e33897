/* scripts.c - the scripts of the search path: list, read, check, save into the library, take back, try. Threads: the server's.
 *
 * The tag of a script is the hash of the text in force. Saving and taking back need it (If-Match), so that nobody writes over what somebody
 * else saved; a name that nobody has needs none. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "acts/commands.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

/* ---- reading */

static void answer_script(struct response *a, enum err err, json_t *out, const struct error *e) {
  const char *sha = jsonx_str(out, "sha", NULL);
  char *tag = sha ? mem_printf("\"%s\"", sha) : NULL;
  if (tag) response_header(a, "ETag", tag);
  free(tag);
  api_answer(a, err, out, 200, e);
}

void list_scripts(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_scripts(w->commands, &out, &e);
  api_answer(a, err, out, 200, &e);
}

void get_script(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  enum err err = command_script(w->commands, request_param(q, "name"), &out, &e);
  answer_script(a, err, out, &e);
}

/* ---- saving */

/* The hash between the quotes of If-Match; "" without the header. */
static char *expected_sha(const struct request *q) {
  const char *tag = request_header(q, "If-Match");
  if (!tag) return mem_dup("");
  tag += strncmp(tag, "W/", 2) == 0 ? 2 : 0;
  tag += *tag == '"';
  return mem_dup_n(tag, strcspn(tag, "\""));
}

/* The text in force, for who has to put his change into it. */
static json_t *script_now(struct web *w, const char *name) {
  json_t *out = NULL;
  (void)command_script(w->commands, name, &out, NULL); /* then the refusal comes without it */
  return out;
}

static void refuse_change(struct web *w, struct response *a, const char *name, enum err err, bool blind,
                          json_t *errors, const struct error *e) {
  json_t *more = json_pack("{s:s, s:s, s:s}", "code", err_name(err), "message", e->message, "hint", e->hint);
  json_t *now = err == ERR_CONFLICT ? script_now(w, name) : NULL;
  int status = err == ERR_SCRIPT ? 422 : err == ERR_CONFLICT ? (blind ? 428 : 412) : response_status_of(err);
  if (now) json_object_set_new(more, "current", now);
  if (errors) json_object_set(more, "errors", json_object_get(errors, "errors"));
  response_json(a, status, json_pack("{s:o}", "error", more));
  json_decref(errors);
}

void put_script(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  const char *name = request_param(q, "name");
  if (request_json(q, a, &request) != OK) return;
  char *expected = expected_sha(q);
  enum err err = command_script_save(w->commands, name, expected, request, &out, &e);
  if (err == OK)
    answer_script(a, err, out, &e);
  else
    refuse_change(w, a, name, err, !expected[0], out, &e);
  free(expected);
  json_decref(request);
}

void delete_script(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *out = NULL;
  const char *name = request_param(q, "name");
  char *expected = expected_sha(q);
  enum err err = command_script_revert(w->commands, name, expected, &out, &e);
  if (err == ERR_CONFLICT)
    refuse_change(w, a, name, err, !expected[0], NULL, &e);
  else
    answer_script(a, err, out, &e);
  free(expected);
}

/* ---- trying */

void check_script(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_script_check(w->commands, jsonx_str(request, "name", ""), request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}

void dry_run(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct error e = {0};
  json_t *request = NULL, *out = NULL;
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_dry_run(w->commands, request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}
