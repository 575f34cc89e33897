/* tally.c - see tally.h. One snapshot a read; what ended below the oldest unfinished row goes into `settled` and is not read again. */
#include "store/upkeep/tally.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "store/sql.h"

enum { OPEN_MS = 3600000 }; /* a call that was sent so lately may still end */

const char *const tally_outcome_names[TALLY_OUTCOMES] = {"answered", "failed", "truncated", "cancelled",
                                                         "lost"};

struct tally *tally_new(void) {
  struct tally *t = mem_alloc(sizeof *t);
  t->settled = mem_alloc(sizeof *t->settled);
  return t;
}

static void clear(struct tally *t) {
  for (size_t i = 0; i < t->n_models; i++) {
    free(t->models[i].provider);
    free(t->models[i].model);
  }
  free(t->models);
  t->models = NULL;
  t->n_models = 0;
}

void tally_free(struct tally *t) {
  if (!t) return;
  clear(t);
  clear(t->settled);
  free(t->settled);
  free(t);
}

static enum err one(struct db *db, struct db_stmt *s, int64_t *out) {
  enum db_step step = db_step(s);
  *out = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

/* ---- runs */

static enum err add_ended(struct db *db, int64_t from, int64_t before, int64_t *counts) {
  struct db_stmt *s = db_prepare(db, "SELECT status, count(*) FROM runs WHERE id >= $from AND id < $before"
                                     " AND ended_at IS NOT NULL GROUP BY status");
  db_bind_int(s, "$from", from);
  db_bind_int(s, "$before", before);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) counts[run_status_of(db_text(s, 0))] += db_int(s, 1);
  return sql_end(db, s, step);
}

/* Since when it could: it was made, its time came, or its last host let it go. */
#define COULD_BEGIN                                                                                          \
  SQL_LARGER("created_at", SQL_LARGER("COALESCE(wake_at, 0)", "COALESCE(last_heartbeat, 0)"))
#define UNFINISHED " WHERE status IN " SQL_UNFINISHED

static enum err count_unfinished(struct tally *t, struct db *db) {
  struct db_stmt *s = db_prepare(
      db, "SELECT status, count(*), MIN(CASE WHEN COALESCE(wake_at, 0) <= $now THEN " COULD_BEGIN " END),"
          " MIN(COALESCE(last_heartbeat, started_at)) FROM runs" UNFINISHED " GROUP BY status");
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    enum run_status status = run_status_of(db_text(s, 0));
    t->runs[status] = db_int(s, 1);
    if (status == RUN_QUEUED) t->oldest_due_ms = db_int(s, 2);
    if (status == RUN_RUNNING) t->oldest_beat_ms = db_int(s, 3);
  }
  return sql_end(db, s, step);
}

static enum err read_runs(struct tally *t, struct db *db) {
  int64_t floor = 0, newest = 0;
  enum err err = one(db, db_prepare(db, "SELECT COALESCE(MIN(id), 0) FROM runs" UNFINISHED), &floor);
  if (err == OK) err = one(db, db_prepare(db, "SELECT COALESCE(MAX(id), 0) FROM runs"), &newest);
  if (!floor) floor = newest + 1;
  if (err == OK && floor > t->settled_runs + 1) {
    err = add_ended(db, t->settled_runs + 1, floor, t->settled->runs);
    if (err == OK) t->settled_runs = floor - 1;
  }
  memcpy(t->runs, t->settled->runs, sizeof t->runs);
  t->oldest_due_ms = t->oldest_beat_ms = 0;
  if (err == OK) err = add_ended(db, t->settled_runs + 1, INT64_MAX, t->runs);
  if (err == OK) err = count_unfinished(t, db);
  if (err == OK)
    err = one(db, db_prepare(db, "SELECT count(*) FROM gates WHERE status = 'open'"), &t->open_gates);
  return err;
}

/* ---- calls */

static struct tally_model *model_at(struct tally *t, const char *provider, const char *model) {
  for (size_t i = 0; i < t->n_models; i++)
    if (strcmp(t->models[i].provider, provider) == 0 && strcmp(t->models[i].model, model) == 0)
      return &t->models[i];
  t->models = mem_grow(t->models, (t->n_models + 1) * sizeof *t->models);
  t->models[t->n_models] = (struct tally_model){.provider = mem_dup(provider), .model = mem_dup(model)};
  return &t->models[t->n_models++];
}

static void add_row(struct tally *to, struct db_stmt *s, bool settled) {
  struct tally_model *m = model_at(to, db_text(s, 0), db_text(s, 1));
  const char *state = db_text(s, 2);
  int outcome = 0;
  while (outcome < TALLY_LOST && strcmp(state, tally_outcome_names[outcome]) != 0) outcome++;
  to->in_flight += db_int(s, 14);
  if (outcome == TALLY_LOST && !settled) return;
  m->outcomes[outcome] += db_int(s, 3);
  m->retries += db_int(s, 4);
  m->input += db_int(s, 5);
  m->cached_read += db_int(s, 6);
  m->cache_write += db_int(s, 7);
  m->output += db_int(s, 8);
  m->reasoning += db_int(s, 9);
  m->cost_nano += db_int(s, 10);
  m->unpriced += db_int(s, 11);
  m->total_ms += db_int(s, 12);
  m->timed += db_int(s, 13);
}

static enum err add_calls(struct db *db, int64_t from, int64_t before, struct tally *to, bool settled) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT provider, model, state, count(*), sum(attempt > 1), sum(input_tokens), sum(cached_read_tokens),"
      " sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_nano),"
      " sum(state <> 'sent' AND price_known = 0), sum(COALESCE(total_ms, 0)), count(total_ms),"
      " sum(state = 'sent' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = calls.run_id AND r.status = 'running'"
      "  AND r.epoch = calls.epoch)) FROM calls WHERE id >= $from AND id < $before GROUP BY provider, model, state");
  db_bind_int(s, "$from", from);
  db_bind_int(s, "$before", before);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) add_row(to, s, settled);
  enum err err = sql_end(db, s, step);
  if (err != OK) return err;
  /* Only a run that was claimed before can repeat a call. */
  s = db_prepare(
      db, "SELECT count(*), COALESCE(sum(c.cost_nano), 0) FROM calls c WHERE c.id >= $from AND c.id < $before"
          " AND c.epoch > 1 AND EXISTS (SELECT 1 FROM calls o WHERE o.run_id = c.run_id AND o.id < c.id"
          " AND o.epoch < c.epoch AND o.hash = c.hash AND o.n = c.n AND o.scope = c.scope"
          " AND (o.state IN ('sent','cancelled') OR o.late_result IS NOT NULL))");
  db_bind_int(s, "$from", from);
  db_bind_int(s, "$before", before);
  step = db_step(s);
  if (step == DB_ROW) {
    to->repeated += db_int(s, 0);
    to->repeated_cost_nano += db_int(s, 1);
  }
  return sql_end(db, s, step);
}

/* The oldest call that may still end, else what comes next. */
static enum err call_floor(struct db *db, int64_t after, int64_t *floor) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT COALESCE((SELECT MIN(c.id) FROM calls c WHERE c.id > $after AND c.state = 'sent' AND (c.created_at > $recent"
      "  OR EXISTS (SELECT 1 FROM runs r WHERE r.id = c.run_id AND r.status = 'running' AND r.epoch = c.epoch))),"
      " (SELECT MAX(id) + 1 FROM calls), 1)");
  db_bind_int(s, "$after", after);
  db_bind_int(s, "$recent", clock_wall_ms() - OPEN_MS);
  return one(db, s, floor);
}

static enum err read_calls(struct tally *t, struct db *db) {
  int64_t floor = 0;
  enum err err = call_floor(db, t->settled_calls, &floor);
  if (err == OK && floor > t->settled_calls + 1) {
    err = add_calls(db, t->settled_calls + 1, floor, t->settled, true);
    if (err == OK) t->settled_calls = floor - 1;
  }
  clear(t);
  for (size_t i = 0; i < t->settled->n_models; i++) {
    const struct tally_model *from = &t->settled->models[i];
    struct tally_model *m = model_at(t, from->provider, from->model), named = *m;
    *m = *from;
    m->provider = named.provider;
    m->model = named.model;
  }
  t->in_flight = 0;
  t->repeated = t->settled->repeated;
  t->repeated_cost_nano = t->settled->repeated_cost_nano;
  return err == OK ? add_calls(db, t->settled_calls + 1, INT64_MAX, t, false) : err;
}

enum err tally_read(struct tally *t, struct db *db) {
  enum err err = db_snapshot_begin(db);
  if (err != OK) return err;
  err = read_runs(t, db);
  if (err == OK) err = read_calls(t, db);
  db_snapshot_end(db);
  return err;
}

enum err tally_newest_ms(struct db *db, int64_t *at_ms) {
  return one(db, db_prepare(db, "SELECT at FROM events ORDER BY id DESC LIMIT 1"), at_ms);
}
