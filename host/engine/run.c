/* run.c - one run from claim to end.
 *
 *   engine_start_run -> claim (epoch + 1) -> run_load -> run_begin (machine, sandbox, pipeline, main task) -> the scheduler
 *     -> run_end | run_park | run_fail | run_drop -> the row -> on_run_end -> freed when its last op came back */
#include "engine/run.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"
#include "engine/until.h"
#include "lua/sandbox.h"
#include "lua/value.h"
#include "store/events.h"

enum {
  BIG_STATE = 1 << 20, /* bytes; closing such a state takes milliseconds, so a pool thread does it */
  MOST_SUMMARY = 4000, /* bytes of a summary or a label */
  MOST_ERROR = 16000,  /* of an error's message */
  MOST_REJECTED = 64   /* answers that an error names */
};

/* ---- claim */

static void set_out_dir(struct run *run) {
  const char *out = jsonx_str(run->options, "out", NULL);
  free(run->out_dir);
  run->out_dir =
      out ? mem_dup(out) : mem_printf("%s/%s", run->engine->settings.exports_dir, run->row.project);
}

void run_project_named(struct run *run, const char *slug) {
  free(run->project_slug);
  run->project_slug = mem_dup(slug);
  if (run->project != run->row.project_id) return;
  free(run->row.project);
  run->row.project = mem_dup(slug);
  set_out_dir(run);
}

struct run *run_find(struct engine *en, int64_t id) {
  for (struct list *node = en->runs.next; node != &en->runs; node = node->next) {
    struct run *run = list_owner(node, struct run, node);
    if (run->id == id && run->state != RUN_GONE) return run;
  }
  return NULL;
}

static void take_options(struct run *run) {
  jsonx_parse(run->row.options ? run->row.options : "{}", run->row.options ? strlen(run->row.options) : 2,
              "the run's options", &run->options, NULL);
  if (!run->options) run->options = json_object();
  const json_t *models = json_object_get(run->options, "models");
  const char *role;
  json_t *list;
  json_object_foreach((json_t *)(uintptr_t)models, role, list) {
    run->roles = mem_grow(run->roles, (run->n_roles + 1) * sizeof *run->roles);
    struct run_role *r = &run->roles[run->n_roles++];
    *r = (struct run_role){.role = mem_dup(role),
                           .models = mem_alloc((json_array_size(list) + 1) * sizeof(char *))};
    for (size_t i = 0; i < json_array_size(list); i++)
      if (json_is_string(json_array_get(list, i)))
        r->models[r->n++] = json_string_value(json_array_get(list, i));
  }
  const struct engine_settings *s = &run->engine->settings;
  double usd = jsonx_num(run->options, "budget_usd", -1);
  run->budget.limit_nano = usd >= 0 ? (int64_t)llround(usd * 1e9) : s->run_limit_nano;
  run->budget.limit_calls = jsonx_int(run->options, "budget_calls", s->run_limit_calls);
  run->budget.spent_nano = run->row.cost_nano;
  run->budget.calls = run->row.calls;
  const char *until = jsonx_str(run->options, "until", NULL);
  if (until) {
    run->until = mem_alloc(strlen(until) + 2);
    text_slug(until, strlen(until), run->until, strlen(until) + 2);
  }
  set_out_dir(run);
  const char *with = run->row.resume_with ? run->row.resume_with : "";
  run->with_scripts = strstr(with, "scripts") != NULL;
  run->with_artifacts = strstr(with, "artifacts") != NULL;
  run->with_models = strstr(with, "models") != NULL;
  run->with = mem_dup(with);
}

/* The guardian killed the host twice because of this run. */
static bool held_the_loop(const struct run *run) {
  struct pulse *pulse = run->engine->settings.pulse;
  int n = 0;
  for (size_t i = 0; pulse && i < sizeof pulse->hung_runs / sizeof *pulse->hung_runs; i++)
    n += atomic_load(&pulse->hung_runs[i]) == run->id;
  return n >= 2;
}

static int64_t most_deaths(const struct run *run) {
  return run->engine->settings.most_deaths > 0 ? run->engine->settings.most_deaths : 3;
}

void run_cancel(struct run *run) {
  struct error e = {0};
  run->cancelled = true;
  if (run->state == RUN_CLAIMING) { /* its row is not ours yet: `claimed` comes back to it */
    trial_skip(run);
    return;
  }
  err_set(&e, ERR_CANCELLED, "cancelled by a person");
  run_fail(run, ERR_CANCELLED, &e, NULL);
}

static struct op_run_status *status_op(const struct run *run, const char *status, const char *wait_kind,
                                       const char *why, int64_t wake_at, char *result, char *error);

static void claimed(struct run *run, struct store_op *base) {
  struct op_run_claim *op = (struct op_run_claim *)base;
  struct engine *en = run->engine;
  if (run->state != RUN_GONE && op->suspect) {
    trial_wait(run);
    return;
  }
  if (run->state == RUN_GONE || op->op.err != OK) {
    trial_over(run);
    if (op->op.err != OK && op->op.err != ERR_CONFLICT)
      log_errorx("run %lld could not be claimed: %s", (long long)run->id, op->op.error.message);
    bool told = run->state == RUN_GONE;
    /* Cancelled before it was here: its row must not stay 'running' in nobody's hands. */
    if (op->op.err == OK) {
      run->epoch = op->row.epoch;
      pending_post(run, NULL, &status_op(run, "cancelled", NULL, NULL, 0, NULL, NULL)->op, false, NULL, NULL);
    }
    run_row_release(&op->row); /* there is one also when the commit reported failure */
    run->state = RUN_GONE;
    if (!told && en->settings.on_run_end)
      en->settings.on_run_end(en->settings.arg, run->id,
                              op->op.err == ERR_CONFLICT ? "elsewhere" : "unclaimed");
    return;
  }
  engine_note_claim(en, op->waited_ms);
  run->row = op->row;
  run->epoch = run->row.epoch;
  run->project = run->row.project_id;
  run->project_slug = mem_dup(run->row.project);
  run->now_ms = run->row.started_at;
  take_options(run);
  run->state = RUN_LOADING;
  if (run->cancelled) {
    run_cancel(run);
    return;
  }
  if (held_the_loop(run)) {
    struct error e = {0};
    err_set(
        &e, ERR_STUCK,
        "stuck: its script held the host twice where nothing can interrupt it; the host had to be killed");
    err_hint(
        &e,
        "look for a C function that never returns (the guardian's log names the time), then `quire retry %lld --with scripts`",
        (long long)run->id);
    run_fail(run, ERR_STUCK, &e, NULL);
    return;
  }
  if (op->poison) {
    struct error e = {0};
    err_set(&e, ERR_STUCK,
            "stuck: %lld hosts in a row died while they worked on this run, and it got no further",
            (long long)run->row.deaths);
    err_hint(&e, "what it does kills the host; `quire retry %lld --with scripts` after a change",
             (long long)run->id);
    run_fail(run, ERR_STUCK, &e, NULL);
    return;
  }
  run_load(run);
}

/* What the guardian says of the host before this one, seen from this run. */
static int death_of(const struct run *run) {
  const struct pulse *pulse = run->engine->settings.pulse;
  int64_t blame = pulse ? atomic_load(&pulse->blame) : BLAME_NOBODY;
  return blame == run->id ? DEATH_BY_THIS : blame == BLAME_ANY ? DEATH_COUNTED : DEATH_NOT_COUNTED;
}

void run_post_claim(struct run *run, bool alone) {
  struct op_run_claim *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_claim_kind;
  op->id = run->id;
  op->adopt = true;
  op->alone = alone;
  op->death = death_of(run);
  op->deaths_most = most_deaths(run);
  pending_post(run, NULL, &op->op, false, NULL, claimed);
}

void run_claim(struct engine *en, int64_t id) {
  if (run_find(en, id) || en->draining) return;
  struct run *run = mem_alloc(sizeof *run);
  run->engine = en;
  run->id = id;
  run->journal = map_new();
  run->by_content = map_new();
  run->seen = map_new();
  list_init(&run->tasks);
  list_init(&run->ended);
  list_init(&run->groups);
  list_init(&run->ready);
  list_init(&run->inbox);
  list_init(&run->losers);
  list_init(&run->ready_node);
  list_init(&run->set_node);
  list_init(&run->suspect_node);
  list_push_tail(&en->runs, &run->node);
  en->n_runs++;
  engine_note_held(en, id, true);
  run_post_claim(run, false);
}

void run_models(const struct run *run, const char *role, const char *const **models, size_t *n) {
  *models = NULL;
  *n = 0;
  for (size_t i = 0; i < run->n_roles; i++) {
    const struct run_role *r = &run->roles[i];
    bool exact = strcmp(r->role, role) == 0;
    if (!exact && (*models || strcmp(r->role, "") != 0)) continue;
    *models = r->models;
    *n = r->n;
    if (exact) return;
  }
}

/* ---- begin */

static void raise_limits(lua_State *L, struct machine *m) {
  if (lua_getfield(L, -1, "limits") == LUA_TTABLE) {
    lua_getfield(L, -1, "memory_mb");
    lua_Number mb = luaL_optnumber(L, -1, 0);
    lua_getfield(L, -2, "phase_cpu_s");
    lua_Number cpu = luaL_optnumber(L, -1, 0);
    size_t most = 8 * machine_default_limits.memory;
    if (mb > 0) m->limits.memory = mb * 1048576 > (double)most ? most : (size_t)(mb * 1048576);
    if (cpu > 0) m->limits.phase_cpu_ns = (uint64_t)(fmin(cpu, 3600) * 1e9);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* Libraries, API tables, the pipeline, the main task. On the main thread, protected. */
static void open_run(lua_State *L, void *arg) {
  struct run *run = arg;
  uint8_t seed[SHA_BYTES];
  sha256(run->row.input, strlen(run->row.input), seed);
  sandbox_open(L, seed);
  script_set_open(L, run->scripts);
  sandbox_close_globals(L, run->engine->settings.apis);
  char name[200];
  snprintf(name, sizeof name, "pipelines/%s", run->row.pipeline);
  script_set_require(L, name);
  if (lua_type(L, -1) != LUA_TTABLE || lua_getfield(L, -1, "run") != LUA_TFUNCTION)
    luaL_error(L, "pipelines/%s.lua must return a table with a function 'run'", run->row.pipeline);
  lua_insert(L, -2);
  raise_limits(L, run->machine);
  lua_pop(L, 1);
  lua_State *co = lua_newthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, run);                     /* anchors the main task */
  value_push_json(L, run->row.input, strlen(run->row.input)); /* here: the task's own stack stays small */
  lua_xmove(L, co, 2);
  run->main = task_new(run, NULL, NULL, co);
  run->main->n_args = 1;
}

static void keep_machine_out_of(struct run *run);

void run_begin(struct run *run) {
  struct error e = {0};
  if (run->pausing) {
    run_park(run, "paused", "a person paused it", 0);
    return;
  }
  run->machine = machine_new(&run->engine->settings.machine, &e);
  if (!run->machine) {
    run_fail(run, ERR_LIMIT, &e, NULL);
    return;
  }
  run->machine->owner = run;
  struct pulse *pulse = run->engine->settings.pulse;
  if (pulse) atomic_store(&pulse->run, run->id);
  enum err err = machine_protect(run->machine, open_run, run, &e);
  if (pulse) atomic_store(&pulse->run, 0);
  if (err != OK) {
    run_fail(run, err == ERR_LIMIT ? ERR_LIMIT : ERR_SCRIPT, &e, NULL);
    return;
  }
  run->state = RUN_LIVE;
  run->beat_ns = clock_mono_ns();
  task_start(run->main);
}

/* ---- end */

static void free_machine(struct job *j);
struct closing {
  struct job job;
  struct machine *machine;
};
static void free_machine(struct job *j) {
  struct closing *c = list_owner(j, struct closing, job);
  machine_free(c->machine);
  free(c);
}

/* Closes what is in memory: waits are detached, the machine goes away. The struct stays until its ops came back. */
static void close_run(struct run *run) {
  for (struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    struct task *t = list_owner(node, struct task, all);
    if (t->wait) wait_detach(t->wait);
    t->wait = NULL;
    list_remove(&t->ready);
  }
  list_remove(&run->ready_node);
  list_remove(&run->set_node);
  trial_over(run);
  run->scheduled = false;
  keep_machine_out_of(run);
  run->state = RUN_GONE;
}

static void keep_machine_out_of(struct run *run) {
  struct machine *m = run->machine;
  run->machine = NULL;
  if (!m) return;
  if (m->used < BIG_STATE) {
    machine_free(m);
    return;
  }
  struct closing *c = mem_alloc(sizeof *c);
  c->job.work = free_machine;
  c->machine = m;
  pool_submit(run->engine->pool, &c->job);
}

void run_maybe_free(struct run *run) {
  if (run->state != RUN_GONE || run->in_flight > 0) return;
  list_remove(&run->node);
  run->engine->n_runs--;
  if (!run_find(run->engine, run->id)) engine_note_held(run->engine, run->id, false);
  struct engine *en = run->engine;
  task_free_all(run);
  run_journal_free(run);
  map_free(run->seen, NULL);
  map_free(run->fresh, NULL);
  script_set_unref(run->scripts);
  run_row_release(&run->row);
  json_decref(run->options);
  for (size_t i = 0; i < run->n_roles; i++) {
    free(run->roles[i].role);
    free(run->roles[i].models);
  }
  free(run->roles);
  free(run->project_slug);
  free(run->until);
  free(run->phase);
  free(run->out_dir);
  free(run->with);
  free(run);
  engine_look_at_drain(en);
}

static void status_written(struct run *run, struct store_op *base) {
  struct op_run_status *op = (struct op_run_status *)base;
  struct engine *en = run->engine;
  if (op->op.err != OK && op->op.err != ERR_FENCED)
    log_errorx("run %lld: its status '%s' could not be written: %s", (long long)run->id, op->status,
               op->op.error.message);
  if (en->settings.on_run_end) en->settings.on_run_end(en->settings.arg, run->id, op->status);
}

static struct op_run_status *status_op(const struct run *run, const char *status, const char *wait_kind,
                                       const char *why, int64_t wake_at, char *result, char *error) {
  struct op_run_status *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_status_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->status = mem_dup(status);
  op->wait_kind = mem_dup(wait_kind);
  op->wait_for = mem_dup(why);
  op->wake_at = wake_at;
  op->result = result;
  op->error = error;
  return op;
}

static void post_status(struct run *run, const char *status, const char *wait_kind, const char *why,
                        int64_t wake_at, char *result, char *error) {
  struct op_run_status *op = status_op(run, status, wait_kind, why, wake_at, result, error);
  pending_post(run, NULL, &op->op, false, NULL, status_written);
}

void run_end(struct run *run, const char *status, char *result, char *error) {
  if (run->state == RUN_GONE) {
    free(result);
    free(error);
    return;
  }
  close_run(run);
  post_status(run, status, NULL, NULL, 0, result, error);
}

void run_park(struct run *run, const char *wait_kind, const char *why, int64_t wake_at) {
  if (run->state == RUN_GONE) return;
  char *kept = mem_dup(why); /* it may stand in a wait, which is gone with the script */
  close_run(run);
  post_status(run, strcmp(wait_kind, "queued") == 0 ? "queued" : "waiting",
              strcmp(wait_kind, "queued") == 0 ? NULL : wait_kind, kept, wake_at, NULL, NULL);
  free(kept);
}

bool run_has_call_in_flight(const struct run *run) {
  for (const struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    const struct wait *w = list_owner(node, struct task, all)->wait;
    if (w && w->state == WAIT_STARTED && strcmp(w->kind->name, "llm") == 0) return true;
  }
  return false;
}

bool run_look_paused(struct run *run) {
  if (!run->pausing || run->state != RUN_LIVE || run_has_call_in_flight(run)) return false;
  run_park(run, "paused", "a person paused it", 0);
  return true;
}

void run_parked_by_store(struct run *run, const char *status) {
  struct engine *en = run->engine;
  int64_t id = run->id;
  close_run(run);
  if (en->settings.on_run_end) en->settings.on_run_end(en->settings.arg, id, status);
}

void run_stop(struct run *run) {
  close_run(run);
  run_maybe_free(run);
}

void run_drop(struct run *run) {
  if (run->state == RUN_GONE) return;
  log_warnx("run %lld moved on without this host (epoch %lld is over); dropped", (long long)run->id,
            (long long)run->epoch);
  run_parked_by_store(run, "elsewhere");
}

/* ---- errors */

static const char *kind_of(enum err code) {
  switch (code) {
  case ERR_LIMIT: return "limit";
  case ERR_STUCK: return "stuck";
  case ERR_BUDGET: return "budget";
  case ERR_CANCELLED: return "cancelled";
  case ERR_PROVIDER:
  case ERR_UNAVAILABLE:
  case ERR_AUTH: return "provider";
  case ERR_SCRIPT:
  case ERR_INVALID:
  case ERR_NOT_FOUND: return "script";
  default: return "store";
  }
}

/* Reads "scripts/phases/writing.lua:12: ..." */
static void add_place(json_t *record, const char *message) {
  const char *at = strstr(message, ".lua:");
  if (!at) return;
  const char *start = at;
  while (start > message && start[-1] != ' ' && start[-1] != '\n') start--;
  json_object_set_new(record, "file", json_stringn(start, (size_t)(at + 4 - start)));
  int line = atoi(at + 5);
  if (line > 0) json_object_set_new(record, "line", json_integer(line));
}

struct report {
  struct task *task;
  json_t *record;
};

/* What is shown in one line does not need more; scripts can hand over megabytes. */
static char *first_bytes(const char *s, size_t most) {
  if (!s) return NULL;
  size_t n = strnlen(s, most + 1);
  if (n <= most) return mem_dup(s);
  while (most > 0 && ((unsigned char)s[most] & 0xC0) == 0x80) most--;
  return mem_dup_n(s, most);
}

static void set_text(json_t *record, const char *field, const char *s) {
  if (s) json_object_set_new(record, field, jsonx_words(s, MOST_ERROR));
}

/* The answers that the error says were no good, by their seq: a retry asks those questions anew (store/runs.c). The error table is
 * on top of `co`. */
static void copy_rejected(lua_State *L, lua_State *co, json_t *record) {
  int error = lua_gettop(co);
  lua_pushliteral(L, "rejected");
  lua_xmove(L, co, 1);
  if (lua_rawget(co, error) == LUA_TTABLE) {
    json_t *list = json_array();
    for (int i = 1; i <= MOST_REJECTED && lua_rawgeti(co, -1, i) == LUA_TNUMBER; i++) {
      json_array_append_new(list, json_integer(lua_tointeger(co, -1)));
      lua_pop(co, 1);
    }
    json_object_set_new(record, "rejected", list);
  }
  lua_settop(co, error);
}

/* The dead task's stack is still there. Protected: it allocates. */
static void build_report(lua_State *L, void *arg) {
  struct report *r = arg;
  lua_State *co = r->task->L;
  run_of(L)->machine->grace = true;
  if (lua_type(co, -1) == LUA_TTABLE) {
    static const char *const fields[] = {"kind", "message", "hint", "provider_text", "request_id", NULL};
    for (int i = 0; fields[i]; i++) {
      lua_pushstring(L, fields[i]);
      lua_xmove(L, co, 1);
      lua_rawget(co, -2);
      if (lua_type(co, -1) == LUA_TSTRING) set_text(r->record, fields[i], lua_tostring(co, -1));
      lua_pop(co, 1);
    }
    copy_rejected(L, co, r->record);
  } else if (lua_type(co, -1) == LUA_TSTRING) {
    const char *message = lua_tostring(co, -1);
    set_text(r->record, "message", message);
    if (strstr(message, ": limit: ")) set_text(r->record, "kind", "limit");
  }
  luaL_traceback(L, co, NULL, 0);
  set_text(r->record, "traceback", lua_tostring(L, -1));
}

json_t *run_error_record(struct run *run, struct task *t) {
  struct report r = {t, json_object()};
  if (run->machine && lua_gettop(t->L) > 0 && lua_checkstack(t->L, 4))
    machine_protect(run->machine, build_report, &r, NULL);
  if (t->scope && strcmp(t->scope, "/") != 0) set_text(r.record, "task", t->scope);
  return r.record;
}

void run_fail(struct run *run, enum err code, const struct error *e, json_t *record) {
  if (!record) record = json_object();
  const char *message = e && e->message[0]
                            ? e->message
                            : jsonx_str(record, "message", "the script raised an error without a message");
  char *text = mem_dup(message);
  if (e && e->message[0])
    set_text(record, "message", text);
  else if (!json_object_get(record, "message"))
    set_text(record, "message", text);
  if (!json_object_get(record, "kind")) set_text(record, "kind", kind_of(code));
  if (e && e->hint[0]) set_text(record, "hint", e->hint);
  if (run->phase) set_text(record, "phase", run->phase);
  set_text(record, "code", err_name(code));
  add_place(record, text);
  log_errorx("run %lld failed: %s", (long long)run->id, text);
  run_event(run, "error", json_deep_copy(record));
  char *error = jsonx_dumps(record);
  json_decref(record);
  free(text);
  run_end(run, code == ERR_CANCELLED ? "cancelled" : "failed", NULL, error);
}

/* ---- tasks that end */

static void finish_main(struct run *run, struct task *t) {
  struct error e = {0};
  struct buf out;
  buf_init(&out, MAX_JOURNAL_BYTES);
  if (t->n_results == 0)
    buf_puts(&out, "null");
  else if (value_encode(t->L, -t->n_results, &out, &e) != OK) {
    buf_release(&out);
    struct error told = {0};
    err_set(&told, ERR_SCRIPT, "pipelines/%s.lua: what run returns must be JSON: %s", run->row.pipeline,
            e.message);
    run_fail(run, ERR_SCRIPT, &told, NULL);
    return;
  }
  if (run->until && !run->until_met && !(run->phase && run_until_reached(run, run->phase)))
    run_event(run, "log",
              json_pack("{s:s, s:o}", "level", "warn", "text",
                        json_sprintf("there was no phase and no checkpoint '%s' to stop after", run->until)));
  run_end(run, "completed", buf_take(&out), NULL);
}

/* What a script may say of its own end. That it was cancelled is a person's word: the run would look as if somebody had stopped it. */
static enum err own_end(json_t *record) {
  const char *kind = jsonx_str(record, "kind", "");
  for (int c = 1; c < ERR_COUNT; c++)
    if (c != ERR_CANCELLED && strcmp(kind, err_name(c)) == 0) return c;
  if (strcmp(kind, err_name(ERR_CANCELLED)) == 0) set_text(record, "kind", kind_of(ERR_SCRIPT));
  return ERR_SCRIPT;
}

static void group_member_ended(struct task_group *g) {
  while (g->next < g->n && g->tasks[g->next]->state >= TASK_DONE) g->next++;
  if (g->next < g->n) task_start(g->tasks[g->next++]);
  task_group_left(g);
}

void run_task_ended(struct task *t) {
  struct run *run = t->run;
  run->unfinished_tasks--;
  task_ended(t);
  if (t == run->main) {
    if (t->state == TASK_DONE) {
      finish_main(run, t);
      return;
    }
    json_t *record = run_error_record(run, t);
    run_fail(run, own_end(record), NULL, record);
    return;
  }
  if (t->group) group_member_ended(t->group);
}

/* ---- what scripts do without waiting */

/* Was this event told by an earlier life of the run? In an exact replay the n-th event is the n-th event; a run resumed --with changes
 * tells nothing while it repeats and counts on from there. */
static bool told_before(struct run *run) {
  bool changed = run->with_scripts || run->with_artifacts || run->with_models;
  if (changed && run->replaying && run->events_told > 0) return true; /* a retry has told nothing yet */
  if (changed && !run->events_shifted) {
    run->events = run->events_told + 1;
    run->events_shifted = true;
  }
  return run->events <= run->events_told;
}

void run_event(struct run *run, const char *kind, json_t *data) {
  bool counted =
      run->state >= RUN_LIVE; /* else how many were told is not known; and this life tells no other */
  if (counted) run->events++;
  if (!counted || !told_before(run)) {
    if (counted) json_object_set_new(data, "i", json_integer(run->events));
    char *text = jsonx_dumps(data);
    if (text) events_post(run->engine->store, run->id, run->epoch, kind, text);
    free(text);
  }
  json_decref(data);
}

void run_beat(struct run *run) {
  run->beat_ns = clock_mono_ns();
  run->beat_dirty = true;
}

void run_progress(struct run *run, const char *phase, const char *summary, int64_t done, int64_t total,
                  const char *label) {
  run_beat(run);
  if (run->replaying && !phase) return;
  struct op_run_progress *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_progress_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->phase = mem_dup(phase);
  op->summary = first_bytes(summary, MOST_SUMMARY);
  op->label = first_bytes(label, MOST_SUMMARY);
  op->done = done;
  op->total = total;
  run->beat_dirty = false;
  pending_post(run, NULL, &op->op, false, NULL, NULL);
}

void run_note_write(struct run *run, const char *subject) {
  if (run->unused == 0) return; /* nothing recorded is left to be read */
  char key[300];
  int n = snprintf(key, sizeof key, "%lld/%s", (long long)run->project, subject);
  if (!run->fresh) run->fresh = map_new();
  map_put_n(run->fresh, key, (size_t)n, run);
}

bool run_wrote(const struct run *run, const char *subject) {
  char key[300];
  int n = snprintf(key, sizeof key, "%lld/%s", (long long)run->project, subject);
  return run->fresh && map_get_n(run->fresh, key, (size_t)n);
}

bool run_until_reached(struct run *run, const char *name) {
  if (!run->until || !name) return false;
  bool reached = until_means(run->until, name);
  if (reached) run->until_met = true;
  return reached;
}
