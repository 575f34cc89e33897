/* upkeep.c - keeping house, asked of the owner: may new runs begin, sweep, prune, delete a project. Threads: those of commands.h. */
#include <poll.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "acts/commands.h"
#include "engine/engine.h"
#include "engine/live.h"
#include "engine/watcher.h"
#include "store/upkeep/prune.h"
#include "store/runs.h"

enum { SWEEP_MOST_MS = 30000, SWEEP_LOOK_MS = 5 };

/* ---- may new runs begin? */

/* The first reason goes into *e; all of them into the list. */
static void not_ready(json_t *reasons, enum err code, struct error *e, const struct error *why) {
  json_array_append_new(reasons, json_string(why->message));
  if (e && e->code == OK) {
    *e = *why;
    e->code = code;
  }
}

bool commands_ready(struct commands *c, json_t **reasons, struct error *e) {
  json_t *list = json_array();
  struct error why = {0}, first = {0};
  int64_t least = c->settings ? c->settings->free_least : 0, free_now = file_room(store_dir(c->store));
  if (atomic_load(&c->draining)) {
    err_set(&why, ERR_CLOSED, "this host is stopping");
    not_ready(list, ERR_CLOSED, &first, &why);
  }
  if (!store_healthy(c->store)) {
    err_set(&why, ERR_FULL, "the database takes no writes: it is locked by another program, full or damaged");
    err_hint(
        &why,
        "active runs continue, and what they write is kept in the spool; `quire doctor` looks for the cause");
    not_ready(list, ERR_FULL, &first, &why);
  }
  if (least > 0 && free_now >= 0 && free_now < least) {
    err_set(&why, ERR_FULL, "only %lld MB are free in %s, less than limits.free_mb = %lld",
            (long long)(free_now >> 20), store_dir(c->store), (long long)(least >> 20));
    err_hint(&why, "make room (`quire prune`), or set limits.free_mb in quire.lua");
    not_ready(list, ERR_FULL, &first, &why);
  }
  if (c->watcher && watcher_late(c->watcher)) {
    err_set(&why, ERR_FULL, "the watcher for stale runs is late");
    err_hint(&why, "its last sweep is overdue: the database cannot be read, or the host is overloaded");
    not_ready(list, ERR_FULL, &first, &why);
  }
  bool ready = json_array_size(list) == 0;
  if (e && !ready) *e = first;
  if (reasons)
    *reasons = list;
  else
    json_decref(list);
  return ready;
}

/* A full queue says so at once, instead of a wait that nobody foresees. */
static bool queue_full(struct commands *c, struct error *why) {
  int64_t most = c->settings ? c->settings->most_unfinished : 0, n = 0;
  if (most <= 0) return false;
  struct db *db = store_reader(c->store);
  if (runs_count_unfinished(db, &n) != OK) n = 0;
  store_reader_release(c->store, db);
  if (n < most) return false;
  err_set(why, ERR_FULL, "the queue is full: %lld runs are unfinished, and limits.queue is %lld",
          (long long)n, (long long)most);
  err_hint(why, "try later, cancel some, or set limits.queue in quire.lua");
  return true;
}

enum err commands_refuse(struct commands *c, struct error *e) {
  struct error why = {0};
  if (commands_ready(c, NULL, &why) && !queue_full(c, &why)) return OK;
  if (e) *e = why;
  return why.code;
}

struct commands_numbers commands_numbers(const struct commands *c) {
  struct engine_stats engine;
  engine_stats(c->engine, &engine);
  return (struct commands_numbers){.claims = engine.claims,
                                   .claim_wait_ms = engine.claim_wait_ms,
                                   .loop_lag_us = engine.loop_lag_us,
                                   .loop_lag_most_us = engine.loop_lag_most_us,
                                   .last_sweep_ms = watcher_last_sweep(c->watcher),
                                   .stale = watcher_found(c->watcher),
                                   .late = watcher_late(c->watcher)};
}

void commands_run_limits(const struct commands *c, double *usd, int64_t *calls, int64_t *tokens) {
  *usd = (double)c->settings->run_limit_nano / 1e9;
  *calls = c->settings->run_limit_calls;
  *tokens = c->settings->run_limit_tokens;
}

void commands_watch_text(struct commands *c, int64_t run, uint64_t watcher, bool on) {
  if (on)
    engine_watch(c->engine, run, watcher);
  else
    engine_unwatch(c->engine, run);
}

/* ---- sweep */

enum err command_sweep(struct commands *c, json_t **out, struct error *e) {
  if (!c->watcher) {
    err_set(e, ERR_CONFLICT, "no host owns this library, so no run can be stuck");
    err_hint(e, "`quire serve` sweeps when it starts and takes up every interrupted run");
    return ERR_CONFLICT;
  }
  if (atomic_load(&c->draining)) return err_set(e, ERR_CLOSED, "this host is stopping");
  int64_t before = watcher_sweeps(c->watcher), found = watcher_found(c->watcher);
  uint64_t deadline = clock_mono_ns() + (uint64_t)SWEEP_MOST_MS * 1000000;
  watcher_sweep(c->watcher);
  while (watcher_sweeps(c->watcher) == before || watcher_busy(c->watcher)) {
    if (clock_mono_ns() > deadline)
      return err_set(e, ERR_UNAVAILABLE, "the sweep did not end within %d s", SWEEP_MOST_MS / 1000);
    poll(NULL, 0, SWEEP_LOOK_MS);
  }
  *out = json_pack("{s:I, s:I}", "found", (json_int_t)(watcher_found(c->watcher) - found), "last_sweep_ms",
                   (json_int_t)watcher_last_sweep(c->watcher));
  return OK;
}

/* ---- prune, delete */

static json_t *counts_json(const struct prune_counts *n) {
  return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "runs", (json_int_t)n->runs, "journal",
                   (json_int_t)n->journal, "events", (json_int_t)n->events, "calls", (json_int_t)n->calls,
                   "blobs", (json_int_t)n->blobs, "bytes", (json_int_t)n->bytes, "artifacts",
                   (json_int_t)n->artifacts);
}

enum err command_prune(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  int64_t older = jsonx_int(request, "older_ms", -1), keep = jsonx_int(request, "keep", 0);
  bool dry_run = json_is_true(json_object_get(request, "dry_run"));
  if (older < 0) return err_set(e, ERR_INVALID, "'older_ms' must be a number of milliseconds, 0 or more");
  if (keep < 0) return err_set(e, ERR_INVALID, "'keep' must be 0 or more");
  struct prune_counts counts = {0};
  enum err err = prune_library(c->store, clock_wall_ms() - older, keep, dry_run, &counts, e);
  if (err != OK) return err;
  *out = counts_json(&counts);
  json_object_set_new(*out, "dry_run", json_boolean(dry_run));
  return OK;
}

enum err command_project_delete(struct commands *c, const char *project, json_t **out, struct error *e) {
  struct prune_counts counts = {0};
  enum err err = project_delete(c->store, project, &counts, e);
  if (err != OK) return err;
  *out = counts_json(&counts);
  json_object_set_new(*out, "project", json_string(project));
  return OK;
}
