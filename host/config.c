/* config.c - settings from flags, environment, quire.lua and defaults, in that order.
 *
 * quire.lua is read as data. Each known name is a row of a table below, so the check for typos, the help and `quire config show`
 * read the same rows. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "config_data.h"
#include "config_internal.h"
#include "lua/describe.h"
#include "lua/script_set.h"
#include "store/write/library.h"

struct limit_row {
  const char *name, *help;
  double otherwise, least, most;
};
static const struct limit_row limit_rows[] = {
    {"run_usd", "most that one run may spend, in US dollars", 10, 0, 1e6},
    {"run_calls", "most model calls of one run", 2000, 1, 1e7},
    {"month_usd", "most that the library may spend in 30 days, in US dollars; 0: no limit", 0, 0, 1e7},
    {"memory_mb", "memory of one run's scripts", 32, 1, 4096},
    {"slice_ms", "CPU time after which a script makes room for others", 5, 1, 1000},
    {"burst_s", "CPU time in one go where a script cannot be interrupted", 1, 0.05, 60},
    {"phase_cpu_s", "CPU time of one phase's scripts", 60, 1, 36000},
    {"tasks", "unfinished tasks of one run", 64, 1, 10000},
    {"runs", "most runs in memory at once; 0: no limit", 0, 0, 1e6},
    {"project_runs", "most of them of one project; 0: no limit", 0, 0, 1e6},
    {"queue", "most unfinished runs; with more a new one is refused; 0: no limit", 100000, 0, 1e9},
    {"free_mb", "with less free disk no new run begins, and running ones wait", 200, 0, 1e9},
    {"run_cpu_s", "CPU time of one run's scripts", 600, 1, 360000},
    {"log_lines", "lines and phases in the history of one run; 0: no limit", 100000, 0, 1e9},
    {"documents", "documents that one run may write, versions counted; 0: no limit", 20000, 0, 1e9},
    {"run_tokens", "most tokens, in and out, of one run; 0: no limit", 20000000, 0, 1e15},
    {"written_mb", "what one run may write in all; 0: no limit", 4096, 0, 1e6},
};
enum { LIMITS = sizeof limit_rows / sizeof *limit_rows };

/* ---- what is shown with its origin */

void config_show(struct config *c, const char *name, json_t *value, const char *origin) {
  json_array_append_new(c->shown,
                        json_pack("{s:s, s:o, s:s}", "name", name, "value", value, "origin", origin));
}

void config_show_url(struct config *c, const char *name, const char *url, bool path, const char *origin) {
  char *shown = secret_url(url, path);
  config_show(c, name, json_string(shown), origin);
  free(shown);
}

enum err config_unknown(const json_t *table, const char *const *known, const char *where, struct error *e) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)table, key, v) {
    size_t i = 0;
    while (known[i] && strcmp(known[i], key) != 0) i++;
    if (known[i]) continue;
    const char *near = text_nearest(key, known);
    err_set(e, ERR_CONFIG, "quire.lua: unknown name '%s%s'", where, key);
    if (near) err_hint(e, "did you mean '%s'?", near);
    return ERR_CONFIG;
  }
  return OK;
}

void config_listen(struct config *c, const char *address) {
  size_t i;
  json_t *row;
  free(c->listen);
  c->listen = mem_dup(address);
  json_array_foreach(c->shown, i, row) {
    if (strcmp(jsonx_str(row, "name", ""), "listen") != 0) continue;
    json_object_set_new(row, "value", json_string(address));
    json_object_set_new(row, "origin", json_string("flag"));
  }
}

/* ---- limits */

static enum err read_limits(struct config *c, const json_t *table, struct error *e) {
  const char *names[LIMITS + 2] = {0};
  double v[LIMITS];
  for (int i = 0; i < LIMITS; i++) names[i] = limit_rows[i].name;
  names[LIMITS] = "at_budget";
  if (table && !json_is_object(table)) return err_set(e, ERR_CONFIG, "quire.lua: 'limits' must be a table");
  enum err err = config_unknown(table, names, "limits.", e);
  for (int i = 0; i < LIMITS && err == OK; i++) {
    const struct limit_row *row = &limit_rows[i];
    const json_t *given = json_object_get(table, row->name);
    v[i] = given ? json_number_value(given) : row->otherwise;
    if (given && (!json_is_number(given) || v[i] < row->least || v[i] > row->most))
      err = err_set(e, ERR_CONFIG, "quire.lua: limits.%s must be a number from %g to %g (%s)", row->name,
                    row->least, row->most, row->help);
    char name[64];
    snprintf(name, sizeof name, "limits.%s", row->name);
    config_show(c, name, json_real(v[i]), given ? "quire.lua" : "default");
  }
  if (err != OK) return err;
  c->engine.run_limit_nano = (int64_t)(v[0] * 1e9);
  c->engine.run_limit_calls = (int64_t)v[1];
  c->llm.month_limit_nano = (int64_t)(v[2] * 1e9);
  c->engine.machine = (struct machine_limits){.memory = (size_t)(v[3] * 1048576),
                                              .slice_ns = (uint64_t)(v[4] * 1e6),
                                              .burst_ns = (uint64_t)(v[5] * 1e9),
                                              .phase_cpu_ns = (uint64_t)(v[6] * 1e9),
                                              .run_cpu_ns = (uint64_t)(v[12] * 1e9)};
  c->engine.most_tasks = (int)v[7];
  c->engine.turns = (struct turn_limits){.runs = (int)v[8], .project_runs = (int)v[9]};
  c->engine.most_unfinished = (int64_t)v[10];
  c->engine.free_least = (int64_t)(v[11] * 1048576);
  c->engine.most_lines = (int64_t)v[13];
  c->engine.most_documents = (int64_t)v[14];
  c->engine.run_limit_tokens = (int64_t)v[15];
  c->engine.most_written = (int64_t)(v[16] * 1048576);
  return OK;
}

/* What a run does at its limit when it was not told. */
static enum err read_at_budget(struct config *c, const json_t *limits, struct error *e) {
  const json_t *given = json_object_get(limits, "at_budget");
  const char *word = given ? json_string_value(given) : llm_at_limit_words[AT_LIMIT_PAUSE];
  if (!word || !llm_at_limit_of(word, &c->engine.at_limit))
    return err_set(e, ERR_CONFIG, "quire.lua: limits.at_budget must be \"pause\", \"cheaper\" or \"skip\"");
  config_show(c, "limits.at_budget", json_string(word), given ? "quire.lua" : "default");
  return OK;
}

/* ---- watcher and notify */

static enum err number_of(const json_t *t, const char *table, const char *name, double least, double *v,
                          struct error *e) {
  const json_t *given = json_object_get(t, name);
  if (!given) return OK;
  *v = json_number_value(given);
  if (json_is_number(given) && *v >= least) return OK;
  return err_set(e, ERR_CONFIG, "quire.lua: %s.%s must be a number of at least %g", table, name, least);
}

static enum err read_watcher(struct config *c, const json_t *t, struct error *e) {
  static const char *const known[] = {"every_s", "stale_s", "never_s", "deaths", "on_stale", "hang_s", NULL};
  if (t && !json_is_object(t)) return err_set(e, ERR_CONFIG, "quire.lua: 'watcher' must be a table");
  c->watcher = (struct watcher_settings){.every_s = 300, .stale_s = 900, .never_s = 7200, .deaths_most = 3};
  c->hang_s = 30;
  double deaths = 3;
  enum err err = config_unknown(t, known, "watcher.", e);
  if (err == OK) err = number_of(t, "watcher", "every_s", 0.1, &c->watcher.every_s, e);
  if (err == OK) err = number_of(t, "watcher", "stale_s", 0.1, &c->watcher.stale_s, e);
  if (err == OK) err = number_of(t, "watcher", "never_s", 0.1, &c->watcher.never_s, e);
  if (err == OK) err = number_of(t, "watcher", "deaths", 1, &deaths, e);
  if (err == OK) err = number_of(t, "watcher", "hang_s", 0.2, &c->hang_s, e);
  c->watcher.deaths_most = (int)deaths;
  c->engine.most_deaths = (int)deaths;
  const char *on_stale = jsonx_str(t, "on_stale", "resume");
  if (err == OK && strcmp(on_stale, "resume") != 0 && strcmp(on_stale, "fail") != 0)
    err = err_set(e, ERR_CONFIG, "quire.lua: watcher.on_stale must be \"resume\" or \"fail\"");
  c->watcher.fail = strcmp(on_stale, "fail") == 0;
  const char *origin = t ? "quire.lua" : "default";
  config_show(c, "watcher.every_s", json_real(c->watcher.every_s), origin);
  config_show(c, "watcher.stale_s", json_real(c->watcher.stale_s), origin);
  config_show(c, "watcher.never_s", json_real(c->watcher.never_s), origin);
  config_show(c, "watcher.deaths", json_integer(c->watcher.deaths_most), origin);
  config_show(c, "watcher.on_stale", json_string(on_stale), origin);
  config_show(c, "watcher.hang_s", json_real(c->hang_s), origin);
  return err;
}

static enum err read_notify(struct config *c, const json_t *t, struct error *e) {
  static const char *const known[] = {"url", "command", "attempts", "pause_s", NULL};
  if (t && !json_is_object(t)) return err_set(e, ERR_CONFIG, "quire.lua: 'notify' must be a table");
  double attempts = 5;
  c->hooks.pause_s = 1;
  enum err err = config_unknown(t, known, "notify.", e);
  if (err == OK) err = number_of(t, "notify", "attempts", 1, &attempts, e);
  if (err == OK) err = number_of(t, "notify", "pause_s", 0.01, &c->hooks.pause_s, e);
  c->hooks.attempts = (int)attempts;
  config_set_string(&c->hooks.url, jsonx_str(t, "url", NULL));
  config_set_string(&c->hooks.command, jsonx_str(t, "command", NULL));
  if (c->hooks.url) config_show_url(c, "notify.url", c->hooks.url, false, "quire.lua");
  if (c->hooks.command) config_show(c, "notify.command", json_string(c->hooks.command), "quire.lua");
  return err;
}

/* ---- behind a proxy */

static enum err read_proxy(struct config *c, const json_t *url, const json_t *proxies, struct error *e) {
  if (url && !json_is_string(url)) return err_set(e, ERR_CONFIG, "quire.lua: public_url must be a string");
  if (proxies && !json_is_array(proxies))
    return err_set(e, ERR_CONFIG, "quire.lua: trusted_proxies must be a list of addresses");
  config_set_string(&c->public_url, json_string_value(url));
  if (url) config_show(c, "public_url", json_string(c->public_url), "quire.lua");
  if (!proxies) return OK;
  c->trusted_proxies = mem_alloc((json_array_size(proxies) + 1) * sizeof *c->trusted_proxies);
  for (size_t i = 0; i < json_array_size(proxies); i++) {
    const char *address = json_string_value(json_array_get(proxies, i));
    if (!address) return err_set(e, ERR_CONFIG, "quire.lua: trusted_proxies must be a list of addresses");
    c->trusted_proxies[i] = mem_dup(address);
  }
  config_show(c, "trusted_proxies", json_deep_copy(proxies), "quire.lua");
  return OK;
}

/* ---- all of it */

static bool is_checkout(const char *dir) {
  char *path = mem_printf("%s/scripts/api.lua", dir);
  bool yes = access(path, R_OK) == 0;
  free(path);
  return yes;
}

/* The folder that holds this binary's build folder, when it is a checkout. */
static char *checkout_dir(void) {
  char exe[4096];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (n <= 0) return NULL;
  exe[n] = '\0';
  for (int up = 0; up < 3; up++) {
    char *slash = strrchr(exe, '/');
    if (!slash || slash == exe) return NULL;
    *slash = '\0';
    if (is_checkout(exe)) return mem_dup(exe);
  }
  return NULL;
}

static void find_dirs(struct config *c, const struct config_flags *flags) {
  size_t n = 0;
  c->script_dirs = mem_alloc(4 * sizeof *c->script_dirs);
  if (flags->scripts) c->script_dirs[n++] = mem_dup(flags->scripts);
  c->script_dirs[n++] = mem_dup(c->library);
  char *checkout = checkout_dir();
  if (checkout) c->script_dirs[n++] = checkout;
}

static enum err read_file(struct config *c, json_t **t, struct error *e) {
  char *path = mem_printf("%s/quire.lua", c->library);
  struct buf b;
  buf_init(&b, MAX_SCRIPT_BYTES);
  enum err err = OK;
  if (access(path, F_OK) == 0) {
    err = buf_read_text(&b, path, e);
    char *chunk = mem_printf("@%s", path);
    if (err == OK) err = describe_data(b.data, b.len, chunk, t, e);
    free(chunk);
  }
  if (err == OK && !*t) *t = json_object();
  buf_release(&b);
  free(path);
  return err;
}

enum err config_load(const struct config_flags *flags, struct config *c, struct error *e) {
  static const char *const known[] = {"providers",       "roles",  "prices", "limits",
                                      "watcher",         "notify", "listen", "public_url",
                                      "trusted_proxies", "tiers",  NULL};
  *c = (struct config){.shown = json_array()};
  c->library = library_path(flags->library);
  c->exports = mem_printf("%s/exports", c->library);
  config_show(c, "library", json_string(c->library),
              flags->library            ? "flag"
              : getenv("QUIRE_LIBRARY") ? "environment"
                                        : "default");
  find_dirs(c, flags);
  json_t *t = NULL;
  enum err err = read_file(c, &t, e);
  if (err == OK) err = config_unknown(t, known, "", e);
  if (err == OK) err = read_limits(c, json_object_get(t, "limits"), e);
  if (err == OK) err = read_at_budget(c, json_object_get(t, "limits"), e);
  if (err == OK) err = config_read_providers(c, json_object_get(t, "providers"), e);
  if (err == OK) err = config_read_roles(c, json_object_get(t, "roles"), e);
  if (err == OK) err = config_read_tiers(c, json_object_get(t, "tiers"), e);
  if (err == OK) err = read_watcher(c, json_object_get(t, "watcher"), e);
  if (err == OK) err = read_notify(c, json_object_get(t, "notify"), e);
  if (err == OK)
    err = read_proxy(c, json_object_get(t, "public_url"), json_object_get(t, "trusted_proxies"), e);
  if (err == OK) err = config_models(c, json_object_get(t, "prices"), e);
  if (err == OK) err = config_read_adapters(c, e);
  if (err == OK) {
    const char *listen = jsonx_str(t, "listen", NULL);
    c->listen = mem_dup(listen ? listen : "127.0.0.1:0");
    config_show(c, "listen", json_string(c->listen), listen ? "quire.lua" : "default");
    c->llm.backoff_first_s = 0.5;
    c->llm.backoff_most_s = 30;
    c->llm.pause_over_s = 300;
    c->llm.adapter_source = config_adapter_source;
    c->llm.adapter_arg = c;
    c->engine.exports_dir = c->exports;
  }
  json_decref(t);
  if (err != OK) config_release(c);
  return err;
}

static void replace(char **field, const char *value) {
  free(*field);
  *field = mem_dup(value);
}

void config_rehearse(struct config *c) {
  c->llm.rehearses = true;
  for (size_t i = 0; i < c->llm.n_providers; i++) {
    struct llm_provider *p = &c->llm.providers[i];
    replace(&p->adapter, "rehearsal");
    replace(&p->base_url, "rehearsal:");
    replace(&p->key_env, NULL);
    replace(&p->key_file, NULL);
    replace(&p->key_command, NULL);
    p->concurrency = p->requests_per_minute = p->tokens_per_minute = 0;
  }
}

void config_release(struct config *c) {
  free(c->public_url);
  for (char **p = c->trusted_proxies; p && *p; p++) free(*p);
  free(c->trusted_proxies);
  free(c->library);
  free(c->exports);
  for (size_t i = 0; c->script_dirs && c->script_dirs[i]; i++) free((char *)(uintptr_t)c->script_dirs[i]);
  free(c->script_dirs);
  for (size_t i = 0; i < c->llm.n_providers; i++) {
    struct llm_provider *p = &c->llm.providers[i];
    char *strings[] = {p->name, p->adapter, p->base_url, p->key_env, p->key_file, p->key_command, p->hint};
    for (size_t k = 0; k < sizeof strings / sizeof *strings; k++) free(strings[k]);
    json_decref(p->options);
  }
  free(c->llm.providers);
  for (size_t i = 0; i < c->llm.n_roles; i++) {
    for (size_t k = 0; k < c->llm.roles[i].n_models; k++) free(c->llm.roles[i].models[k]);
    free(c->llm.roles[i].models);
    free(c->llm.roles[i].name);
  }
  free(c->llm.roles);
  for (size_t i = 0; i < c->llm.n_tiers; i++) free(c->llm.tiers[i].role);
  free(c->llm.tiers);
  for (size_t i = 0; i < c->llm.n_prices; i++) free(c->llm.prices[i].model);
  free(c->llm.prices);
  for (size_t i = 0; i < c->n_adapters; i++) {
    free(c->adapters[i].name);
    free(c->adapters[i].text);
  }
  free(c->adapters);
  free(c->listen);
  free(c->hooks.url);
  free(c->hooks.command);
  json_decref(c->models);
  json_decref(c->model_list);
  json_decref(c->own_models);
  json_decref(c->shown);
  *c = (struct config){0};
}
