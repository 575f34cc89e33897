/* again.c - what begins from a run's record: resume, which continues it; retry and fork, which make a new run of all of it or of what came before a
 * place. All take the same request, and all can be planned: then they answer what would happen (plan.c) and change nothing. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/until.h"
#include "lua/script_set.h"
#include "store/runs.h"
#include "store/scripts.h"

static enum err take_with(const json_t *request, struct with *out, struct error *e) {
  const json_t *list = json_object_get(request, "with");
  enum err err = OK;
  for (size_t i = 0; err == OK && i < json_array_size(list); i++) {
    const char *word = json_string_value(json_array_get(list, i));
    err = with_add(out, word ? word : "?", e);
  }
  return err;
}

/* The current scripts as a set, checked against the run's pipeline. */
static enum err take_scripts(struct commands *c, const json_t *request, const char *pipeline,
                             struct script_set **out, struct error *e) {
  json_t *description = NULL;
  enum err err = gather_now(c, jsonx_str(request, "scripts", NULL), NULL, out, e);
  if (err == OK) err = pipeline_describe(c->settings, *out, pipeline, &description, e);
  json_decref(description);
  return err;
}

static void change_release(struct change *ch) {
  with_release(&ch->with);
  script_set_unref(ch->scripts);
  free(ch->options);
}

static void add_source(void *arg, const struct script_source *src) {
  script_set_add_text(arg, src->name, src->name, src->text, src->n);
}

/* The scripts that it is pinned to. */
static enum err pinned(struct commands *c, int64_t id, struct script_set **out, struct error *e) {
  struct script_set *s = *out = script_set_new();
  struct db *db = store_reader(c->store);
  enum err err = script_set_each(db, id, add_source, s);
  if (err != OK) err = db_error(db, e);
  store_reader_release(c->store, db);
  script_set_seal(s);
  return err;
}

/* Whether the scripts have what the run shall stop after: else it would not stop. */
static enum err check_until(struct commands *c, const struct run_row *row, struct script_set *today,
                            const char *until, struct error *e) {
  if (!until || (!today && row->script_set == 0)) return OK;
  struct script_set *s = today ? script_set_ref(today) : NULL;
  json_t *description = NULL;
  enum err err = s ? OK : pinned(c, row->script_set, &s, e);
  if (err == OK) err = pipeline_describe(c->settings, s, row->pipeline, &description, e);
  if (err == OK) err = until_check(json_object_get(description, "phases"), until, e);
  json_decref(description);
  script_set_unref(s);
  return err;
}

/* A book that is finished has nothing left to ask: whoever writes it again and names a model wants that model's answers. */
static enum err take_models(const json_t *request, struct with *out, struct error *e) {
  const char *role;
  const json_t *list;
  enum err err = OK;
  json_object_foreach(json_object_get(request, "models"), role, list) {
    char *word = *role ? mem_printf("models=%s", role) : mem_dup("models");
    if (err == OK) err = with_add(out, word, e);
    free(word);
  }
  return err;
}

static enum err prepare_change(struct commands *c, const struct run_row *row, const json_t *request,
                               struct change *ch, struct error *e) {
  const char *const known[] = {"with",    "models", "budget_usd", "budget_tokens",      "at_budget", "until",
                               "scripts", "out",    "plan",       ch->at ? "at" : NULL, NULL};
  enum err err = check_only_fields(request, known, e);
  if (err == OK) err = check_options(c, request, e);
  if (err == OK) err = take_with(request, &ch->with, e);
  if (err == OK && ch->drops && row->status == RUN_COMPLETED) err = take_models(request, &ch->with, e);
  if (err == OK && ch->with.scripts) err = take_scripts(c, request, row->pipeline, &ch->scripts, e);
  if (err == OK) err = check_until(c, row, ch->scripts, jsonx_str(request, "until", NULL), e);
  json_t *before = NULL;
  (void)jsonx_parse(row->options ? row->options : "{}", row->options ? strlen(row->options) : 2, "options",
                    &before, NULL);
  if (err == OK) err = check_budget(c, request, before, e);
  ch->options = runs_options(c, request, before, ch->with.models);
  json_decref(before);
  return err;
}

static bool planned(const json_t *request) {
  return json_is_true(json_object_get(request, "plan"));
}

static enum err save_scripts(struct commands *c, const struct change *ch, int64_t *set, struct error *e) {
  return ch->scripts ? gather_save(c, ch->scripts, set, e) : OK;
}

enum err command_resume(struct commands *c, int64_t run, const json_t *request, json_t **out,
                        struct error *e) {
  struct run_row row = {0};
  struct change ch = {0};
  int64_t set = 0;
  enum err err = runs_get(c, run, &row, e);
  if (err != OK) return err;
  if (run_status_ended(row.status)) {
    err = err_set(e, ERR_CONFLICT, "run %lld is %s; a finished run stays as it is", (long long)run,
                  run_status_word(row.status));
    err_hint(e, "`quire retry %lld` starts a new run that keeps its answers", (long long)run);
  }
  if (err == OK) err = prepare_change(c, &row, request, &ch, e);
  if (err == OK && planned(request)) {
    err = plan_make(c, &row, &ch, out, e);
  } else if (err == OK && (err = save_scripts(c, &ch, &set, e)) == OK) {
    struct op_run_command op = {.op.kind = &op_run_command_kind,
                                .id = run,
                                .what = RUN_RESUME,
                                .orphan = !engine_holds(c->engine, run),
                                .with = &ch.with,
                                .script_set = set,
                                .options = ch.options};
    err = store_do(c->store, &op.op);
    if (err != OK && e) *e = op.op.error;
    if (err == OK) {
      runs_start(c, run);
      *out = json_pack("{s:I, s:s}", "run", (json_int_t)run, "status", run_status_word(op.row.status));
    }
    run_row_release(&op.row);
  }
  change_release(&ch);
  run_row_release(&row);
  return err;
}

static enum err retry_refused(const struct run_row *row, struct error *e) {
  if (run_status_ended(row->status)) return OK;
  err_set(e, ERR_CONFLICT, "run %lld is not finished (%s)", (long long)row->id, run_status_word(row->status));
  err_hint(e, "`quire resume %lld` continues it", (long long)row->id);
  return ERR_CONFLICT;
}

/* A run that moves writes on while its record is copied: what the fork keeps would be a matter of luck. */
static enum err fork_refused(const struct run_row *row, struct error *e) {
  if (run_status_ended(row->status) || row->status == RUN_WAITING) return OK;
  err_set(e, ERR_CONFLICT, "run %lld is %s; a fork is made of a run that waits or has ended",
          (long long)row->id, run_status_word(row->status));
  err_hint(e, "`quire pause %lld` lets it wait", (long long)row->id);
  return ERR_CONFLICT;
}

/* A new run from the record of `run`: all of it, or (ch->at) what stands before a place. */
static enum err new_run(struct commands *c, int64_t run, const json_t *request, struct change change,
                        json_t **out, struct error *e) {
  struct run_row row = {0};
  struct change ch = change;
  int64_t set = 0;
  enum err err = runs_get(c, run, &row, e);
  if (err == OK && !planned(request)) err = commands_refuse(c, e);
  if (err == OK) err = ch.at ? fork_refused(&row, e) : retry_refused(&row, e);
  if (err == OK) err = prepare_change(c, &row, request, &ch, e);
  if (err == OK && planned(request)) {
    err = plan_make(c, &row, &ch, out, e);
  } else if (err == OK && (err = save_scripts(c, &ch, &set, e)) == OK) {
    struct op_run_create op = {.op.kind = &op_run_create_kind,
                               .project = row.project,
                               .pipeline = row.pipeline,
                               .input = row.input,
                               .options = ch.options,
                               .script_set = set ? set : row.script_set,
                               .retry_of = run,
                               .fork_at = ch.at,
                               .with = &ch.with};
    err = store_do(c->store, &op.op);
    if (err != OK && e) *e = op.op.error;
    if (err == OK) {
      runs_start(c, op.id);
      *out = json_pack("{s:I, s:I, s:s}", "run", (json_int_t)op.id, "retry_of", (json_int_t)run, "status",
                       run_status_word(RUN_QUEUED));
    }
  }
  change_release(&ch);
  run_row_release(&row);
  return err;
}

enum err command_retry(struct commands *c, int64_t run, const json_t *request, json_t **out,
                       struct error *e) {
  return new_run(c, run, request, (struct change){.drops = true}, out, e);
}

enum err command_fork(struct commands *c, int64_t run, const json_t *request, json_t **out, struct error *e) {
  int64_t at = jsonx_int(request, "at", 0);
  if (at <= 0) {
    err_set(e, ERR_INVALID, "a fork needs the place in the journal where it begins: 'at'");
    err_hint(e, "`quire call CALL` tells a call's place");
    return ERR_INVALID;
  }
  return new_run(c, run, request, (struct change){.at = at}, out, e);
}
