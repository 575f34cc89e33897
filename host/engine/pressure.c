/* pressure.c - back-pressure: a run that says more than the disk takes is slowed to what the disk takes.
 *
 *   run_tell (an event), run_tell_progress -> kept for this slice -> run_tell_now (the slice is over) -> two ops at most -> durable
 *
 * Whatever it writes: while others write too, a run takes a third of the writer's time. What it took beyond that, by heavy documents, many tasks
 * or a loop, it rests for, so that the others find a writer without a queue for as long.
 *
 * While so much of a run is on its way that it had better wait, it is not resumed; a script that says that much within one slice is preempted there.
 * So a loop of log lines costs the others no more than one small op in each of the writer's groups, and memory for that much.
 *
 * What each life of a run says and writes in all is counted from its beginning, replay included: a cap is met at the same place in each life. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "store/events.h"

enum {
  MOST_UNSAVED = 200, /* events and changes of the progress: with more not yet durable the run waits */
  MOST_UNSAVED_BYTES = 64 << 10, /* the same in bytes */
  MOST_REST_NS = 100000000,
  OWED_MOST_NS = 2000000000,
  OWED_FREE_NS = 20000000,   /* what is told of no rest: a burst, as when a chapter is saved */
  SHARE = 3,                 /* one in so many parts of the writer's time */
  SHARED_NS = 200000000,     /* others write too when one did within this time */
  MOST_SLICE_BYTES = 4 << 20 /* what is kept of code that cannot be preempted; then it is an error */
};

static bool is_full(const struct pressure *p) {
  return p->unsaved >= MOST_UNSAVED || p->unsaved_bytes >= MOST_UNSAVED_BYTES;
}

bool run_must_wait(const struct run *run) {
  return is_full(&run->pressure) || run->pressure.rest.heap;
}

/* Too much for one slice: the script makes room as soon as it can. */
static void slow_down(struct run *run) {
  struct pressure *p = &run->pressure;
  if (!is_full(p)) return;
  if (!p->full_ns) p->full_ns = clock_mono_ns();
  machine_yield_soon(run->machine);
}

static void rested(struct timer *t) {
  sched_add(t->arg);
}

static void rest_until(struct run *run, uint64_t ns) {
  struct timer *rest = &run->pressure.rest;
  if (rest->heap && rest->due_ns >= ns) return;
  rest->fn = rested;
  rest->arg = run;
  timer_set(run->engine->loop, rest, ns);
}

/* Something of it is durable. A run that had too much rests for as long as the disk took over it: so at most every other group of the writer is
 * heavy with what it says. */
static void room_again(struct run *run) {
  struct pressure *p = &run->pressure;
  if (run->state != RUN_LIVE || is_full(p)) return;
  if (!p->full_ns) {
    sched_add(run);
    return;
  }
  uint64_t now = clock_mono_ns(), took = now - p->full_ns;
  p->full_ns = 0;
  rest_until(run, now + (took < MOST_REST_NS ? took : MOST_REST_NS));
}

/* ---- a share of the writer */

void run_posts(struct run *run) {
  struct engine *en = run->engine;
  if (en->posted_last == run) return;
  if (en->posted_last) en->shared_ns = clock_mono_ns();
  en->posted_last = run;
}

void run_share_writer(struct run *run, uint64_t took_ns) {
  struct pressure *p = &run->pressure;
  if (!took_ns || run->state != RUN_LIVE) return;
  uint64_t now = clock_mono_ns(), passed = now - p->owed_at;
  p->owed_at = now;
  p->owed_ns = (p->owed_ns > passed ? p->owed_ns - passed : 0) + SHARE * took_ns;
  if (p->owed_ns > OWED_MOST_NS) p->owed_ns = OWED_MOST_NS;
  if (p->owed_ns > OWED_FREE_NS && now - run->engine->shared_ns < SHARED_NS)
    rest_until(run, now + p->owed_ns);
}

/* ---- events */

static void events_durable(struct run *run, struct store_op *base) {
  const struct op_events *op = (struct op_events *)base;
  run->pressure.unsaved -= op->n;
  run->pressure.unsaved_bytes -= op->bytes;
  room_again(run);
}

void run_tell(struct run *run, struct event_place at, const char *kind, const char *data) {
  struct pressure *p = &run->pressure;
  if (!p->events) p->events = op_events_new(run->id, run->epoch);
  size_t before = p->events->bytes;
  op_events_add(p->events, at, kind, data);
  p->unsaved++;
  p->unsaved_bytes += p->events->bytes - before;
  if (run->current)
    slow_down(run);
  else
    run_tell_now(run);
}

/* ---- progress: one change on its way, and the newest one after it */

static void take_text(char **held, char **newer) {
  if (!*newer) return;
  free(*held);
  *held = *newer;
  *newer = NULL;
}

void run_merge_progress(struct op_run_progress *held, struct op_run_progress *newer) {
  take_text(&held->phase, &newer->phase);
  take_text(&held->summary, &newer->summary);
  take_text(&held->label, &newer->label);
  if (newer->done >= 0) held->done = newer->done;
  if (newer->total >= 0) held->total = newer->total;
  op_release(&newer->op);
}

static void progress_durable(struct run *run, struct store_op *base) {
  (void)base;
  struct pressure *p = &run->pressure;
  p->unsaved -= p->changes_posted;
  p->changes_posted = 0;
  p->progress_posted = false;
  if (run->state != RUN_LIVE) return;
  run_tell_now(run);
  room_again(run);
}

static void post_progress(struct run *run) {
  struct pressure *p = &run->pressure;
  struct op_run_progress *op = p->progress;
  p->progress = NULL;
  p->progress_posted = true;
  p->changes_posted = p->changes;
  p->changes = 0;
  run->beat_dirty = false;
  run_builds(run, &op->op);
  pending_post(run, NULL, &op->op, false, NULL, progress_durable);
}

void run_tell_progress(struct run *run, struct op_run_progress *op) {
  struct pressure *p = &run->pressure;
  if (p->progress)
    run_merge_progress(p->progress, op);
  else
    p->progress = op;
  p->changes++;
  p->unsaved++;
  if (run->current)
    slow_down(run);
  else
    run_tell_now(run);
}

void run_tell_now(struct run *run) {
  struct pressure *p = &run->pressure;
  struct op_events *events = p->events;
  p->events = NULL;
  if (events) run_builds(run, &events->op);
  if (events) pending_post(run, NULL, &events->op, false, NULL, events_durable);
  if (p->progress && !p->progress_posted) post_progress(run);
}

void run_tell_last(struct run *run) {
  run_tell_now(run);
  if (run->pressure.progress) post_progress(run);
}

void run_pressure_release(struct run *run) {
  if (run->pressure.progress) op_release(&run->pressure.progress->op);
  if (run->pressure.events) op_release(&run->pressure.events->op);
  run->pressure.progress = NULL;
  run->pressure.events = NULL;
}

/* ---- what a run may say and write in all */

static void check_written(lua_State *L, const struct run *run, const char *function) {
  int64_t most = run->engine->settings.most_written;
  if (most && run->pressure.written > most)
    luaL_error(L, "limit: %s: the run has written more than %d MB (limits.written_mb)", function,
               (int)(most >> 20));
}

void run_check_line(lua_State *L, const char *function, size_t n) {
  struct run *run = run_of(L);
  const struct pressure *p = &run->pressure;
  int64_t most = run->engine->settings.most_lines;
  if (most && p->lines >= most)
    luaL_error(L, "limit: %s: the run has more than %d lines in its history (limits.log_lines)", function,
               (int)most);
  if (p->events && p->events->bytes + n > MOST_SLICE_BYTES)
    luaL_error(
        L,
        "limit: %s: more than %d MB of lines in one go where the script cannot be interrupted (inside sort, gsub, ...)",
        function, MOST_SLICE_BYTES >> 20);
  run->pressure.lines++;
  run_count_written(run, n);
  check_written(L, run, function);
}

void run_check_document(lua_State *L, const char *function) {
  struct run *run = run_of(L);
  int64_t most = run->engine->settings.most_documents;
  if (most && run->pressure.documents >= most)
    luaL_error(L, "limit: %s: the run has written more than %d documents (limits.documents)", function,
               (int)most);
  run->pressure.documents++;
}

void run_check_written(lua_State *L, const char *function) {
  check_written(L, run_of(L), function);
}

void run_count_written(struct run *run, size_t n) {
  run->pressure.written += (int64_t)n;
}
