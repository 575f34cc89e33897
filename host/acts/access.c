/* access.c - who may use a library over HTTP, asked of the owner: its password, tokens for programs. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "acts/commands.h"
#include "engine/engine.h"
#include "store/settings.h"

enum { PASSWORD_LEAST = 8, PASSWORD_MOST = 500, NAME_MOST = 60 };

static enum err set(struct commands *c, const char *key, const char *value, bool *existed, struct error *e) {
  struct op_setting op = {.op.kind = &op_setting_kind, .key = key, .value = value};
  enum err err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  if (existed) *existed = op.existed;
  return err;
}

enum err command_password(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  const json_t *given = json_object_get(request, "password");
  char hash[SECRET_HASH];
  if (!json_is_null(given) && !json_is_string(given))
    return err_set(e, ERR_INVALID, "'password' must be text, or null to remove it");
  size_t n = json_string_length(given);
  if (json_is_string(given) &&
      (n < PASSWORD_LEAST || n > PASSWORD_MOST || strlen(json_string_value(given)) != n))
    return err_set(e, ERR_INVALID, "a password has %d to %d bytes", PASSWORD_LEAST, PASSWORD_MOST);
  enum err err = json_is_string(given) ? secret_hash(json_string_value(given), hash, e) : OK;
  if (err == OK) err = set(c, "password", json_is_string(given) ? hash : NULL, NULL, e);
  struct op_session all = {.op.kind = &op_session_kind, .what = SESSION_END_ALL};
  if (err == OK && (err = store_do(c->store, &all.op)) != OK && e) *e = all.op.error;
  if (err == OK) *out = json_pack("{s:b}", "password", json_is_string(given));
  return err;
}

/* ---- tokens: the row "token:NAME" holds "SHA SCOPE,SCOPE MILLISECONDS" */

static enum err take_scopes(const json_t *list, char *out, size_t most, struct error *e) {
  static const char *const known[] = {"read", "write", "metrics", NULL};
  size_t used = 0, i;
  json_t *item;
  *out = '\0';
  json_array_foreach((json_t *)(uintptr_t)list, i, item) {
    const char *scope = json_string_value(item);
    bool ok = false;
    for (size_t k = 0; scope && known[k]; k++) ok = ok || strcmp(known[k], scope) == 0;
    if (!ok) return err_set(e, ERR_INVALID, "a token's scopes are read, write and metrics");
    if (!strstr(out, scope))
      used += (size_t)snprintf(out + used, most - used, "%s%s", used ? "," : "", scope);
  }
  return *out ? OK : err_set(e, ERR_INVALID, "a token needs scopes: read, write or metrics");
}

static enum err check_name(const char *name, struct error *e) {
  char slug[NAME_MOST + 2];
  if (name) text_slug(name, strlen(name), slug, sizeof slug);
  if (name && strcmp(slug, name) == 0) return OK;
  return err_set(e, ERR_INVALID, "a token's name is lower case with hyphens, like 'backup-script'");
}

enum err command_token_new(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  const char *name = jsonx_str(request, "name", NULL);
  char scopes[40], token[SECRET_TOKEN], sha[SHA_HEX];
  enum err err = check_name(name, e);
  if (err == OK) err = take_scopes(json_object_get(request, "scopes"), scopes, sizeof scopes, e);
  if (err != OK) return err;
  secret_token(token);
  sha256_hex(token, strlen(token), sha);
  char *key = mem_printf("token:%s", name);
  char *value = mem_printf("%s %s %lld", sha, scopes, (long long)clock_wall_ms());
  struct op_setting op = {.op.kind = &op_setting_kind, .key = key, .value = value, .expected = ""};
  err = store_do(c->store, &op.op);
  if (err == ERR_CONFLICT) {
    err = err_set(e, ERR_EXISTS, "there is a token '%s' already", name);
    err_hint(e, "`quire token revoke %s` takes it back", name);
  } else if (err != OK && e) {
    *e = op.op.error;
  }
  if (err == OK) *out = json_pack("{s:s, s:s, s:s}", "name", name, "scopes", scopes, "token", token);
  free(key);
  free(value);
  return err;
}

static void add_token(void *arg, const char *key, const char *value) {
  const char *scopes = strchr(value, ' '), *at = scopes ? strchr(scopes + 1, ' ') : NULL;
  if (!at) return;
  json_array_append_new(arg, json_pack("{s:s, s:s%, s:I}", "name", key + strlen("token:"), "scopes",
                                       scopes + 1, (size_t)(at - scopes - 1), "created_ms",
                                       (json_int_t)strtoll(at, NULL, 10)));
}

enum err command_tokens(struct commands *c, json_t **out, struct error *e) {
  json_t *list = json_array();
  struct db *db = store_reader(c->store);
  enum err err = settings_each(db, "token:", add_token, list);
  if (err != OK) db_error(db, e);
  store_reader_release(c->store, db);
  if (err == OK)
    *out = list;
  else
    json_decref(list);
  return err;
}

enum err command_token_revoke(struct commands *c, const char *name, json_t **out, struct error *e) {
  char *key = mem_printf("token:%s", name);
  bool existed = false;
  enum err err = set(c, key, NULL, &existed, e);
  free(key);
  if (err == OK && !existed) {
    err = err_set(e, ERR_NOT_FOUND, "there is no token '%.100s'", name);
    err_hint(e, "`quire token list` shows them");
  }
  if (err == OK) *out = json_pack("{s:s}", "revoked", name);
  return err;
}
