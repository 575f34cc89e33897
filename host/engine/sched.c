/* sched.c - the scheduler: who goes on next, and the one place where Lua is resumed.
 *
 *   sched_pass (the loop's idle callback) -> sched_run -> resume_task -> what it yielded for: preempted | a wait | done | an error
 *
 * A run does one thing at a time. While one of its tasks can go on without an answer it goes on; only then is the answer with the lowest
 * seq delivered. In replay all answers are there at once, and this rule takes them in the order of the first time. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "engine/with.h"
#include "lua/value.h"

enum { RESUMES_A_PASS = 16, LOOP_GUARD = 8, STORE_AGAIN_MS = 10000 };

/* A run that repeats what is recorded goes first: after a restart one run after the other reaches its first new call, and its model works
 * while the next one repeats. In turns, all would reach it last. */
void sched_add(struct run *run) {
  if (run->scheduled || run->state != RUN_LIVE) return;
  run->scheduled = true;
  bool spins = run->machine && run->machine->preempted; /* then it is its script that takes the time */
  if (run->replaying && !spins)
    list_push_head(&run->engine->ready, &run->ready_node);
  else
    list_push_tail(&run->engine->ready, &run->ready_node);
}

/* ---- waits: making, yielding, ending */

void wait_allowed(lua_State *L, const char *api_name) {
  struct run *run = run_of(L);
  if (!run || !run->current)
    luaL_error(L, "%s cannot be called at a module's top level; call it from the pipeline's run function",
               api_name);
  if (!lua_isyieldable(L))
    luaL_error(
        L, "%s cannot wait here (inside a sort comparator, a gsub callback, a step, or a module's top level)",
        api_name);
}

/* n of this (kind, hash) in the task's scope: the first is 1. */
static int64_t count_equal(struct task *t, const struct journal_key *key) {
  char packed[64 + SHA_BYTES];
  size_t kind = strlen(key->kind);
  if (kind > 63) kind = 63;
  memcpy(packed, key->kind, kind);
  memcpy(packed + kind, key->hash, SHA_BYTES);
  if (!t->counts) t->counts = map_new();
  intptr_t n = (intptr_t)map_get_n(t->counts, packed, kind + SHA_BYTES) + 1;
  map_put_n(t->counts, packed, kind + SHA_BYTES, (void *)n);
  return n;
}

struct wait *wait_new(struct run *run, const struct wait_kind *kind, void *data) {
  struct task *t = run->current;
  if (t->wait) wait_free(t->wait); /* made, but something raised before it was yielded for */
  struct wait *w = mem_alloc(sizeof *w);
  w->kind = kind;
  w->task = t;
  w->data = data;
  buf_init(&w->content, MAX_REQUEST_BYTES);
  list_init(&w->inbox);
  t->wait = w;
  return w;
}

void wait_seal(struct wait *w) {
  if (!w->kind->journaled || w->key.scope) return;
  w->key.scope = w->task->scope;
  w->key.kind = w->kind->name;
  struct sha256 *h = sha256_begin(); /* the canonical form's version stands in front: "1" */
  sha256_add(h, "quire 1 ", 8);
  sha256_add(h, w->kind->name, strlen(w->kind->name) + 1);
  sha256_add(h, w->content.data, w->content.len);
  sha256_end(h, w->key.hash);
  w->key.n = count_equal(w->task, &w->key);
  buf_release(&w->content);
}

/* {"failed":{"kind","message","hint"}} as an error table, with the place in front of the message. */
static int raise_failure(lua_State *L, const struct wait *w) {
  value_push_json(L, w->result, w->n_result);
  lua_getfield(L, -1, "failed");
  luaL_where(L, 1);
  lua_getfield(L, -2, "message");
  lua_concat(L, 2);
  lua_setfield(L, -2, "message");
  return lua_error(L);
}

/* The continuation: under lua_resume, so raising is fine. The wait belongs to task->finished until the resume is over. */
static int wait_continue(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  (void)ctx;
  struct task *t = run_of(L)->current;
  struct wait *w = t->wait;
  t->wait = NULL;
  t->finished = w;
  return w->failed ? raise_failure(L, w) : w->kind->finish(L, w);
}

int wait_yield(lua_State *L, struct wait *w) {
  wait_seal(w);
  return lua_yieldk(L, 0, 0, wait_continue);
}

void wait_free(struct wait *w) {
  if (w->kind->release)
    w->kind->release(w);
  else
    free(w->data);
  buf_release(&w->content);
  free(w->result);
  free(w);
}

/* Nobody wants it any more. Its op, if one is in flight, comes back to nothing. */
void wait_detach(struct wait *w) {
  struct engine *en = w->task->run->engine;
  if (w->state == WAIT_STARTED && w->kind->cancel) w->kind->cancel(w);
  timer_clear(en->loop, &w->timer);
  list_remove(&w->inbox);
  w->state = WAIT_DETACHED;
  w->task = NULL;
  if (!w->pending) wait_free(w);
}

void wait_insert(struct wait *w) {
  struct list *inbox = &w->task->run->inbox, *at = inbox->prev;
  while (at != inbox && list_owner(at, struct wait, inbox)->seq > w->seq) at = at->prev;
  list_insert_before(at->next, &w->inbox);
}

/* ---- answers */

void wait_ready(struct wait *w) {
  w->state = WAIT_READY;
  if (list_empty(&w->inbox)) wait_insert(w);
  sched_add(w->task->run);
}

void wait_deliver(struct wait *w, char *result, size_t n) {
  w->result = result;
  w->n_result = n;
  wait_ready(w);
}

/* The database took or gave nothing, for longer than its policy tries. That is no error of the script, and it must not decide by it: the
 * run waits, keeps its journal, and tries again. */
static void store_failed(struct run *run, const struct store_op *op) {
  char why[1000];
  snprintf(why, sizeof why, "%s%s%s", op->error.message, op->error.hint[0] ? "; " : "", op->error.hint);
  log_warnx("run %lld waits and tries again by itself: %s", (long long)run->id, why);
  run_park(run, "store", why, clock_wall_ms() + STORE_AGAIN_MS);
}

static bool is_of_the_store(enum err err) {
  return err == ERR_LOCKED || err == ERR_NOSPACE || err == ERR_READONLY || err == ERR_IO ||
         err == ERR_CORRUPT || err == ERR_CLOSED;
}

bool run_park_for_store(struct run *run, enum err err, const struct error *e) {
  if (!is_of_the_store(err)) return false;
  struct store_op op = {.err = err, .error = *e};
  store_failed(run, &op);
  return true;
}

static const char failure_head[] = "{\"failed\":{";

void wait_fail(struct wait *w, enum err code, const struct error *e) {
  json_t *v = json_pack("{s:{s:s, s:o}}", "failed", "kind", err_name(code), "message",
                        jsonx_words(e->message, sizeof e->message));
  if (e->hint[0])
    json_object_set_new(json_object_get(v, "failed"), "hint", jsonx_words(e->hint, sizeof e->hint));
  char *text = jsonx_dumps(v);
  json_decref(v);
  w->failed = true;
  wait_journal(w, text, strlen(text));
}

/* What a script's own step returns may look like anything, but no step fails here. */
static bool is_failure(const struct wait *w) {
  return w->n_result > sizeof failure_head && strcmp(w->key.kind, "step") != 0 &&
         memcmp(w->result, failure_head, sizeof failure_head - 1) == 0;
}

void wait_take(struct wait *w, struct store_op *op, char **result) {
  if (op->err != OK) {
    if (is_of_the_store(op->err))
      store_failed(w->task->run, op);
    else
      wait_fail(w, op->err, &op->error);
    return;
  }
  char *taken = *result;
  *result = NULL;
  wait_deliver(w, taken, strlen(taken));
}

static void journaled(struct wait *w, struct store_op *op) {
  if (op->err != OK) {
    store_failed(w->task->run, op);
    return;
  }
  wait_ready(w); /* w->result was set by wait_journal */
}

void wait_post(struct wait *w, struct store_op *op, struct journal_entry *entry,
               void (*done)(struct wait *w, struct store_op *op)) {
  struct run *run = w->task->run;
  w->state = WAIT_STARTED;
  if (entry) {
    w->seq = ++run->seq;
    w->at_ms = clock_wall_ms();
    entry->run = run->id;
    entry->epoch = run->epoch;
    entry->seq = w->seq;
    entry->key = w->key;
    entry->supersedes = w->supersedes;
    entry->call_id = w->call_id;
    entry->at_ms = w->at_ms;
  }
  pending_post(run, w, op, false, done, NULL);
}

void wait_journal(struct wait *w, char *result, size_t n) {
  struct op_journal *op = mem_alloc(sizeof *op);
  op->op.kind = &op_journal_kind;
  w->result = result;
  w->n_result = n;
  op->entry.result = result;
  op->entry.n_result = n;
  wait_post(w, &op->op, &op->entry, journaled);
}

/* ---- starting a wait: the journal first */

struct op_fetch {
  struct store_op op;
  int64_t id, call_id, version, horizon, run; /* version: of a recorded read, when it may have changed */
  int64_t newer, project;
  char *subject; /* what a recorded read was of */
  struct buf out;
};

static enum err fetch_apply(struct db *db, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  return journal_result(db, op->id, op->call_id, &op->out);
}
static void fetch_free(struct store_op *base) {
  buf_release(&((struct op_fetch *)base)->out);
  free(((struct op_fetch *)base)->subject);
  free(base);
}
static const struct store_op_kind fetch_kind = {
    .name = "journal_fetch", .apply = fetch_apply, .free = fetch_free};

/* The recorded answer is there: deliver it, or write it under its new key first (adopted, or a late answer). */
static void recorded_ready(struct wait *w, char *result, size_t n) {
  w->result = result;
  w->n_result = n;
  w->failed = is_failure(w);
  if (!w->recorded) {
    wait_journal(w, result, n);
  } else if (w->kind->restore && !w->failed) {
    w->state = WAIT_LOADING;
    w->kind->restore(w);
  } else {
    wait_ready(w);
  }
}

static void fetched(struct wait *w, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  if (op->op.err != OK) {
    store_failed(w->task->run, &op->op);
    return;
  }
  size_t n = op->out.len;
  recorded_ready(w, buf_take(&op->out), n);
}

static void use_entry(struct wait *w, struct entry *e, bool adopted) {
  w->call_id = e->call_id;
  w->recorded = !adopted && e->seq != 0;
  if (w->recorded) {
    w->seq = e->seq;
    w->at_ms = e->at_ms;
    wait_insert(w); /* its place in the order is taken, also while it is being fetched */
  }
  if (e->result) {
    char *result = e->result;
    e->result = NULL;
    recorded_ready(w, result, e->n_result);
    return;
  }
  w->state = WAIT_LOADING;
  struct op_fetch *op = mem_alloc(sizeof *op);
  op->op.kind = &fetch_kind;
  op->id = e->id;
  op->call_id = e->id ? 0 : e->call_id;
  buf_init(&op->out, MAX_JOURNAL_BYTES + MAX_ANSWER_BYTES);
  pending_post(w->task->run, w, &op->op, true, fetched, NULL);
}

/* Was the recorded read made before something that this life of the run has written anew? */
static bool overtaken(const struct run *run, const struct wait *w) {
  if (!run->fresh) return false;
  if (w->subject) return run_wrote(run, w->subject);
  return strcmp(w->key.kind, "list") == 0 || strcmp(w->key.kind, "history") == 0;
}

/* Does the resume ask for a new answer although one is recorded? */
static bool asked_again(struct run *run, const struct wait *w, const struct entry *e) {
  if (overtaken(run, w)) return true;
  if (run->with_models && strcmp(w->key.kind, "llm") == 0 && e->model && e->role) {
    if (!with_models_of(run->with, e->role)) return false;
    const char *const *models;
    size_t n_models;
    run_models(run, e->role, &models, &n_models);
    const char *now = llm_resolve(run->engine->llm, e->role, models, n_models);
    return now && strcmp(now, e->model) != 0;
  }
  return false;
}

/* --with artifacts: a recorded read is looked at again. */
static enum err changed_apply(struct db *db, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  enum err err = journal_result(db, op->id, 0, &op->out);
  if (err != OK) return err;
  json_t *v = NULL;
  if (jsonx_parse(op->out.data, op->out.len, "a recorded read", &v, NULL) == OK && json_is_object(v))
    err = artifact_changed(db, jsonx_int(v, "id", 0), op->horizon, op->run, &op->newer);
  else if (op->subject) /* there was none then */
    err = artifact_appeared(db, op->project, op->subject, op->horizon, op->run, &op->newer);
  json_decref(v);
  return err;
}
static const struct store_op_kind changed_kind = {
    .name = "artifact_changed", .apply = changed_apply, .free = fetch_free};

static void looked_again(struct wait *w, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  if (op->op.err == OK && op->newer) {
    list_remove(&w->inbox);
    w->recorded = false;
    w->supersedes = op->id;
    w->task->run->replaying = false;
    w->kind->start(w);
    return;
  }
  fetched(w, base);
}

static void look_again(struct wait *w, struct entry *e) {
  struct run *run = w->task->run;
  w->recorded = true;
  w->seq = e->seq;
  w->at_ms = e->at_ms;
  w->state = WAIT_LOADING;
  wait_insert(w);
  struct op_fetch *op = mem_alloc(sizeof *op);
  op->op.kind = &changed_kind;
  op->id = e->id;
  op->horizon = run->row.read_horizon;
  op->run = run->id;
  op->project = run->project;
  op->subject = w->subject ? mem_dup(w->subject) : NULL;
  buf_init(&op->out, MAX_JOURNAL_BYTES);
  pending_post(run, w, &op->op, true, looked_again, NULL);
}

/* For tests: a script that holds the loop where nothing interrupts it ("loop_hang_7:stop" for run 7), a host that crashes by a run but not
 * in it ("wait_start_7:abort"). */
static void run_failpoint(const struct run *run, const char *place) {
  char name[40];
  if (!failpoints_armed()) return;
  snprintf(name, sizeof name, "%s_%lld", place, (long long)run->id);
  failpoint(name);
}

static void wait_start(struct wait *w) {
  struct run *run = w->task->run;
  run_failpoint(run, "wait_start");
  w->task->state = TASK_WAITING;
  bool adopted = false;
  struct entry *e = w->kind->journaled && run->journal ? run_journal_find(run, w, &adopted) : NULL;
  if (e && !adopted && asked_again(run, w, e)) {
    w->supersedes = e->id;
    w->anew = true;
    e = NULL;
  }
  if (e && run->with_artifacts && e->id && strcmp(w->key.kind, "get") == 0)
    look_again(w, e);
  else if (e)
    use_entry(w, e, adopted);
  else {
    if (w->kind->journaled) run->replaying = false;
    w->state = WAIT_STARTED;
    w->kind->start(w);
  }
}

/* ---- resuming */

/* Equal questions with equal answers, again and again, are a loop that costs money. */
static bool goes_round(struct task *t, const struct wait *w) {
  if (!w->kind->journaled || (strcmp(w->key.kind, "llm") != 0 && strcmp(w->key.kind, "step") != 0))
    return false;
  uint8_t result[SHA_BYTES];
  sha256(w->result, w->n_result, result);
  bool same =
      memcmp(t->last_hash, w->key.hash, SHA_BYTES) == 0 && memcmp(t->last_result, result, SHA_BYTES) == 0;
  memcpy(t->last_hash, w->key.hash, SHA_BYTES);
  memcpy(t->last_result, result, SHA_BYTES);
  t->repeats = same ? t->repeats + 1 : 1;
  return t->repeats >= LOOP_GUARD;
}

static void task_done(struct task *t, int n_results) {
  t->state = TASK_DONE;
  t->n_results = n_results;
  run_task_ended(t);
}

static void task_failed(struct task *t) {
  t->state = TASK_FAILED;
  run_task_ended(t);
}

static void resume_task(struct run *run, struct task *t) {
  int n_args = t->state == TASK_NEW ? t->n_args : 0, n_results = 0;
  t->state = TASK_READY;
  struct pulse *pulse = run->engine->settings.pulse;
  if (pulse)
    atomic_store(&pulse->run, run->id); /* if this never comes back, the guardian knows whom to name */
  run_failpoint(run, "loop_hang");
  run->current = t;
  machine_slice_begin(run->machine, t->L);
  int status = lua_resume(t->L, NULL, n_args, &n_results);
  machine_slice_end(run->machine);
  run->current = NULL;
  if (pulse) atomic_store(&pulse->run, 0);
  if (t->finished) {
    wait_free(t->finished);
    t->finished = NULL;
  }
  if (run->machine->kill) {
    struct error e = {0};
    machine_kill_reason(run->machine, &e);
    run_fail(run, ERR_LIMIT, &e, run_error_record(run, t));
  } else if (status == LUA_YIELD && run->machine->preempted) {
    list_push_head(&run->ready, &t->ready); /* before its siblings: slices must not change the order */
  } else if (status == LUA_YIELD && t->wait) {
    wait_start(t->wait);
  } else if (status == LUA_OK) {
    task_done(t, n_results);
  } else {
    task_failed(t);
  }
}

static void deliver(struct run *run, struct wait *w) {
  struct task *t = w->task;
  list_remove(&w->inbox);
  if (w->at_ms > run->now_ms) run->now_ms = w->at_ms;
  run_beat(run);
  if (!w->recorded) trial_over(run);
  if (run->engine->settings.pulse && !w->recorded)
    atomic_fetch_add(&run->engine->settings.pulse->progress, 1);
  if (goes_round(t, w)) {
    struct error e = {0};
    err_set(&e, ERR_STUCK, "stuck: the same question got the same answer %d times in a row in task %s",
            LOOP_GUARD, t->scope);
    err_hint(
        &e, "give each question something new (what was wrong with the last answer), or a limit to the loop");
    run_fail(run, ERR_STUCK, &e, run_error_record(run, t));
    return;
  }
  resume_task(run, t);
}

/* ---- parking */

/* Nothing of the run can go on by itself: each unfinished task waits for a person, for money, or for another such task. */
static bool quiet(const struct run *run) {
  for (const struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    const struct task *t = list_owner(node, struct task, all);
    if (t->state >= TASK_DONE || t->held || !t->wait) continue;
    if (t->wait->state == WAIT_PARKED) continue;
    if (t->wait->kind->journaled || t->wait->state != WAIT_STARTED) return false;
  }
  return list_empty(&run->ready) && list_empty(&run->inbox);
}

static void look_quiet(struct run *run) {
  if (run->state != RUN_LIVE || !run->parking || !quiet(run)) return;
  struct wait *first = NULL;
  run->parking = false;
  for (struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    struct wait *w = list_owner(node, struct task, all)->wait;
    if (!w || w->state != WAIT_PARKED) continue;
    if (first)
      run->parking = true; /* its turn comes if the first goes on after all */
    else
      first = w;
  }
  if (!first) return;
  first->state = WAIT_STARTED;
  first->when_quiet(first);
}

void wait_park(struct wait *w, void (*when_quiet)(struct wait *w)) {
  struct run *run = w->task->run;
  w->state = WAIT_PARKED;
  w->when_quiet = when_quiet;
  run->parking = true;
  sched_add(run);
}

static bool has_work(const struct run *run) {
  if (run->state != RUN_LIVE) return false;
  if (!list_empty(&run->ready)) return true;
  return !list_empty(&run->inbox) && list_owner(run->inbox.next, struct wait, inbox)->state == WAIT_READY;
}

/* No answer is on its way, and no task can wake another: tasks that wait for each other would do so for ever. */
static void look_deadlock(struct run *run) {
  if (run->state != RUN_LIVE || run->parking || !quiet(run)) return;
  struct task *t = list_owner(run->tasks.next, struct task, all);
  struct error e = {0};
  err_set(&e, ERR_STUCK, "stuck: each task waits for another one (task %s too), so none can go on", t->scope);
  err_hint(&e, "a task must not wait for itself or for a task that waits for it");
  run_fail(run, ERR_STUCK, &e, NULL);
}

static void sched_run(struct run *run) {
  if (run->pausing) { /* what is in flight is paid for: it comes to an end, and nothing new begins */
    run_look_paused(run);
    return;
  }
  if (!has_work(run)) {
    look_quiet(run);
    return;
  }
  struct list *node = list_pop_head(&run->ready);
  if (node)
    resume_task(run, list_owner(node, struct task, ready));
  else
    deliver(run, list_owner(run->inbox.next, struct wait, inbox));
  if (has_work(run) || run->parking)
    sched_add(run);
  else
    look_deadlock(run);
}

bool sched_pass(void *engine) {
  struct engine *en = engine;
  struct pulse *pulse = en->settings.pulse;
  if (pulse) atomic_fetch_add(&pulse->ticks, 1);
  if (en->draining) {
    engine_look_at_drain(en);
    return false;
  }
  for (int i = 0; i < RESUMES_A_PASS; i++) {
    struct list *node = list_pop_head(&en->ready);
    if (!node) return false;
    struct run *run = list_owner(node, struct run, ready_node);
    run->scheduled = false;
    sched_run(run);
    run_maybe_free(run);
  }
  return !list_empty(&en->ready);
}
