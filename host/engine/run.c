/* run.c - one run from its first step to its end.
 *
 *   claim.c (epoch + 1) -> run_load -> run_begin (machine, sandbox, pipeline, main task) -> the scheduler
 *     -> run_end | run_park | run_fail | run_drop -> the row -> on_run_end -> freed when its last op came back */
#include "engine/run.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/sandbox.h"
#include "lua/value.h"

enum {
  BIG_STATE = 1 << 20, /* bytes; closing such a state takes milliseconds, so a pool thread does it */
  ROOM_AGAIN_MS = 10000
};

/* ---- begin */

static void raise_limits(lua_State *L, struct machine *m) {
  if (lua_getfield(L, -1, "limits") == LUA_TTABLE) {
    lua_getfield(L, -1, "memory_mb");
    lua_Number mb = luaL_optnumber(L, -1, 0);
    lua_getfield(L, -2, "phase_cpu_s");
    lua_Number cpu = luaL_optnumber(L, -1, 0);
    lua_getfield(L, -3, "run_cpu_s");
    lua_Number all = luaL_optnumber(L, -1, 0);
    size_t most = 8 * machine_default_limits.memory;
    if (mb > 0) m->limits.memory = mb * 1048576 > (double)most ? most : (size_t)(mb * 1048576);
    if (cpu > 0) m->limits.phase_cpu_ns = (uint64_t)(fmin(cpu, 3600) * 1e9);
    if (all > 0) m->limits.run_cpu_ns = (uint64_t)(fmin(all, 36000) * 1e9);
    lua_pop(L, 3);
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

static void park_paused(struct run *run) {
  if (run->pausing == PAUSE_PERSON)
    run_park(run, FOR_PAUSED, "a person paused it", NULL, 0);
  else
    run_park(run, FOR_STORE, "the disk has less free room than limits.free_mb", "make room (`quire prune`)",
             clock_wall_ms() + ROOM_AGAIN_MS);
}

void run_begin(struct run *run) {
  struct error e = {0};
  if (run->pausing) {
    park_paused(run);
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

/* Closes what is in memory: waits are detached, the machine goes away. The struct stays until its ops came back. `leaves`: it has not ended. */
static void close_run(struct run *run, bool leaves) {
  run->leaves = leaves;
  for (struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    struct task *t = list_owner(node, struct task, all);
    if (t->wait) wait_detach(t->wait);
    t->wait = NULL;
    list_remove(&t->ready);
  }
  while (list_pop_head(&run->behind)) continue;
  list_remove(&run->ready_node);
  list_remove(&run->set_node);
  trial_over(run);
  timer_clear(run->engine->loop, &run->pressure.rest);
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
  run_pressure_release(run);
  store_line_unref(run->line);
  map_free(run->seen, NULL);
  map_free(run->fresh, NULL);
  told_free(run->told);
  if (run->held) op_release(&run->held->op);
  script_set_unref(run->scripts);
  run_row_release(&run->row);
  json_decref(run->options);
  run_roles_release(&run->chosen);
  run_roles_release(&run->begun);
  for (size_t i = 0; i < run->n_noted; i++) free(run->noted[i]);
  free(run->noted);
  free(run->project_slug);
  free(run->until);
  free(run->phase);
  free(run->out_dir);
  with_release(&run->with);
  free(run);
  engine_look_at_drain(en);
}

static void post_lost(struct run *run);

static void status_written(struct run *run, struct store_op *base) {
  struct op_run_status *op = (struct op_run_status *)base;
  struct engine *en = run->engine;
  if (op->op.err == ERR_FENCED && op->op.builds && !run->line) { /* it ended by what could not be saved */
    post_lost(run);
    return;
  }
  if (op->op.err != OK && op->op.err != ERR_FENCED)
    log_errorx("run %lld: its status '%s' could not be written: %s", (long long)run->id,
               run_status_word(op->status), op->op.error.message);
  enum run_status came_to = op->op.err == ERR_FENCED ? RUN_NO_STATUS : op->status; /* another tells it */
  if (en->settings.on_run_end) en->settings.on_run_end(en->settings.arg, run->id, came_to);
}

struct op_run_status *run_status_op(const struct run *run, enum run_status status) {
  struct op_run_status *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_status_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->status = status;
  return op;
}

/* What a run comes to builds on all that it did; that it stops here does not. */
static void post_status(struct run *run, struct op_run_status *op) {
  bool builds = op->status == RUN_COMPLETED || op->status == RUN_FAILED;
  run_tell_last(run);
  if (builds) run_builds(run, &op->op);
  pending_post(run, NULL, &op->op, false, NULL, status_written);
}

/* Its last answers are gone: it waits, and then continues from its record. */
static void post_lost(struct run *run) {
  struct op_run_status *op = run_status_op(run, RUN_WAITING);
  op->wait = FOR_STORE;
  op->wait_for = mem_dup("the database did not take what the run did last");
  op->wake_at = clock_wall_ms() + ROOM_AGAIN_MS;
  post_status(run, op);
}

void run_end(struct run *run, enum run_status status, char *result, char *error) {
  if (run->state == RUN_GONE) {
    free(result);
    free(error);
    return;
  }
  run_replayed(run);
  close_run(run, false);
  struct op_run_status *op = run_status_op(run, status);
  op->result = result;
  op->error = error;
  post_status(run, op);
}

void run_park(struct run *run, enum run_wait wait, const char *why, const char *hint, int64_t wake_at) {
  if (run->state == RUN_GONE) return;
  struct op_run_status *op = run_status_op(run, wait ? RUN_WAITING : RUN_QUEUED);
  op->wait = wait;
  op->wait_for = mem_dup(why); /* before the script is closed: they may stand in one of its waits */
  op->wait_hint = hint && *hint ? mem_dup(hint) : NULL;
  op->wake_at = wake_at;
  close_run(run, true);
  post_status(run, op);
}

bool run_has_call_in_flight(const struct run *run) {
  for (const struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    const struct wait *w = list_owner(node, struct task, all)->wait;
    if (w && w->state == WAIT_STARTED && w->kind->in_flight && w->kind->in_flight(w)) return true;
  }
  return false;
}

bool run_look_paused(struct run *run) {
  if (!run->pausing || run->state != RUN_LIVE || run_has_call_in_flight(run)) return false;
  park_paused(run);
  return true;
}

void run_parked_by_store(struct run *run, enum run_status status) {
  struct engine *en = run->engine;
  int64_t id = run->id;
  close_run(run, true);
  if (en->settings.on_run_end) en->settings.on_run_end(en->settings.arg, id, status);
}

void run_stop(struct run *run) {
  close_run(run, true);
  run_maybe_free(run);
}

void run_drop(struct run *run) {
  if (run->state == RUN_GONE) return;
  log_warnx("run %lld moved on without this host (epoch %lld is over); dropped", (long long)run->id,
            (long long)run->epoch);
  run_parked_by_store(run, RUN_NO_STATUS);
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
  run_end(run, RUN_COMPLETED, buf_take(&out), NULL);
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
    run_fail(run, run_own_end(record), NULL, record);
    return;
  }
  if (t->group) group_member_ended(t->group);
}
