/* settings.c - what this host was told and how it is, and the few things that can be changed while it runs: keys, a backup. Threads:
 * those of commands.h.
 *
 * A key goes one way: in. It is written to a file that only its owner can read, and from then on everybody is told only that there is one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/version.h"
#include "base/child.h"
#include "acts/commands.h"
#include "engine/engine.h"
#include "engine/internal.h"
#include "engine/watcher.h"
#include "llm/probe.h"
#include "store/upkeep/backup.h"
#include "store/schema.h"

enum { KEY_MOST = 4000, MODEL_MOST = 200, TEST_S = 120 };

/* ---- providers and roles */

static const struct llm_provider *provider_named(const struct commands *c, const char *name) {
  for (size_t i = 0; c->models && i < c->models->n_providers; i++)
    if (strcmp(c->models->providers[i].name, name) == 0) return &c->models->providers[i];
  return NULL;
}

/* Where a call would find it; NULL: nowhere. */
static const char *key_from(const struct llm_provider *p) {
  if (p->key_command) return "command";
  const char *value = p->key_env ? getenv(p->key_env) : NULL;
  if (value && *value) return "environment";
  return p->key_file && access(p->key_file, R_OK) == 0 ? "file" : NULL;
}

static const char *key_state(const struct llm_provider *p) {
  if (!p->key_env && !p->key_file && !p->key_command) return "none";
  return key_from(p) ? "set" : "missing";
}

static void add_model(json_t *list, const char *provider, const char *model) {
  size_t n = strlen(provider), i;
  json_t *known;
  if (strncmp(model, provider, n) != 0 || model[n] != '/') return;
  json_array_foreach(list, i, known) {
    if (strcmp(json_string_value(known), model) == 0) return;
  }
  json_array_append_new(list, json_string(model));
}

/* The models that settings name: nobody asks providers for theirs. */
static json_t *models_of(const struct llm_settings *s, const char *provider) {
  json_t *list = json_array();
  for (size_t r = 0; r < s->n_roles; r++)
    for (size_t m = 0; m < s->roles[r].n_models; m++) add_model(list, provider, s->roles[r].models[m]);
  for (size_t i = 0; i < s->n_prices; i++) add_model(list, provider, s->prices[i].model);
  return list;
}

static json_t *providers_json(const struct llm_settings *s) {
  json_t *list = json_array();
  for (size_t i = 0; i < s->n_providers; i++) {
    const struct llm_provider *p = &s->providers[i];
    char *base_url = secret_url(p->base_url, true);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:o}", "name", p->name, "adapter",
                                    p->adapter, "base_url", base_url, "key", key_state(p), "key_from",
                                    key_from(p), "key_env", p->key_env, "models", models_of(s, p->name)));
    free(base_url);
  }
  return list;
}

static json_t *roles_json(const struct llm_settings *s) {
  json_t *list = json_array();
  for (size_t r = 0; r < s->n_roles; r++) {
    json_t *models = json_array();
    for (size_t m = 0; m < s->roles[r].n_models; m++)
      json_array_append_new(models, json_string(s->roles[r].models[m]));
    json_array_append_new(list, json_pack("{s:s, s:o}", "name", s->roles[r].name, "models", models));
  }
  return list;
}

static void add_known(const struct llm_settings *s, json_t *known, const char *model) {
  if (json_object_get(known, model)) return;
  json_t *facts = facts_merged(&s->facts, model, NULL);
  for (size_t i = 0; i < s->n_prices; i++) {
    const struct llm_price *p = &s->prices[i];
    if (p->unpriced || strcmp(p->model, model) != 0) continue;
    json_object_set_new(facts, "input", json_real((double)p->input / 1e9));
    json_object_set_new(facts, "output", json_real((double)p->output / 1e9));
  }
  json_object_set_new(known, model, facts);
}

/* What is known of the models of the roles, with their prices in US dollars per million tokens. */
static json_t *known_json(const struct llm_settings *s) {
  json_t *known = json_object();
  for (size_t r = 0; r < s->n_roles; r++)
    for (size_t m = 0; m < s->roles[r].n_models; m++) add_known(s, known, s->roles[r].models[m]);
  return known;
}

/* ---- how it is */

static json_t *store_json(const struct commands *c) {
  struct store_stats s;
  store_stats(c->store, &s);
  return json_pack("{s:I, s:I, s:I, s:b, s:i}", "bytes", (json_int_t)s.database_bytes, "wal_bytes",
                   (json_int_t)s.wal_bytes, "free_bytes", (json_int_t)file_room(store_dir(c->store)),
                   "healthy", store_healthy(c->store), "schema", schema_version());
}

static json_t *watcher_json(const struct commands *c) {
  return json_pack("{s:I, s:b, s:I}", "last_sweep_ms", (json_int_t)watcher_last_sweep(c->watcher), "late",
                   watcher_late(c->watcher), "found", (json_int_t)watcher_found(c->watcher));
}

enum err command_settings(struct commands *c, json_t **out, struct error *e) {
  json_t *reasons = NULL;
  if (!c->models) return err_set(e, ERR_CLOSED, "no host owns this library");
  bool ready = commands_ready(c, &reasons, NULL);
  *out = json_pack("{s:s, s:s, s:O, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "version", QUIRE_VERSION, "library",
                   store_dir(c->store), "settings", c->shown, "providers", providers_json(c->models), "roles",
                   roles_json(c->models), "known", known_json(c->models), "watcher", watcher_json(c), "store",
                   store_json(c), "ready", ready, "reasons", reasons);
  return *out ? OK : err_set(e, ERR_INVALID, "the settings hold text that is not valid UTF-8");
}

/* ---- keys */

/* The file that is ours to write: the one that settings name by default. */
static enum err own_key_file(const struct commands *c, const struct llm_provider *p, char **path,
                             struct error *e) {
  if (strspn(p->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
          strlen(p->name) ||
      p->name[0] == '.')
    return err_set(e, ERR_INVALID, "'%s' is not a file name", p->name);
  *path = mem_printf("%s/keys/%s", store_dir(c->store), p->name);
  if (!p->key_command && p->key_file && strcmp(p->key_file, *path) == 0) return OK;
  if (p->key_command)
    err_set(e, ERR_CONFLICT, "quire.lua says that a command prints the key of '%s'", p->name);
  else if (p->key_file)
    err_set(e, ERR_CONFLICT, "quire.lua says that the key of '%s' is in %s", p->name, p->key_file);
  else
    err_set(e, ERR_CONFLICT, "'%s' needs no key", p->name);
  err_hint(e, p->key_file || p->key_command ? "change it there"
                                            : "name one with key_env in quire.lua if it does");
  free(*path);
  *path = NULL;
  return ERR_CONFLICT;
}

static enum err write_key(const char *path, const json_t *key, struct error *e) {
  if (json_is_null(key))
    return unlink(path) == 0 || errno == ENOENT ? OK : err_errno(e, errno, "%s cannot be removed", path);
  const char *text = json_string_value(key);
  size_t n = text ? json_string_length(key) : 0, plain = 0;
  while (plain < n && text[plain] > ' ' && text[plain] < 0x7f) plain++;
  if (n == 0 || n > KEY_MOST || plain < n)
    return err_set(e, ERR_INVALID, "a key is text without spaces or line breaks, of at most %d characters",
                   KEY_MOST);
  return file_write_secret(path, text, n, e);
}

struct new_key {
  struct post post;
  struct llm *llm;
  char *provider;
};

static void tell_llm(struct post *p) {
  struct new_key *k = list_owner(p, struct new_key, post);
  llm_new_key(k->llm, k->provider);
  free(k->provider);
  free(k);
}

enum err command_key(struct commands *c, const char *provider, const json_t *request, json_t **out,
                     struct error *e) {
  const struct llm_provider *p = provider_named(c, provider);
  const json_t *key = json_object_get(request, "key");
  char *path = NULL;
  if (!p) return err_set(e, ERR_NOT_FOUND, "there is no provider '%.100s'", provider);
  if (!key) return err_set(e, ERR_INVALID, "send {\"key\": text}, or null to forget it");
  enum err err = own_key_file(c, p, &path, e);
  if (err == OK) err = write_key(path, key, e);
  free(path);
  if (err != OK) return err;
  struct new_key *k = mem_alloc(sizeof *k);
  *k = (struct new_key){.post.fn = tell_llm, .llm = c->llm, .provider = mem_dup(p->name)};
  loop_post(c->engine->loop, &k->post);
  *out = json_pack("{s:s, s:s, s:s?}", "provider", p->name, "key", key_state(p), "key_from", key_from(p));
  return OK;
}

enum err command_provider_test(struct commands *c, const char *provider, const json_t *request, json_t **out,
                               struct error *e) {
  const char *model = jsonx_str(request, "model", "");
  size_t n = strlen(provider);
  if (!provider_named(c, provider))
    return err_set(e, ERR_NOT_FOUND, "there is no provider '%.100s'", provider);
  if (strncmp(model, provider, n) == 0 && model[n] == '/') model += n + 1;
  if (strlen(model) > MODEL_MOST) return err_set(e, ERR_INVALID, "that is not a model name");
  char *name = *model ? mem_printf("%s/%s", provider, model) : mem_dup(provider);
  const char *args[] = {"provider", "test", "--library", store_dir(c->store), name, NULL};
  struct child_question question = {.args = args, .with_environment = true, .seconds = TEST_S};
  enum err err = child_ask(&question, out, e);
  free(name);
  return err;
}

struct found {
  struct post post;
  struct llm *llm;
  json_t *models;
};

static void learn_found(struct post *p) {
  struct found *f = list_owner(p, struct found, post);
  llm_learn(f->llm, f->models);
  json_decref(f->models);
  free(f);
}

enum err command_provider_probe(struct commands *c, const char *provider, json_t **out, struct error *e) {
  if (!c->models) return err_set(e, ERR_CLOSED, "no host owns this library");
  enum err err = probe_provider(c->models, provider, out, e);
  if (err != OK) return err;
  struct found *f = mem_alloc(sizeof *f);
  *f = (struct found){.post.fn = learn_found, .llm = c->llm, .models = json_deep_copy(*out)};
  loop_post(c->engine->loop, &f->post);
  return OK;
}

/* ---- backup */

enum err command_backup(struct commands *c, json_t **out, struct error *e) {
  time_t now = (time_t)(clock_wall_ms() / 1000);
  struct tm tm;
  char stamp[32];
  gmtime_r(&now, &tm);
  strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
  char *dir = mem_printf("%s/backups", store_dir(c->store));
  char *path = mem_printf("%s/quire-%s.db", dir, stamp);
  struct stat st = {0};
  enum err err = file_mkdirs(dir, 0700, e);
  if (err == OK) err = backup_make(store_dir(c->store), path, e);
  if (err == OK && stat(path, &st) != 0) err = err_errno(e, errno, "%s", path);
  if (err == OK) *out = json_pack("{s:s, s:I}", "path", path, "bytes", (json_int_t)st.st_size);
  free(dir);
  free(path);
  return err;
}
