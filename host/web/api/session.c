/* session.c - signing in and out, the password, tokens for programs. */
#include <string.h>

#include "base/jsonx.h"
#include "base/version.h"
#include "access/access.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

void get_session(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  bool in = access_signed_in(w->access, q);
  json_t *v = json_pack("{s:b, s:b, s:b, s:s}", "needs_password", access_needs_password(w->access),
                        "signed_in", in, "read_only", 0, "version", QUIRE_VERSION);
  if (in) json_object_set_new(v, "library", json_string(store_dir(w->commands->store)));
  response_json(a, 200, v);
}

void sign_in(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL;
  if (request_json(q, a, &request) != OK) return;
  const char *password = jsonx_str(request, "password", NULL);
  if (!access_needs_password(w->access))
    response_fail(a, 409, "conflict", "this library has no password",
                  "everybody on this machine is signed in");
  else if (!password || !*password)
    response_fail(a, 400, "invalid", "'password' must be text", "");
  else
    access_sign_in(w->access, q, a, password);
  json_decref(request);
}

void sign_out(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  access_sign_out(w->access, q, a);
}

void put_password(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = OK;
  if (access_is_far(w->access) && json_is_null(json_object_get(request, "password"))) {
    err = err_set(&e, ERR_CONFLICT, "other machines can reach this library, so it keeps its password");
    err_hint(&e, "set another one; or start the host on 127.0.0.1 without public_url, then remove it");
  }
  if (err == OK) err = command_password(w->commands, request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}

/* ---- tokens */

void list_tokens(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  (void)q;
  enum err err = command_tokens(w->commands, &out, &e);
  api_answer(a, err, out, 200, &e);
}

void new_token(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_token_new(w->commands, request, &out, &e);
  api_answer(a, err, out, 201, &e);
  json_decref(request);
}

void revoke_token(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  enum err err = command_token_revoke(w->commands, request_param(q, "name"), &out, &e);
  api_answer(a, err, out, 200, &e);
}
