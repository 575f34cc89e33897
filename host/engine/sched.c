/* sched.c - the scheduler: who goes on next, and the one place where Lua is resumed.
 *
 *   sched_pass (the loop's idle callback) -> sched_run -> resume_task -> what it yielded for: preempted | a wait | done | an error
 *
 * A run does one thing at a time. While one of its tasks can go on without an answer it goes on; only then is the answer with the lowest
 * seq delivered. In replay all answers are there at once, and this rule takes them in the order of the first time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "engine/internal.h"
#include "lua/lib.h"

enum { RESUMES_A_PASS = 16, LOOP_GUARD = 8, MOST_UNWOKEN = 4 };

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

/* For tests: a script that holds the loop where nothing interrupts it ("loop_hang_7:stop" for run 7), a host that crashes by a run but not
 * in it ("wait_start_7:abort"). */
void run_failpoint(const struct run *run, const char *place) {
  char name[40];
  if (!failpoints_armed()) return;
  snprintf(name, sizeof name, "%s_%lld", place, (long long)run->id);
  failpoint(name);
}

/* ---- resuming */

/* Equal questions with equal answers, again and again, are a loop that costs money. What is recorded costs none: an older quire may have let
 * it pass, and a run is not stopped in what it has behind it. */
static bool goes_round(struct task *t, const struct wait *w) {
  if (!w->kind->digest) return false;
  uint8_t result[SHA_BYTES];
  w->kind->digest(w, result);
  bool same =
      memcmp(t->last_hash, w->key.hash, SHA_BYTES) == 0 && memcmp(t->last_result, result, SHA_BYTES) == 0;
  memcpy(t->last_hash, w->key.hash, SHA_BYTES);
  memcpy(t->last_result, result, SHA_BYTES);
  t->repeats = same ? t->repeats + 1 : 1;
  return t->repeats >= LOOP_GUARD && !w->recorded;
}

static void task_done(struct task *t, int n_results) {
  t->state = TASK_DONE;
  t->n_results = n_results;
  run_task_ended(t);
}

static void task_failed(struct task *t) {
  lib_math_shared(t->L); /* it may have died inside a step */
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
  run_tell_now(run);
  if (pulse) atomic_store(&pulse->run, 0);
  if (t->finished) {
    wait_free(t->finished);
    t->finished = NULL;
  }
  if (run->machine->kill) {
    struct error e = {0};
    machine_kill_reason(run->machine, &e);
    run_fail(run, e.code, &e, run_error_record(run, t));
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
  if (w->seq) run_at_entry(run, w->seq, w->recorded);
  run_count_written(run, w->n_result);
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
  if (run->state != RUN_LIVE || run_must_wait(run)) return false;
  if (!list_empty(&run->ready)) return true;
  return !list_empty(&run->inbox) && list_owner(run->inbox.next, struct wait, inbox)->state == WAIT_READY;
}

/* No answer is on its way, and no task can wake another: tasks that wait for each other would do so for ever. */
static void look_deadlock(struct run *run) {
  if (run->state != RUN_LIVE || run->parking || !quiet(run)) return;
  struct task *t = list_owner(run->tasks.next, struct task, all);
  struct error e = {0};
  err_set(&e, ERR_STUCK, "stuck: each task waits for another one (task %s too), so none can continue",
          t->scope);
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

static bool pass(struct engine *en) {
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
    bool spun = run->state == RUN_LIVE && run->machine->preempted;
    run_maybe_free(run);
    if (spun) break; /* a whole slice: what has come meanwhile is looked at before the next one */
  }
  return !list_empty(&en->ready);
}

/* What the pass posted, and what a post that waits will post, share a commit: the writer is woken when nothing more comes at once. */
static void wake_writer(struct engine *en) {
  if (!en->unwoken) return;
  if (en->unwoken++ < MOST_UNWOKEN && loop_has_posts(en->loop)) return;
  en->unwoken = 0;
  store_wake(en->store);
}

bool sched_pass(void *engine) {
  bool more = pass(engine);
  wake_writer(engine);
  return more;
}
