/* engine.c - all runs of this host: starting, cancelling, draining, and the beat that tells the store who got on.
 * Calls from other threads become posts to the loop. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "store/upkeep/watch.h"

enum { BEAT_NS = 1000000000 };

/* ---- the beat */

struct beats {
  struct op_run_beats op;
  struct post post;
  struct engine *en;
};

/* A beat that was fenced means that the run moved on without us. */
static void beats_back(struct post *p) {
  struct beats *b = list_owner(p, struct beats, post);
  for (size_t i = 0; i < b->op.n && b->op.op.err == OK; i++) {
    struct run *run = b->op.beats[i].fenced ? run_find(b->en, b->op.beats[i].run) : NULL;
    if (!run || run->epoch != b->op.beats[i].epoch || run->state != RUN_LIVE) continue;
    run_drop(run);
    run_maybe_free(run);
  }
  free(b->op.beats);
  free(b);
}

static void beats_written(struct store_op *op) {
  struct beats *b = list_owner(op, struct beats, op.op);
  loop_post(b->en->loop, &b->post);
}

/* Heartbeats of all runs that made progress, in one op. */
static void flush_beats(struct engine *en) {
  struct run_beat *beats = NULL;
  size_t n = 0;
  for (struct list *node = en->runs.next; node != &en->runs; node = node->next) {
    struct run *run = list_owner(node, struct run, node);
    if (run->state != RUN_LIVE || !run->beat_dirty) continue;
    run->beat_dirty = false;
    beats = mem_grow(beats, (n + 1) * sizeof *beats);
    beats[n++] = (struct run_beat){.run = run->id, .epoch = run->epoch};
  }
  if (!n) return;
  struct beats *b = mem_alloc(sizeof *b);
  *b = (struct beats){.op = {.op = {.kind = &op_run_beats_kind, .done = beats_written, .urgent = true},
                             .beats = beats,
                             .n = n},
                      .post = {.fn = beats_back},
                      .en = en};
  store_post(en->store, &b->op.op);
}

/* What is in flight is paid for and comes to an end; nothing new is sent, and who waits for another attempt does not hold the run. */
static void pause_run(struct run *run, enum run_pause why) {
  run->pausing = why;
  run->budget.closed = true;
  run_look_paused(run);
  run_maybe_free(run);
}

/* A call that fails now waits for its next attempt: nothing else tells that the run is at rest. */
static void look_at_pausing(struct engine *en) {
  for (struct list *node = en->runs.next, *next; node != &en->runs; node = next) {
    next = node->next;
    struct run *run = list_owner(node, struct run, node);
    if (run_look_paused(run)) run_maybe_free(run);
  }
}

/* A full disk refuses everybody: runs that write stop before that, once their calls in flight are paid and kept. */
static void look_at_room(struct engine *en) {
  int64_t least = en->settings.free_least, room = file_room(store_dir(en->store));
  bool short_of_room = least > 0 && room >= 0 && room < least;
  for (struct list *node = en->runs.next, *next; node != &en->runs; node = next) {
    next = node->next;
    struct run *run = list_owner(node, struct run, node);
    if (short_of_room && run->state == RUN_LIVE && !run->pausing) {
      log_warnx("run %lld waits: only %lld MB are free in %s, less than limits.free_mb = %lld",
                (long long)run->id, (long long)(room >> 20), store_dir(en->store), (long long)(least >> 20));
      pause_run(run, PAUSE_DISK);
    }
  }
}

static void note_lag(struct engine *en, uint64_t due_ns) {
  uint64_t now = clock_mono_ns();
  long long us = now > due_ns ? (long long)((now - due_ns) / 1000) : 0;
  atomic_store(&en->lag_us[en->n_lags++ % LAGS_KEPT], us);
  if (us > atomic_load(&en->lag_most_us)) atomic_store(&en->lag_most_us, us);
}

static void on_beat(struct timer *t) {
  struct engine *en = t->arg;
  note_lag(en, t->due_ns);
  flush_beats(en);
  look_at_room(en);
  look_at_pausing(en);
  timer_set(en->loop, t, clock_mono_ns() + BEAT_NS);
  engine_look_at_drain(en);
}

struct engine *engine_new(struct loop *loop, struct store *store, struct llm *llm, struct pool *pool,
                          const struct engine_settings *settings) {
  struct engine *en = mem_alloc(sizeof *en);
  *en = (struct engine){.loop = loop,
                        .store = store,
                        .llm = llm,
                        .pool = pool,
                        .settings = *settings,
                        .sets = map_new(),
                        .held = map_new(),
                        .watched = map_new()};
  pthread_mutex_init(&en->lock, NULL);
  list_init(&en->runs);
  list_init(&en->ready);
  list_init(&en->set_waiters);
  list_init(&en->suspects);
  en->beat = (struct timer){.fn = on_beat, .arg = en};
  timer_set(loop, &en->beat, clock_mono_ns() + BEAT_NS);
  loop_set_idle(loop, sched_pass, en);
  return en;
}

static void unref_set(void *set) {
  script_set_unref(set);
}

void engine_free(struct engine *en) {
  if (!en) return;
  timer_clear(en->loop, &en->beat);
  map_free(en->sets, unref_set);
  map_free(en->held, NULL);
  map_free(en->watched, free);
  pthread_mutex_destroy(&en->lock);
  free(en);
}

int engine_runs(const struct engine *en) {
  return en->n_runs;
}

void engine_note_claim(struct engine *en, int64_t waited_ms) {
  if (waited_ms < 0) return;
  atomic_fetch_add(&en->claims, 1);
  atomic_fetch_add(&en->claim_wait_ms, waited_ms);
}

void engine_stats(const struct engine *en, struct engine_stats *out) {
  *out = (struct engine_stats){.claims = atomic_load(&en->claims),
                               .claim_wait_ms = atomic_load(&en->claim_wait_ms),
                               .loop_lag_most_us = atomic_load(&en->lag_most_us)};
  for (int i = 0; i < LAGS_KEPT; i++) {
    long long us = atomic_load(&en->lag_us[i]);
    if (us > out->loop_lag_us) out->loop_lag_us = us;
  }
}

void engine_note_held(struct engine *en, int64_t run, bool held) {
  pthread_mutex_lock(&en->lock);
  if (held)
    map_put_n(en->held, &run, sizeof run, en);
  else
    map_remove_n(en->held, &run, sizeof run);
  pthread_mutex_unlock(&en->lock);
}

bool engine_holds(struct engine *en, int64_t run) {
  pthread_mutex_lock(&en->lock);
  bool held = map_get_n(en->held, &run, sizeof run) != NULL;
  pthread_mutex_unlock(&en->lock);
  return held;
}

/* ---- posts */

struct command {
  struct post post;
  struct engine *en;
  int64_t run;
  int grace_ms;
  void (*done)(void *arg);
  void *arg;
};

static void post_command(struct engine *en, void (*fn)(struct post *), int64_t run, int grace_ms,
                         void (*done)(void *), void *arg) {
  struct command *c = mem_alloc(sizeof *c);
  *c = (struct command){
      .post = {.fn = fn}, .en = en, .run = run, .grace_ms = grace_ms, .done = done, .arg = arg};
  loop_post(en->loop, &c->post);
}

static void do_start(struct post *p) {
  struct command *c = list_owner(p, struct command, post);
  const struct engine_settings *s = &c->en->settings;
  if (!s->may_start || s->may_start(s->arg, c->run)) run_claim(c->en, c->run);
  free(c);
}
void engine_start_run(struct engine *en, int64_t run) {
  post_command(en, do_start, run, 0, NULL, NULL);
}

void engine_claim(struct engine *en, int64_t id, int64_t project) {
  int before = en->n_runs;
  run_claim(en, id);
  if (en->n_runs > before)
    list_owner(en->runs.prev, struct run, node)->project = project; /* the newest is the last */
}

size_t engine_held(const struct engine *en, struct turn *out, size_t max) {
  size_t n = 0;
  for (const struct list *node = en->runs.next; node != &en->runs; node = node->next) {
    const struct run *run = list_owner(node, struct run, node);
    if (run->state == RUN_GONE) continue;
    if (n < max) out[n] = (struct turn){.run = run->id, .project = run->project};
    n++;
  }
  return n;
}

static void do_cancel(struct post *p) {
  struct command *c = list_owner(p, struct command, post);
  struct run *run = run_find(c->en, c->run);
  if (run) {
    run_cancel(run);
    run_maybe_free(run);
  }
  free(c);
}
void engine_cancel(struct engine *en, int64_t run) {
  post_command(en, do_cancel, run, 0, NULL, NULL);
}

static void do_pause(struct post *p) {
  struct command *c = list_owner(p, struct command, post);
  struct run *run = run_find(c->en, c->run);
  if (run) pause_run(run, PAUSE_PERSON);
  free(c);
}
void engine_pause(struct engine *en, int64_t run) {
  post_command(en, do_pause, run, 0, NULL, NULL);
}

/* ---- drain */

static struct run *next_to_park(struct engine *en, bool grace_over) {
  for (struct list *node = en->runs.next; node != &en->runs; node = node->next) {
    struct run *run = list_owner(node, struct run, node);
    if (run->state == RUN_LIVE && (grace_over || !run_has_call_in_flight(run))) return run;
  }
  return NULL;
}

void engine_look_at_drain(struct engine *en) {
  if (!en->draining) return;
  bool grace_over = clock_mono_ns() >= en->drain_until;
  struct run *run;
  while ((run = next_to_park(en, grace_over))) run_park(run, FOR_NOTHING, NULL, NULL, 0);
  if (en->n_runs == 0 && en->drained) {
    void (*drained)(void *) = en->drained;
    en->drained = NULL;
    drained(en->drained_arg);
  }
}

static void do_drain(struct post *p) {
  struct command *c = list_owner(p, struct command, post);
  c->en->draining = true;
  llm_drain(c->en->llm);
  trial_drain(c->en);
  c->en->drain_until = clock_mono_ns() + (uint64_t)c->grace_ms * 1000000;
  c->en->drained = c->done;
  c->en->drained_arg = c->arg;
  timer_set(c->en->loop, &c->en->beat,
            clock_mono_ns() + (c->grace_ms < 1000 ? (uint64_t)c->grace_ms * 1000000 : BEAT_NS));
  engine_look_at_drain(c->en);
  free(c);
}
void engine_drain(struct engine *en, int grace_ms, void (*done)(void *arg), void *arg) {
  post_command(en, do_drain, 0, grace_ms, done, arg);
}
