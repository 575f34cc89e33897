/* runs.c - what a person can do with runs: start, adopt, pause, cancel; again.c has what begins from a record. Everything is checked before anything is written, so a
 * refused command leaves nothing behind. Threads: those of the command line and of the web server. */
#include "acts/commands.h"
#include "acts/internal.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/jsonx.h"
#include "engine/until.h"
#include "lua/script_set.h"
#include "store/artifacts.h"
#include "store/projects.h"
#include "store/runs.h"
#include "store/scripts.h"

enum { MOST_KEY = 200, MOST_SLUG = 80, MOST_GIVES = 50 };

/* Without an engine the change is only recorded. */
void runs_start(struct commands *c, int64_t run) {
  if (c->engine) engine_start_run(c->engine, run);
}

json_t *runs_roles_now(const struct llm_settings *models) {
  json_t *roles = json_object();
  for (size_t i = 0; models && i < models->n_roles; i++) {
    json_t *list = json_array();
    for (size_t k = 0; k < models->roles[i].n_models; k++)
      json_array_append_new(list, json_string(models->roles[i].models[k]));
    json_object_set_new(roles, models->roles[i].name, list);
  }
  return roles;
}

/* A run keeps what its roles meant when it was begun (P12), until a person chooses anew. */
static void put_roles(const struct commands *c, const json_t *before, bool anew, json_t *o) {
  json_t *kept = json_object_get(before, "roles");
  if (kept && !anew)
    json_object_set(o, "roles", kept);
  else if (!before || anew)
    json_object_set_new(o, "roles", runs_roles_now(c->models));
}

/* The run's options column: what of the request steers the run for life (or until resumed otherwise). */
char *runs_options(const struct commands *c, const json_t *request, const json_t *before, bool anew) {
  static const char *const kept[] = {"models",    "budget_usd", "budget_tokens", "out", "forecast",
                                     "at_budget", NULL};
  json_t *o = json_object();
  put_roles(c, before, anew, o);
  for (int i = 0; kept[i]; i++) {
    json_t *v = json_object_get(request, kept[i]);
    if (!v && before) v = json_object_get(before, kept[i]);
    if (v) json_object_set(o, kept[i], v);
  }
  json_t *until = json_object_get(request, "until"); /* of this time only */
  if (until) json_object_set(o, "until", until);
  char *text = jsonx_dumps(o);
  json_decref(o);
  return text;
}

/* ---- start */

struct prepared {
  struct script_set *scripts;
  char *pipeline, *input, *options;
  struct run_give *gives;
  size_t n_gives;
  char *title;
  bool title_is_stand_in; /* the pipeline's, for want of one in the input */
  json_t *description;    /* pipeline_describe's */
};

static void prepared_release(struct prepared *p) {
  script_set_unref(p->scripts);
  free(p->pipeline);
  free(p->input);
  free(p->options);
  free(p->gives);
  free(p->title);
  json_decref(p->description);
}

/* A pipeline that says what it takes (`gives`) would ignore anything else, and the work would be done without it. */
static enum err known_give(const json_t *description, const char *name, struct error *e) {
  const json_t *gives = json_object_get(description, "gives");
  const char *names[MOST_GIVES + 1] = {0};
  for (size_t i = 0; i < json_array_size(gives) && i < MOST_GIVES; i++) {
    names[i] = json_string_value(json_array_get(gives, i));
    if (strcmp(names[i], name) == 0) return OK;
  }
  if (!names[0]) return OK;
  err_set(e, ERR_INVALID, "this pipeline takes no document '%s' (--give)", name);
  const char *near = text_nearest(name, names);
  err_hint(e, near ? "did you mean '%s'?" : "`quire script check PIPELINE` lists what it takes", near);
  return ERR_INVALID;
}

static enum err take_gives(struct prepared *p, const json_t *gives, struct error *e) {
  if (gives && !json_is_array(gives)) return err_set(e, ERR_INVALID, "'gives' must be a list");
  size_t n = json_array_size(gives);
  if (n > MOST_GIVES) return err_set(e, ERR_LIMIT, "more than %d documents given", MOST_GIVES);
  p->gives = mem_alloc((n + 1) * sizeof *p->gives);
  for (size_t i = 0; i < n; i++) {
    const json_t *g = json_array_get(gives, i), *content = json_object_get(g, "content");
    const char *name = jsonx_str(g, "name", NULL);
    enum err err = artifact_name_check(name, e);
    if (err == OK) err = known_give(p->description, name, e);
    if (err != OK) return err;
    if (!json_is_string(content)) return err_set(e, ERR_INVALID, "the given document '%s' has no text", name);
    p->gives[p->n_gives++] = (struct run_give){.name = name,
                                               .kind = jsonx_str(g, "kind", "markdown"),
                                               .content = json_string_value(content),
                                               .n = json_string_length(content)};
  }
  return OK;
}

static enum err take_input(struct commands *c, struct prepared *p, const json_t *request, struct error *e) {
  json_t *input = NULL, *empty = json_object();
  const json_t *given = json_object_get(request, "input");
  enum err err = pipeline_describe(c->settings, p->scripts, p->pipeline, &p->description, e);
  if (err == OK) err = pipeline_check_input(p->description, given ? given : empty, &input, e);
  if (err == OK)
    err = until_check(json_object_get(p->description, "phases"), jsonx_str(request, "until", NULL), e);
  if (err == OK) {
    p->input = jsonx_dumps(input);
    const char *title = jsonx_str(input, "title", NULL);
    p->title_is_stand_in = !title || !*title;
    p->title = mem_dup(p->title_is_stand_in ? jsonx_str(p->description, "title", p->pipeline) : title);
  }
  json_decref(input);
  json_decref(empty);
  return err;
}

/* A new run in a book that real models have written, in a library that knows only the rehearsal (P12). */
static enum err check_mixing(const struct commands *c, const json_t *request, const char *project,
                             struct error *e) {
  if (!project || json_object_size(json_object_get(request, "models")) > 0 ||
      llm_role_is_real(c->llm, "default", NULL, 0))
    return OK;
  struct db *db = store_reader(c->store);
  bool real = false;
  enum err err = calls_answered_by_others(db, project, "rehearsal", &real);
  if (err != OK) db_error(db, e);
  store_reader_release(c->store, db);
  if (err != OK || !real) return err;
  err_set(
      e, ERR_CONFLICT,
      "'%s' was written by real models, and the settings name none now (is quire.lua missing?); a rehearsal "
      "is not mixed in unasked",
      project);
  err_hint(
      e,
      "restore quire.lua, or name a model: --model PROVIDER/NAME (rehearsal/novelist rehearses in it all the same)");
  return ERR_CONFLICT;
}

static enum err prepare(struct commands *c, const json_t *request, struct prepared *p, struct error *e) {
  static const char *const known[] = {
      "pipeline", "file",    "input", "gives",    "project",  "models",    "budget_usd",    "until", "key",
      "out",      "scripts", "hold",  "after_ms", "forecast", "at_budget", "budget_tokens", NULL};
  enum err err = check_only_fields(request, known, e);
  if (err == OK) err = check_options(c, request, e);
  if (err == OK) err = check_budget(c, request, NULL, e);
  if (err == OK) err = check_forecast(request, e);
  if (err == OK) err = check_text(request, "key", MOST_KEY, e);
  if (err == OK) err = check_text(request, "project", MOST_SLUG, e);
  if (err != OK) return err;
  const char *file = jsonx_str(request, "file", NULL), *pipeline = jsonx_str(request, "pipeline", NULL),
             *project = jsonx_str(request, "project", NULL);
  if (!file && !pipeline) return err_set(e, ERR_INVALID, "the request names no pipeline");
  if (project) {
    char slug[MOST_SLUG + 2];
    text_slug(project, strlen(project), slug, sizeof slug);
    if (strcmp(slug, project) != 0)
      return err_set(e, ERR_INVALID,
                     "'%s' is not a project's name; names are lower case with hyphens, like '%s'", project,
                     slug);
  }
  err = check_mixing(c, request, project, e);
  if (err != OK) return err;
  p->pipeline = file ? gather_base_name(file) : mem_dup(pipeline);
  err = gather_now(c, jsonx_str(request, "scripts", NULL), file, &p->scripts, e);
  if (err == OK) err = take_input(c, p, request, e);
  if (err == OK) err = take_gives(p, json_object_get(request, "gives"), e);
  p->options = runs_options(c, request, NULL, false);
  return err;
}

enum err runs_get(struct commands *c, int64_t run, struct run_row *row, struct error *e) {
  struct db *db = store_reader(c->store);
  enum err err = run_get(db, run, row, e);
  store_reader_release(c->store, db);
  return err;
}

/* A run that exists already by its key: moved on when it is unfinished. */
static enum err found_by_key(struct commands *c, int64_t id, bool start, const json_t *request, json_t **out,
                             struct error *e) {
  struct run_row row = {0};
  enum err err = runs_get(c, id, &row, e);
  if (err != OK) return err;
  if (start && !run_status_ended(row.status)) {
    if (row.status == RUN_WAITING && row.wait != FOR_GATE) {
      /* the new request's --until counts, and its models and budget where it names them */
      json_t *before = NULL;
      if (row.options) (void)jsonx_parse(row.options, strlen(row.options), "options", &before, NULL);
      err = check_options(c, request, e);
      if (err == OK) err = check_budget(c, request, before, e);
      char *options = err == OK ? runs_options(c, request, before, false) : NULL;
      struct op_run_command op = {
          .op.kind = &op_run_command_kind, .id = id, .what = RUN_RESUME, .options = options};
      if (options && (err = store_do(c->store, &op.op)) != OK && e) *e = op.op.error;
      if (err == ERR_CONFLICT) err = OK; /* it moved meanwhile */
      run_row_release(&op.row);
      free(options);
      json_decref(before);
    }
    if (err == OK) runs_start(c, id);
  }
  if (err == OK)
    *out = json_pack("{s:I, s:s, s:b, s:s}", "run", (json_int_t)id, "project", row.project, "existed", 1,
                     "status", run_status_word(row.status));
  run_row_release(&row);
  return err;
}

enum err command_run(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  return runs_create(c, request, 0, out, e);
}

enum err runs_create(struct commands *c, const json_t *request, int64_t replay_of, json_t **out,
                     struct error *e) {
  const char *key = jsonx_str(request, "key", NULL);
  bool start = !json_is_true(json_object_get(request, "hold"));
  int64_t existing = 0;
  if (key) {
    struct db *db = store_reader(c->store);
    enum err found = run_find_key(db, key, &existing);
    store_reader_release(c->store, db);
    if (found == OK) return found_by_key(c, existing, start, request, out, e);
  }
  struct prepared p = {0};
  enum err err = commands_refuse(c, e);
  if (err == OK) err = prepare(c, request, &p, e);
  if (err == OK) {
    struct script_source *files;
    struct op_script_set set = gather_op(p.scripts, &files);
    struct op_run_create op = {.op.kind = &op_run_create_kind,
                               .key = key,
                               .project = jsonx_str(request, "project", NULL),
                               .pipeline = p.pipeline,
                               .input = p.input,
                               .options = p.options,
                               .scripts = &set,
                               .replay_of = replay_of,
                               .gives = p.gives,
                               .n_gives = p.n_gives,
                               .wake_at = jsonx_int(request, "after_ms", 0),
                               .project_title = p.title,
                               .title_is_stand_in = p.title_is_stand_in};
    err = store_do(c->store, &op.op);
    free(files);
    if (err != OK && e) *e = op.op.error;
    if (err == OK && start) runs_start(c, op.id);
    if (err == OK)
      *out = json_pack("{s:I, s:s, s:b, s:s, s:o}", "run", (json_int_t)op.id, "project", op.project_slug,
                       "existed", op.existed, "status", run_status_word(RUN_QUEUED), "unpriced",
                       check_unpriced(c, request, NULL));
  }
  prepared_release(&p);
  return err;
}

/* ---- adopt, pause and cancel */

enum err command_adopt(struct commands *c, int64_t run, json_t **out, struct error *e) {
  struct run_row row = {0};
  enum err err = runs_get(c, run, &row, e);
  if (err != OK) return err;
  if (!run_status_ended(row.status) && row.status != RUN_WAITING) runs_start(c, run);
  *out = json_pack("{s:I, s:s, s:s}", "run", (json_int_t)run, "project", row.project, "status",
                   run_status_word(row.status));
  run_row_release(&row);
  return OK;
}

enum err command_pause(struct commands *c, int64_t run, json_t **out, struct error *e) {
  bool here = c->engine && engine_holds(c->engine, run);
  if (here) engine_pause(c->engine, run);
  struct op_run_command op = {.op.kind = &op_run_command_kind, .id = run, .what = RUN_PAUSE, .orphan = !here};
  struct run_row row = {0};
  enum err err = store_do(c->store, &op.op);
  /* the loop parks it */
  bool pausing =
      err == ERR_CONFLICT && here && runs_get(c, run, &row, NULL) == OK && row.status == RUN_RUNNING;
  if (err != OK && !pausing && e) *e = op.op.error;
  if (err == OK || pausing)
    *out = json_pack("{s:I, s:s}", "run", (json_int_t)run, "status",
                     pausing ? "pausing" : run_status_word(op.row.status));
  run_row_release(&op.row);
  run_row_release(&row);
  return pausing ? OK : err;
}

enum err command_cancel(struct commands *c, int64_t run, json_t **out, struct error *e) {
  if (c->engine) engine_cancel(c->engine, run); /* at once, if it is here; never waits for a lock */
  struct op_run_command op = {.op.kind = &op_run_command_kind, .id = run, .what = RUN_CANCEL};
  enum err err = store_do(c->store, &op.op);
  struct run_row row = {0};
  if (err == ERR_CONFLICT && runs_get(c, run, &row, NULL) == OK && row.status == RUN_CANCELLED)
    err = OK; /* the engine was first */
  run_row_release(&row);
  run_row_release(&op.row);
  if (err != OK && e) *e = op.op.error;
  if (err == OK)
    *out = json_pack("{s:I, s:s}", "run", (json_int_t)run, "status", run_status_word(RUN_CANCELLED));
  return err;
}
