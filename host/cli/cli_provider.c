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
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/stop.h"
#include "scratch.h"
#include "serve.h"
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

static enum err no_model(const char *given, struct error *e) {
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
  if (err == OK && !(model = pick_model(&c->config.llm, c->args[0]))) err = no_model(c->args[0], &e);
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

static void show_model(struct table *t, const char *name, const json_t *row) {
  static const char *const prices[] = {"input", "cached_read", "cache_write", "output"};
  static const char *const sizes[] = {"context", "max_output"};
  int64_t age = age_days(row);
  table_cell(t, "%s", name);
  for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) price_cell(t, row, prices[i]);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    json_int_t tokens = jsonx_int(row, sizes[i], 0);
    if (tokens)
      table_cell(t, "%lld", (long long)tokens);
    else
      table_cell(t, "%s", "");
  }
  if (age >= 0)
    table_cell(t, "%lld d", (long long)age);
  else
    table_cell(t, "%s", jsonx_str(row, "origin", ""));
}

int cli_models(struct cli *c) {
  static const char *const headers[] = {"MODEL",   "INPUT",      "CACHED", "CACHE WRITE", "OUTPUT",
                                        "CONTEXT", "MAX OUTPUT", "AGE",    NULL};
  struct error e = {0};
  if (cli_config(c, &e) != OK) return cli_fail(c, &e);
  json_t *found = json_object(), *row;
  const char *part = c->n_args ? c->args[0] : "", *name;
  json_object_foreach(c->config.models, name, row) {
    if (strcasestr(name, part)) json_object_set(found, name, row);
  }
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
