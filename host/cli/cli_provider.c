/* cli_provider.c - `quire provider test`: one tiny call to a provider, in a library that is thrown away; `quire models`: what is known of
 * models.
 *
 * It goes the way of every call (adapter, key, limits, retries), so what works here works in a run; and a run's own words say what does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/needs.h"
#include "cli/stop.h"
#include "llm/probe.h"
#include "scratch.h"
#include "serve.h"
#include "store/settings.h"
#include "view/state.h"
#include "view/words.h"

static const char pipeline[] =
    "return { input = {}, run = function()\n"
    "  local answer = llm.ask { role = \"writer\", prompt = \"Answer with one word: ready\", max_words = 20 }\n"
    "  return { text = answer.text, model = answer.model, ms = answer.total_ms }\n"
    "end }\n";

/* The model to ask: as given, else the first of a role that is the provider's, else the first with a price. free() it. */
static char *pick_model(const struct llm_settings *s, const char *given) {
  size_t n = strlen(given);
  if (strchr(given, '/')) return mem_dup(given);
  for (size_t r = 0; r < s->n_roles; r++)
    for (size_t m = 0; m < s->roles[r].n_models; m++) {
      const char *model = s->roles[r].models[m];
      if (strncmp(model, given, n) == 0 && model[n] == '/') return mem_dup(model);
    }
  for (size_t i = 0; i < s->n_prices; i++) {
    const char *model = s->prices[i].model;
    if (strncmp(model, given, n) == 0 && model[n] == '/') return mem_dup(model);
  }
  return strcmp(given, "rehearsal") == 0 ? mem_dup("rehearsal/novelist") : NULL;
}

/* The first that it says it has, when nothing else names one. */
static char *model_there(const struct llm_settings *s, const char *given, struct error *e) {
  json_t *found = NULL;
  if (strchr(given, '/') || probe_provider(s, given, &found, e) != OK) return NULL;
  const char *name = jsonx_str(json_array_get(json_object_get(found, "models"), 0), "name", NULL);
  char *model = name ? mem_printf("%s/%s", given, name) : NULL;
  json_decref(found);
  return model;
}

static enum err no_model(const char *given, struct error *e) {
  if (e->code == ERR_AUTH || e->code == ERR_UNAVAILABLE) return e->code;
  err_set(e, ERR_INVALID, "no model of '%s' is known", given);
  err_hint(e, "name one: quire provider test %s/MODEL", given);
  return ERR_INVALID;
}

static enum err ask(struct cli *c, const char *dir, const char *model, struct run_row *row, struct error *e) {
  struct host *host = NULL;
  json_t *request = NULL, *started = NULL;
  char *file = mem_printf("%s/probe.lua", dir);
  enum err err = file_write(file, pipeline, sizeof pipeline - 1, e);
  if (err == OK) err = host_open(&c->config, "run", false, &host, e);
  if (err == OK) {
    request = json_pack("{s:s, s:{}, s:{s:[s]}}", "file", file, "input", "models", "", model);
    err = command_run(host_commands(host), request, &started, e);
  }
  if (err == OK) {
    struct follow f = {.run = jsonx_int(started, "run", 0), .host = host, .max_wait_ms = 0};
    enum follow_end end = FOLLOW_OVER;
    err = follow_run(c, &f, &end, e);
    if (err == OK && end == FOLLOW_SIGNAL) err = err_set(e, ERR_CANCELLED, "interrupted");
    *row = f.row;
  }
  host_close(host);
  json_decref(request);
  json_decref(started);
  free(file);
  return err;
}

static json_t *verdict(const struct run_row *row, const char *model) {
  bool ok = row->status == RUN_COMPLETED;
  json_t *result = view_parsed(row->result), *error = view_parsed(row->error);
  const char *said = ok ? jsonx_str(result, "text", "") : jsonx_str(error, "message", row->wait_for);
  json_t *v = json_pack("{s:b, s:o, s:I, s:o}", "ok", ok, "model", view_text(model), "ms",
                        (json_int_t)jsonx_num(result, "ms", 0), "message", view_text(said ? said : ""));
  json_decref(result);
  json_decref(error);
  return v;
}

int cli_provider_test(struct cli *c) {
  struct error e = {0};
  struct run_row row = {0};
  char *dir = NULL, *model = NULL;
  stop_catch();
  c->out.quiet = true; /* the run's own lines are not what was asked for */
  enum err err = cli_config(c, &e);
  if (err == OK) model = pick_model(&c->config.llm, c->args[0]);
  if (err == OK && !model) model = model_there(&c->config.llm, c->args[0], &e);
  if (err == OK && !model) err = no_model(c->args[0], &e);
  if (err == OK) err = scratch_open(&c->config, &dir, &e);
  if (err == OK) err = ask(c, dir, model, &row, &e);
  scratch_remove(dir);
  json_t *v = err == OK ? verdict(&row, model) : NULL;
  bool ok = json_is_true(json_object_get(v, "ok"));
  if (err == OK && !c->out.json)
    out_line("%s %s%s%s", ok ? "ok" : "not ok", model, ": ", jsonx_str(v, "message", ""));
  if (err == OK && c->out.json)
    out_json(v);
  else
    json_decref(v);
  run_row_release(&row);
  free(model);
  if (err != OK) return cli_fail(c, &e);
  return ok ? EXIT_DONE : EXIT_FAILED;
}

/* ---- models */

static void price_cell(struct table *t, const json_t *row, const char *field) {
  const json_t *v = json_object_get(row, field);
  if (v)
    table_cell(t, "%.4g", json_number_value(v));
  else
    table_cell(t, "%s", "");
}

/* Days since the row's date; -1: it has none. */
static int64_t age_days(const json_t *row) {
  struct tm day = {0};
  const char *date = jsonx_str(row, "date", "");
  if (sscanf(date, "%4d-%2d-%2d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3) return -1;
  day.tm_year -= 1900;
  day.tm_mon--;
  int64_t days = (clock_wall_ms() / 1000 - timegm(&day)) / 86400;
  return days > 0 ? days : 0;
}

static void tokens_cell(struct table *t, const json_t *facts, const char *field) {
  json_int_t tokens = jsonx_int(facts, field, 0);
  if (tokens)
    table_cell(t, "%lld", (long long)tokens);
  else
    table_cell(t, "%s", "");
}

static void show_model(struct table *t, const char *name, const json_t *row) {
  static const char *const prices[] = {"input", "cached_read", "cache_write", "output"};
  const json_t *facts = json_object_get(row, "facts");
  int64_t age = age_days(row);
  table_cell(t, "%s", name);
  for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) price_cell(t, row, prices[i]);
  tokens_cell(t, facts, "context");
  tokens_cell(t, facts, "max_output");
  table_cell(t, "%s", jsonx_str(facts, "thinks", ""));
  if (age >= 0)
    table_cell(t, "%lld d", (long long)age);
  else
    table_cell(t, "%s", jsonx_str(row, "origin", "learnt"));
}

static const char learnt_prefix[] = "learnt:";

/* What servers told stands beside what the lists say; of models that no list has too. */
static void add_learnt(void *arg, const char *key, const char *value) {
  json_t *models = arg, *learnt = view_parsed(value);
  const char *name = key + strlen(learnt_prefix);
  json_t *row = json_object_get(models, name);
  if (!row) json_object_set_new(models, name, row = json_object());
  json_object_set_new(row, "learnt", learnt ? learnt : json_object());
}

/* {"provider/model": its row, with "learnt" and, put together, "facts"}. The caller's. */
static json_t *known_models(struct cli *c) {
  json_t *models = json_deep_copy(c->config.models), *row;
  struct error ignored = {0};
  const char *name;
  if (cli_library_there(c, &ignored) == OK && cli_reader(c, &ignored) == OK) {
    struct db *db = store_reader(c->reader);
    (void)settings_each(db, learnt_prefix, add_learnt, models); /* what is not read is not listed */
    store_reader_release(c->reader, db);
  }
  json_object_foreach(models, name, row) {
    json_object_set_new(row, "facts",
                        facts_merged(&c->config.llm.facts, name, json_object_get(row, "learnt")));
  }
  return models;
}

static int list_models(struct cli *c, const char *part) {
  static const char *const headers[] = {"MODEL",   "INPUT",      "CACHED", "CACHE WRITE", "OUTPUT",
                                        "CONTEXT", "MAX OUTPUT", "THINKS", "AGE",         NULL};
  json_t *known = known_models(c), *found = json_object(), *row;
  const char *name;
  json_object_foreach(known, name, row) {
    if (strcasestr(name, part)) json_object_set(found, name, row);
  }
  json_decref(known);
  if (c->out.json) {
    out_json(found);
    return EXIT_DONE;
  }
  struct table *t = table_new(headers);
  json_object_foreach(found, name, row) show_model(t, name, row);
  table_print(t);
  json_decref(found);
  return EXIT_DONE;
}

/* ---- what is there */

/* The owner asks itself, and learns from it; without one we do. */
static enum err look(struct cli *c, const char *provider, json_t **found, struct error *e) {
  struct library_owner owner;
  struct error ignored = {0};
  if (library_get_owner(c->library, &owner, &ignored) == OK && *owner.address) {
    char *path = mem_printf("/api/providers/%s/probe", provider);
    enum client_end end;
    json_t *empty = json_object();
    enum err err = client_call(&owner, "POST", path, empty, found, &end, e);
    json_decref(empty);
    free(path);
    return err;
  }
  enum err err = probe_provider(&c->config.llm, provider, found, e);
  struct store *store = NULL;
  if (err != OK || cli_library_there(c, &ignored) != OK ||
      store_open(c->library, STORE_OWNER, &store, &ignored) != OK)
    return err;
  struct facts *facts = facts_new(&c->config.llm.facts, store);
  facts_learn_found(facts, *found);
  facts_free(facts);
  store_close(store);
  return OK;
}

/* One provider's row of {"provider","models"} or {"provider","error"}. */
static json_t *look_at(struct cli *c, const char *provider) {
  json_t *found = NULL;
  struct error e = {0};
  if (look(c, provider, &found, &e) == OK) return found;
  return json_pack("{s:s, s:o}", "provider", provider, "error", view_text(e.message));
}

/* Those that can be asked: named, or with all that they need. */
static json_t *look_around(struct cli *c, const char *given) {
  json_t *list = json_array();
  for (size_t i = 0; i < c->config.llm.n_providers; i++) {
    const struct llm_provider *p = &c->config.llm.providers[i];
    char why[300];
    bool asked = *given ? strcmp(p->name, given) == 0 : !needs_key(p, why, sizeof why);
    if (asked) json_array_append_new(list, look_at(c, p->name));
  }
  return list;
}

static void show_found(struct table *t, const json_t *row) {
  json_t *model;
  size_t i;
  json_array_foreach(json_object_get(row, "models"), i, model) {
    table_cell(t, "%s/%s", jsonx_str(row, "provider", ""), jsonx_str(model, "name", ""));
    tokens_cell(t, model, "context");
    tokens_cell(t, model, "max_output");
    table_cell(t, "%s", jsonx_str(model, "thinks", ""));
  }
}

static int find_models(struct cli *c, const char *given) {
  static const char *const headers[] = {"MODEL", "CONTEXT", "MAX OUTPUT", "THINKS", NULL};
  json_t *list = look_around(c, given), *row;
  size_t i;
  bool any = json_array_size(list) > 0;
  if (!any) {
    struct error e = {0};
    err_set(&e, ERR_NOT_FOUND, "there is no provider '%.100s'", given);
    err_hint(&e, "quire config show lists them");
    json_decref(list);
    return cli_fail(c, &e);
  }
  if (c->out.json) {
    out_json(json_pack("{s:o}", "providers", list));
    return EXIT_DONE;
  }
  struct table *t = table_new(headers);
  json_array_foreach(list, i, row) show_found(t, row);
  table_print(t);
  json_array_foreach(list, i, row) {
    if (json_object_get(row, "error")) out_say(&c->out, "%s", jsonx_str(row, "error", ""));
  }
  json_decref(list);
  return EXIT_DONE;
}

int cli_models(struct cli *c) {
  struct error e = {0};
  const char *part = c->n_args ? c->args[0] : "";
  if (cli_config(c, &e) != OK) return cli_fail(c, &e);
  return options_has(&c->options, "found") ? find_models(c, part) : list_models(c, part);
}
