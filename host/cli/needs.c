/* needs.c - each model that an unfinished run was begun with or was told to use (its options, engine/meaning.c), then the settings' own roles. */
#include "cli/needs.h"

#include <string.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "store/runs.h"

struct needs {
  const struct llm_settings *settings;
  json_t *list, *seen;
};

bool needs_key(const struct llm_provider *p, char *why, size_t max) {
  const char *value = p->key_env ? getenv(p->key_env) : NULL;
  if ((!p->key_env && !p->key_file) || p->key_command || (value && *value)) return false;
  if (p->key_file && access(p->key_file, R_OK) == 0) return false;
  if (p->key_file && !p->key_env)
    snprintf(why, max, "its key file %s cannot be read", p->key_file);
  else
    snprintf(why, max, "its key is missing: set %s", p->key_env);
  return true;
}

static bool is_of(const char *model, const char *provider) {
  size_t n = strlen(provider);
  return strncmp(model, provider, n) == 0 && model[n] == '/';
}

bool needs_provider(const struct llm_settings *s, const char *provider) {
  for (size_t r = 0; r < s->n_roles; r++)
    for (size_t m = 0; m < s->roles[r].n_models; m++)
      if (is_of(s->roles[r].models[m], provider)) return true;
  return false;
}

static const struct llm_provider *provider_of(const struct llm_settings *s, const char *model) {
  for (size_t i = 0; i < s->n_providers; i++)
    if (is_of(model, s->providers[i].name)) return &s->providers[i];
  return NULL;
}

static bool is_real(const struct llm_settings *s, const char *model) {
  const struct llm_provider *p = provider_of(s, model);
  return !p || strcmp(p->base_url, "rehearsal:") != 0;
}

/* A role that the settings do not name is served by "default"; without that, by the rehearsal. */
static bool role_is_real(const struct llm_settings *s, const char *name) {
  const struct llm_role *found = NULL;
  for (size_t r = 0; r < s->n_roles; r++) {
    bool same = strcmp(s->roles[r].name, name) == 0;
    if (same || (!found && strcmp(s->roles[r].name, "default") == 0)) found = &s->roles[r];
    if (same) break;
  }
  for (size_t m = 0; found && m < found->n_models; m++)
    if (is_real(s, found->models[m])) return true;
  return false;
}

static void add(struct needs *n, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void add(struct needs *n, const char *hint, const char *fmt, ...) {
  struct error text = {0};
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text.message, sizeof text.message, fmt, ap);
  va_end(ap);
  json_array_append_new(n->list,
                        json_pack("{s:o, s:o}", "text", view_text(text.message), "hint", view_text(hint)));
}

/* Once for each provider. */
static bool is_new(struct needs *n, const char *model) {
  char name[200];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(model, "/"), model);
  if (json_object_get(n->seen, name)) return false;
  json_object_set_new(n->seen, name, json_true());
  return true;
}

static void look_at_model(struct needs *n, const char *who, const char *model) {
  const struct llm_provider *p = provider_of(n->settings, model);
  char why[300];
  size_t size;
  if (!is_new(n, model)) return;
  if (!p)
    add(n,
        "bring back quire.lua, or add the provider to it; `quire resume RUN --model PROVIDER/NAME` takes another",
        "%s means %s, and quire.lua names no provider '%.*s'", who, model, (int)strcspn(model, "/"), model);
  else if (!n->settings->adapter_source(n->settings->adapter_arg, p->adapter, &size))
    add(n, "bring it back from where the library comes from",
        "%s means %s, and scripts/providers/%s.lua is not here", who, model, p->adapter);
  else if (needs_key(p, why, sizeof why))
    add(n, "runs wait until it is there", "%s means %s; %s", who, model, why);
}

static void look_at_models(struct needs *n, const char *who, const json_t *roles, bool chosen) {
  const char *role;
  json_t *models, *model;
  size_t i;
  json_object_foreach((json_t *)(uintptr_t)roles, role, models) {
    bool real = false;
    json_array_foreach(models, i, model) {
      real = real || is_real(n->settings, json_string_value(model));
      look_at_model(n, who, json_string_value(model));
    }
    if (!real || chosen || role_is_real(n->settings, role) || json_object_get(n->seen, "a role/")) continue;
    json_object_set_new(n->seen, "a role/", json_true());
    add(n,
        "bring back quire.lua, or name a model for it: roles in quire.lua, or `quire resume RUN --model PROVIDER/NAME`",
        "%s was begun with %s for the role '%s', and the settings name no model for it here: it waits", who,
        json_string_value(json_array_get(models, 0)), role);
  }
}

static void look_at_run(void *arg, const struct run_row *r) {
  json_t *options = NULL;
  char who[40];
  snprintf(who, sizeof who, "run %lld", (long long)r->id);
  if (!r->options || jsonx_parse(r->options, strlen(r->options), "a run's options", &options, NULL) != OK)
    return;
  const json_t *chosen = json_object_get(options, "models");
  look_at_models(arg, who, chosen, true);
  if (!json_object_get(chosen, "")) look_at_models(arg, who, json_object_get(options, "roles"), false);
  json_decref(options);
}

json_t *needs_missing(struct cli *c) {
  struct needs n = {.settings = &c->config.llm, .list = json_array(), .seen = json_object()};
  struct db *db = store_reader(c->reader);
  /* A run that is not seen here pauses when it finds its key missing. */
  (void)runs_each(db, &(struct run_filter){.unfinished = true}, look_at_run, &n);
  store_reader_release(c->reader, db);
  for (size_t r = 0; r < n.settings->n_roles; r++)
    for (size_t m = 0; m < n.settings->roles[r].n_models; m++) {
      char who[100];
      snprintf(who, sizeof who, "the role '%.60s'", n.settings->roles[r].name);
      look_at_model(&n, who, n.settings->roles[r].models[m]);
    }
  json_decref(n.seen);
  return n.list;
}
