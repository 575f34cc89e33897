/* watcher.c - the stale-run watcher.
 *
 *   sweep (timer, or asked) -> runs that this host holds: by their beat in memory, so a clock jump or a sleeping laptop makes none stale
 *                           -> all others: read stale rows (reader) -> give each back (writer), unless it is held here meanwhile
 *
 * A run that is given back carries a new epoch; op_run_stale looks at its condition again in the statement that changes the row, so two
 * watchers on two machines can sweep at once. */
#include "engine/watcher.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "store/upkeep/watch.h"

enum { LATE_NS = 200000000 };

struct watcher {
  struct engine *en;
  struct watcher_settings settings;
  struct timer timer;
  uint64_t due_ns; /* of the timer; 0: not set */
  bool sweeping;
  _Atomic uint64_t swept_ns; /* monotonic: for watcher_late */
  _Atomic int64_t swept_ms, found, sweeps;
  atomic_int giving; /* runs on their way back */
};

/* ---- giving one run back */

struct giving {
  struct op_run_stale op;
  struct post post;
  struct watcher *watcher;
};

static void given_back(struct post *p) {
  struct giving *g = list_owner(p, struct giving, post);
  struct watcher *w = g->watcher;
  long long id = (long long)g->op.id;
  if (g->op.op.err == OK) {
    atomic_fetch_add(&w->found, 1);
    bool again = g->op.outcome == STALE_REQUEUED;
    log_warnx("run %lld had stopped moving (%s); it %s", id, g->op.reason ? g->op.reason : "no heartbeat",
              again                           ? "continues from its journal"
              : g->op.outcome == STALE_POISON ? "failed: it died too often without getting on"
                                              : "failed");
    if (again) run_claim(w->en, g->op.id);
  } else if (g->op.op.err != ERR_CONFLICT) {
    log_errorx("run %lld has stopped moving and could not be given back: %s", id, g->op.op.error.message);
  }
  atomic_fetch_sub(&w->giving, 1);
  free(g);
}

static void stale_written(struct store_op *op) {
  struct giving *g = list_owner(op, struct giving, op.op);
  loop_post(g->watcher->en->loop, &g->post);
}

static void give_back(struct watcher *w, int64_t id, int64_t epoch, bool judged, const char *reason) {
  const struct watcher_settings *s = &w->settings;
  int64_t now = clock_wall_ms();
  struct giving *g = mem_alloc(sizeof *g);
  g->op = (struct op_run_stale){.op = {.kind = &op_run_stale_kind, .done = stale_written},
                                .id = id,
                                .epoch = epoch,
                                .judged = judged,
                                .beat_before = now - (int64_t)(s->stale_s * 1000),
                                .started_before = now - (int64_t)(s->never_s * 1000),
                                .then = s->fail ? STALE_FAIL : STALE_RESUME,
                                .deaths_most = s->deaths_most,
                                .reason = reason};
  g->post.fn = given_back;
  g->watcher = w;
  atomic_fetch_add(&w->giving, 1);
  store_post(w->en->store, &g->op.op);
}

/* ---- runs that this host holds */

/* A wait with a declared deadline is alive until then. */
static bool waits_for_a_time(const struct run *run) {
  for (const struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    const struct wait *w = list_owner(node, struct task, all)->wait;
    if (w && (w->timer.heap || (w->state == WAIT_STARTED && w->kind->waits && w->kind->waits(w))))
      return true;
  }
  return false;
}

/* Time in which this process did not run (it was stopped) is nobody's idle time: the timer of the sweep was late by as much. */
static void forgive_own_sleep(struct watcher *w) {
  uint64_t now = clock_mono_ns(), late = w->due_ns && now > w->due_ns ? now - w->due_ns : 0;
  w->due_ns = 0;
  for (struct list *node = w->en->runs.next; late > LATE_NS && node != &w->en->runs; node = node->next) {
    struct run *run = list_owner(node, struct run, node);
    run->beat_ns = run->beat_ns + late < now ? run->beat_ns + late : now;
  }
}

static void judge_held(struct watcher *w) {
  forgive_own_sleep(w);
  uint64_t now = clock_mono_ns(), most = (uint64_t)(w->settings.stale_s * 1e9);
  struct list *node = w->en->runs.next;
  while (node != &w->en->runs) {
    struct run *run = list_owner(node, struct run, node);
    node = node->next;
    if (run->state != RUN_LIVE || now - run->beat_ns < most || waits_for_a_time(run)) continue;
    int64_t id = run->id, epoch = run->epoch;
    run_stop(run); /* before it is given back: two must not write for it */
    give_back(w, id, epoch, true, "it made no progress in this host");
  }
}

/* ---- rows that nobody here holds */

struct stale_row {
  int64_t id, epoch;
};

struct look {
  struct store_op op;
  struct post post;
  struct watcher *watcher;
  struct stale_row *rows;
  size_t n;
};

static void keep_row(void *arg, const struct run_row *row) {
  struct look *l = arg;
  l->rows = mem_grow(l->rows, (l->n + 1) * sizeof *l->rows);
  l->rows[l->n++] = (struct stale_row){row->id, row->epoch};
}

static enum err look_apply(struct db *db, struct store_op *op) {
  struct look *l = list_owner(op, struct look, op);
  const struct watcher_settings *s = &l->watcher->settings;
  int64_t now = clock_wall_ms();
  l->n = 0;
  return runs_stale(db, now - (int64_t)(s->stale_s * 1000), now - (int64_t)(s->never_s * 1000), keep_row, l);
}
static void look_free(struct store_op *op) {
  struct look *l = list_owner(op, struct look, op);
  free(l->rows);
  free(l);
}
static const struct store_op_kind look_kind = {.name = "runs_stale", .apply = look_apply, .free = look_free};

static void looked(struct post *p) {
  struct look *l = list_owner(p, struct look, post);
  struct watcher *w = l->watcher;
  if (l->op.err != OK) log_errorx("the watcher cannot read the runs: %s", l->op.error.message);
  /* At the first sweep their owner is the host before this one, which is dead: they go on, however long ago that was. */
  bool first = atomic_load(&w->swept_ms) == 0;
  for (size_t i = 0; i < l->n; i++) {
    if (w->settings.held_only || run_find(w->en, l->rows[i].id)) continue;
    if (first)
      run_claim(w->en, l->rows[i].id);
    else
      give_back(w, l->rows[i].id, l->rows[i].epoch, false, NULL);
  }
  if (l->op.err == OK) {
    atomic_store(&w->swept_ms, clock_wall_ms());
    atomic_store(&w->swept_ns, clock_mono_ns());
    atomic_fetch_add(&w->sweeps, 1);
  }
  w->sweeping = false;
  w->due_ns = clock_mono_ns() + (uint64_t)(w->settings.every_s * 1e9);
  timer_set(w->en->loop, &w->timer, w->due_ns);
  look_free(&l->op);
}

static void look_done(struct store_op *op) {
  struct look *l = list_owner(op, struct look, op);
  loop_post(l->watcher->en->loop, &l->post);
}

static void sweep(struct watcher *w) {
  if (w->sweeping || w->en->draining) return;
  w->sweeping = true;
  judge_held(w);
  struct look *l = mem_alloc(sizeof *l);
  *l = (struct look){.op = {.kind = &look_kind, .done = look_done}, .post = {.fn = looked}, .watcher = w};
  store_read_post(w->en->store, &l->op);
}

/* ---- the outside */

static void on_timer(struct timer *t) {
  sweep(t->arg);
}

struct watcher *watcher_new(struct engine *en, const struct watcher_settings *settings) {
  struct watcher *w = mem_alloc(sizeof *w);
  w->en = en;
  w->settings = *settings;
  w->timer = (struct timer){.fn = on_timer, .arg = w};
  atomic_store(&w->swept_ns, clock_mono_ns());
  timer_set(en->loop, &w->timer, clock_mono_ns());
  return w;
}

void watcher_free(struct watcher *w) {
  if (!w) return;
  timer_clear(w->en->loop, &w->timer);
  free(w);
}

struct asked {
  struct post post;
  struct watcher *watcher;
};
static void on_asked(struct post *p) {
  struct asked *a = list_owner(p, struct asked, post);
  sweep(a->watcher);
  free(a);
}
void watcher_sweep(struct watcher *w) {
  struct asked *a = mem_alloc(sizeof *a);
  *a = (struct asked){{.fn = on_asked}, w};
  loop_post(w->en->loop, &a->post);
}

int64_t watcher_last_sweep(const struct watcher *w) {
  return atomic_load(&w->swept_ms);
}
int64_t watcher_found(const struct watcher *w) {
  return atomic_load(&w->found);
}
int64_t watcher_sweeps(const struct watcher *w) {
  return atomic_load(&w->sweeps);
}
bool watcher_busy(const struct watcher *w) {
  return atomic_load(&w->giving) > 0;
}
bool watcher_late(const struct watcher *w) {
  return clock_mono_ns() - atomic_load(&w->swept_ns) > (uint64_t)(w->settings.every_s * 2e9 + 5e9);
}
