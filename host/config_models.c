/* config_models.c - who writes: providers, roles and the providers' scripts, from presets, quire.lua and the environment. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "config_data.h"
#include "config_internal.h"
#include "lua/script_set.h"

enum { KEY_COMMAND_MOST_S = 3600 };

/* ---- providers */

static struct llm_provider *provider_at(struct config *c, const char *name) {
  for (size_t i = 0; i < c->llm.n_providers; i++)
    if (strcmp(c->llm.providers[i].name, name) == 0) return &c->llm.providers[i];
  c->llm.providers = mem_grow(c->llm.providers, (c->llm.n_providers + 1) * sizeof *c->llm.providers);
  struct llm_provider *p = &c->llm.providers[c->llm.n_providers++];
  *p = (struct llm_provider){.name = mem_dup(name),
                             .adapter = mem_dup("openai"),
                             .retries = 4,
                             .connect_s = 10,
                             .first_byte_s = 300,
                             .idle_s = 120,
                             .total_s = 1800};
  return p;
}

void config_set_string(char **field, const char *value) {
  if (!value) return;
  free(*field);
  *field = mem_dup(value);
}

/* Not so long that the milliseconds overflow, nor so short that no program can end in it. */
static enum err read_command_time(double *seconds, const json_t *t, const char *where, struct error *e) {
  const json_t *given = json_object_get(t, "key_command_s");
  *seconds = json_number_value(given);
  if (!given || (*seconds >= 1 && *seconds <= KEY_COMMAND_MOST_S)) return OK;
  return err_set(e, ERR_CONFIG, "quire.lua: %skey_command_s must be a number from 1 to %d", where,
                 KEY_COMMAND_MOST_S);
}

static enum err read_provider(struct config *c, const char *name, const json_t *t, struct error *e) {
  static const char *const known[] = {"adapter",
                                      "base_url",
                                      "key_env",
                                      "key_file",
                                      "key_command",
                                      "key_command_s",
                                      "concurrency",
                                      "requests_per_minute",
                                      "tokens_per_minute",
                                      "retries",
                                      "options",
                                      "connect_s",
                                      "first_byte_s",
                                      "idle_s",
                                      "total_s",
                                      "http1",
                                      "stream",
                                      "resumable",
                                      "poll_s",
                                      "never_stops",
                                      NULL};
  char where[120];
  snprintf(where, sizeof where, "providers.%s.", name);
  if (!json_is_object(t))
    return err_set(e, ERR_CONFIG, "quire.lua: %.*s must be a table", (int)strlen(where) - 1, where);
  if (strchr(name, '/') || !*name) return err_set(e, ERR_CONFIG, "quire.lua: a provider's name has no '/'");
  enum err err = config_unknown(t, known, where, e);
  if (err != OK) return err;
  struct llm_provider *p = provider_at(c, name);
  config_set_string(&p->adapter, jsonx_str(t, "adapter", NULL));
  config_set_string(&p->base_url, jsonx_str(t, "base_url", NULL));
  config_set_string(&p->key_env, jsonx_str(t, "key_env", NULL));
  config_set_string(&p->key_file, jsonx_str(t, "key_file", NULL));
  config_set_string(&p->key_command, jsonx_str(t, "key_command", NULL));
  if ((err = read_command_time(&p->key_command_s, t, where, e)) != OK) return err;
  p->concurrency = (int)jsonx_int(t, "concurrency", p->concurrency);
  p->requests_per_minute = (int)jsonx_int(t, "requests_per_minute", p->requests_per_minute);
  p->tokens_per_minute = (int)jsonx_int(t, "tokens_per_minute", p->tokens_per_minute);
  p->retries = (int)jsonx_int(t, "retries", p->retries);
  p->connect_s = jsonx_num(t, "connect_s", p->connect_s);
  p->first_byte_s = jsonx_num(t, "first_byte_s", p->first_byte_s);
  p->idle_s = jsonx_num(t, "idle_s", p->idle_s);
  p->total_s = jsonx_num(t, "total_s", p->total_s);
  p->poll_s = jsonx_num(t, "poll_s", p->poll_s);
  p->http1 = json_is_true(json_object_get(t, "http1"));
  p->whole = json_is_false(json_object_get(t, "stream"));
  p->never_stops = json_is_true(json_object_get(t, "never_stops"));
  const json_t *resumable = json_object_get(t, "resumable");
  if (resumable) p->resumable = json_is_true(resumable);
  json_t *options = json_object_get(t, "options");
  if (options && !json_is_object(options))
    return err_set(e, ERR_CONFIG, "quire.lua: %soptions must be a table", where);
  if (options && p->options) json_object_update_missing(options, p->options);
  if (options) json_decref(p->options);
  if (options) p->options = json_incref(options);
  if (!p->base_url) return err_set(e, ERR_CONFIG, "quire.lua: %sbase_url is missing", where);
  return OK;
}

/* Those that are known by name, as data: scripts/presets.lua. */
static enum err read_presets(struct config *c, struct error *e) {
  json_t *list = NULL, *t;
  size_t i;
  enum err err = config_data(c, "presets", &list, e);
  json_array_foreach(list, i, t) {
    const char *name = jsonx_str(t, "name", "");
    if (err == OK && (!*name || !jsonx_str(t, "base_url", NULL)))
      err = err_set(e, ERR_CONFIG, "scripts/presets.lua: row %zu has no name or no base_url", i + 1);
    if (err != OK) break;
    struct llm_provider *p = provider_at(c, name);
    config_set_string(&p->adapter, jsonx_str(t, "adapter", NULL));
    config_set_string(&p->base_url, jsonx_str(t, "base_url", NULL));
    config_set_string(&p->key_env, jsonx_str(t, "key_env", NULL));
    config_set_string(&p->hint, jsonx_str(t, "hint", NULL));
    p->options = json_incref(json_object_get(t, "options"));
    p->resumable = json_is_true(json_object_get(t, "resumable"));
  }
  json_decref(list);
  return err;
}

enum err config_read_providers(struct config *c, const json_t *table, struct error *e) {
  enum err err = read_presets(c, e);
  const char *url = getenv("OPENAI_BASE_URL");
  if (url && *url) config_set_string(&provider_at(c, "openai")->base_url, url);
  const char *name;
  json_t *t;
  json_object_foreach((json_t *)(uintptr_t)table, name, t) {
    if (err == OK) err = read_provider(c, name, t, e);
  }
  for (size_t i = 0; i < c->llm.n_providers && err == OK; i++) {
    struct llm_provider *p = &c->llm.providers[i];
    if (p->key_env && !p->key_file) p->key_file = mem_printf("%s/keys/%s", c->library, p->name);
    char shown[120];
    snprintf(shown, sizeof shown, "providers.%s", c->llm.providers[i].name);
    const char *origin = json_object_get(table, c->llm.providers[i].name)         ? "quire.lua"
                         : url && strcmp(c->llm.providers[i].name, "openai") == 0 ? "environment"
                                                                                  : "default";
    config_show_url(c, shown, c->llm.providers[i].base_url, true, origin);
  }
  return err;
}

/* ---- roles */

static enum err add_role(struct config *c, const char *name, const json_t *models, const char *origin,
                         struct error *e) {
  c->llm.roles = mem_grow(c->llm.roles, (c->llm.n_roles + 1) * sizeof *c->llm.roles);
  struct llm_role *r = &c->llm.roles[c->llm.n_roles++];
  size_t n = json_is_string(models) ? 1 : json_array_size(models);
  *r = (struct llm_role){.name = mem_dup(name), .models = mem_alloc((n + 1) * sizeof *r->models)};
  for (size_t i = 0; i < n; i++) {
    const char *m = json_string_value(json_is_string(models) ? models : json_array_get(models, i));
    if (!m || !strchr(m, '/'))
      return err_set(e, ERR_CONFIG, "quire.lua: roles.%s must be 'provider/model' or a list of them", name);
    r->models[r->n_models++] = mem_dup(m);
  }
  if (!n) return err_set(e, ERR_CONFIG, "quire.lua: roles.%s is empty", name);
  char shown[120];
  snprintf(shown, sizeof shown, "roles.%s", name);
  config_show(c, shown,
              json_is_string(models) ? json_string(json_string_value(models)) : json_deep_copy(models),
              origin);
  return OK;
}

enum err config_read_roles(struct config *c, const json_t *table, struct error *e) {
  const char *name, *model = getenv("QUIRE_MODEL");
  json_t *v;
  enum err err = OK;
  json_object_foreach((json_t *)(uintptr_t)table, name, v) {
    if (err == OK && !(model && strcmp(name, "default") == 0)) err = add_role(c, name, v, "quire.lua", e);
  }
  if (err != OK) return err;
  if (model && *model) {
    json_t *m = json_string(model);
    err = add_role(c, "default", m, "environment", e);
    json_decref(m);
  } else if (!json_object_get(table, "default")) {
    json_t *m = json_string("rehearsal/novelist");
    err = add_role(c, "default", m, "default", e);
    json_decref(m);
  }
  return err;
}

/* ---- tiers */

static enum err add_tiers(struct config *c, const char *role, const json_t *words, struct error *e) {
  size_t n = json_is_array(words) ? json_array_size(words) : 1;
  c->llm.tiers = mem_grow(c->llm.tiers, (c->llm.n_tiers + 1) * sizeof *c->llm.tiers);
  struct llm_role_tiers *t = &c->llm.tiers[c->llm.n_tiers++];
  *t = (struct llm_role_tiers){.role = mem_dup(role)};
  for (size_t i = 0; i < n && i < TIERS; i++) {
    const char *word = json_string_value(json_is_array(words) ? json_array_get(words, i) : words);
    if ((t->list[t->n++] = llm_tier_of(word ? word : "")) != TIERS) continue;
    err_set(e, ERR_CONFIG,
            "quire.lua: tiers.%s must be \"standard\", \"flex\" or \"batch\", or a list of them", role);
    return ERR_CONFIG;
  }
  char shown[120];
  snprintf(shown, sizeof shown, "tiers.%s", role);
  config_show(c, shown, json_deep_copy(words), "quire.lua");
  return t->n ? OK : err_set(e, ERR_CONFIG, "quire.lua: tiers.%s is empty", role);
}

enum err config_read_tiers(struct config *c, const json_t *table, struct error *e) {
  const char *role;
  json_t *words;
  enum err err = OK;
  if (table && !json_is_object(table)) return err_set(e, ERR_CONFIG, "quire.lua: 'tiers' must be a table");
  json_object_foreach((json_t *)(uintptr_t)table, role, words) {
    if (err == OK) err = add_tiers(c, role, words, e);
  }
  return err;
}

/* ---- adapters: providers/NAME.lua on the search path */

const char *config_adapter_source(void *arg, const char *name, size_t *n) {
  const struct config *c = arg;
  for (size_t i = 0; i < c->n_adapters; i++)
    if (strcmp(c->adapters[i].name, name) == 0) {
      *n = c->adapters[i].n;
      return c->adapters[i].text;
    }
  return NULL;
}

static void add_adapter(struct config *c, const char *name, const char *text, size_t n) {
  size_t known;
  if (config_adapter_source(c, name, &known)) return;
  c->adapters = mem_grow(c->adapters, (c->n_adapters + 1) * sizeof *c->adapters);
  c->adapters[c->n_adapters++] = (struct config_adapter){mem_dup(name), mem_dup_n(text, n), n};
}

/* Those that some provider uses: found on disk first, then built in. */
enum err config_read_adapters(struct config *c, struct error *e) {
  enum err err = OK;
  for (size_t i = 0; i < c->llm.n_providers; i++)
    for (size_t d = 0; c->script_dirs[d] && err == OK; d++) {
      char *path = mem_printf("%s/scripts/providers/%s.lua", c->script_dirs[d], c->llm.providers[i].adapter);
      struct buf b;
      buf_init(&b, MAX_SCRIPT_BYTES);
      if (access(path, F_OK) == 0 && (err = buf_read_text(&b, path, e)) == OK)
        add_adapter(c, c->llm.providers[i].adapter, b.data, b.len);
      buf_release(&b);
      free(path);
    }
  static const char prefix[] = "scripts/providers/";
  for (size_t i = 0; i < embedded_count; i++) {
    const struct embedded_file *f = &embedded_files[i];
    if (strncmp(f->name, prefix, sizeof prefix - 1) != 0) continue;
    char *name = mem_dup_n(f->name + sizeof prefix - 1, strlen(f->name) - sizeof prefix + 1 - 4);
    add_adapter(c, name, f->data, f->size);
    free(name);
  }
  return err;
}
