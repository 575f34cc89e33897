/* rehearse.c - one run of the pipeline in a library that is thrown away, on the embedded model under the names of the real ones. The caller's
 * thread; the host's own loop moves the run.
 *
 *   rehearsal_open -> rehearsal_look, until it is over -> (read its database) -> rehearsal_close */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "forecast/internal.h"
#include "forecast/rehearse.h"
#include "scratch.h"
#include "store/gates.h"
#include "store/upkeep/backup.h"

/* ---- questions to a person */

static void first_open(void *arg, const struct gate_row *g) {
  json_t **out = arg, *choices = NULL;
  (void)jsonx_parse(g->choices, strlen(g->choices), "choices", &choices, NULL); /* NULL has no choice */
  if (!*out)
    *out = json_pack("{s:I, s:s}", "gate", (json_int_t)g->id, "choice",
                     json_string_value(json_array_get(choices, 0)));
  json_decref(choices);
}

bool rehearse_decide(struct host *host, int64_t run, const char *by) {
  json_t *request = NULL, *answer = NULL;
  struct error ignored = {0};
  struct store *store = host_store(host);
  struct db *db = store_reader(store);
  (void)gates_each(db, run, true, first_open, &request); /* NULL: none is open */
  store_reader_release(store, db);
  int64_t gate = jsonx_int(request, "gate", 0);
  if (request) json_object_del(request, "gate");
  if (request) json_object_set_new(request, "by", json_string(by));
  bool ok = request && command_gate(host_commands(host), gate, request, &answer, &ignored) == OK;
  json_decref(request);
  json_decref(answer);
  return ok;
}

/* ---- its settings */

/* The run's limits are what the forecast is compared with; they do not end it. */
static void take_limits_away(struct config *c) {
  c->engine.run_limit_nano = -1;
  c->engine.run_limit_calls = c->engine.run_limit_tokens = 0;
  c->engine.free_least = 0;
  c->llm.month_limit_nano = 0;
  c->metrics_file = NULL;
}

static void set_manners(struct config *c, double words) {
  for (size_t i = 0; i < c->llm.n_providers; i++) {
    struct llm_provider *p = &c->llm.providers[i];
    char manner[40];
    snprintf(manner, sizeof manner, "length=%.3g", words);
    json_decref(p->options);
    p->options = json_pack("{s:[s]}", "manners", manner);
  }
}

static enum err configure(struct rehearsal *r, const struct forecast *f, bool with_library, double words,
                          struct error *e) {
  struct config_flags flags = {.library = f->library, .scripts = f->scripts};
  enum err err = config_load(&flags, &r->config, e);
  r->configured = err == OK;
  if (err != OK) return err;
  config_rehearse(&r->config);
  take_limits_away(&r->config);
  set_manners(&r->config, words);
  char *library = mem_dup(r->config.library);
  err = scratch_open(&r->config, &r->dir, e);
  if (err == OK && with_library) {
    char *copy = mem_printf("%s/quire.db", r->dir);
    err = backup_make(library, copy, e);
    free(copy);
  }
  free(library);
  return err;
}

/* ---- the run */

/* What is asked for, without what belongs to the real run only. */
static json_t *bare(const json_t *request, bool with_project) {
  static const char *const dropped[] = {"budget_usd", "budget_tokens", "at_budget", "key", "out",
                                        "hold",       "after_ms",      "forecast",  NULL};
  json_t *v = json_copy((json_t *)(uintptr_t)request);
  for (int i = 0; dropped[i]; i++) json_object_del(v, dropped[i]);
  if (!with_project) json_object_del(v, "project");
  return v;
}

enum err rehearsal_open(struct rehearsal *r, const struct forecast *f, bool with_library, double words,
                        struct error *e) {
  *r = (struct rehearsal){0};
  json_t *request = bare(f->request, with_library), *answer = NULL;
  enum err err = configure(r, f, with_library, words, e);
  if (err == OK) err = host_open(&r->config, "run", false, &r->host, e);
  if (err == OK) err = command_run(host_commands(r->host), request, &answer, e);
  r->run = jsonx_int(answer, "run", 0);
  json_decref(answer);
  json_decref(request);
  return err;
}

static enum err failed(const struct run_row *row, struct error *e) {
  json_t *error = NULL;
  if (row->error) (void)jsonx_parse(row->error, strlen(row->error), "the run's error", &error, NULL);
  const char *why = jsonx_str(error, "message", row->wait_for ? row->wait_for : "it was stopped");
  err_set(e, ERR_SCRIPT, "the rehearsal of it failed%s%s: %.300s", row->phase ? " in phase " : "",
          row->phase ? row->phase : "", why);
  json_decref(error);
  return ERR_SCRIPT;
}

enum err rehearsal_look(struct rehearsal *r, bool *over, struct error *e) {
  struct store *store = host_store(r->host);
  struct db *db = store_reader(store);
  run_row_release(&r->row);
  enum err err = run_get(db, r->run, &r->row, e);
  store_reader_release(store, db);
  const struct run_row *row = &r->row;
  *over = err != OK || row->status == RUN_COMPLETED || (row->status == RUN_WAITING && row->wait == FOR_UNTIL);
  if (*over) return err;
  if (row->status == RUN_WAITING && row->wait == FOR_GATE)
    return rehearse_decide(r->host, r->run, "forecast") ? OK : failed(row, e);
  bool stands = run_status_ended(row->status) || (row->status == RUN_WAITING && row->wait != FOR_TIMER);
  return stands ? failed(row, e) : OK;
}

void rehearsal_close(struct rehearsal *r) {
  host_close(r->host);
  scratch_remove(r->dir);
  run_row_release(&r->row);
  if (r->configured) config_release(&r->config);
}
