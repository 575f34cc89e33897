/* tally.c - see tally.h. */
#include "store/upkeep/tally.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "store/sql.h"

const char *const tally_outcome_names[TALLY_OUTCOMES] = {"answered", "failed", "truncated", "cancelled",
                                                         "lost"};

void tally_release(struct tally *t) {
  for (size_t i = 0; i < t->n_models; i++) {
    free(t->models[i].provider);
    free(t->models[i].model);
  }
  free(t->models);
  *t = (struct tally){0};
}

static int place_of(const char *const *names, int n, const char *name) {
  int i = 0;
  while (i < n && strcmp(names[i], name) != 0) i++;
  return i;
}

static enum err one(struct db *db, struct db_stmt *s, int64_t *out) {
  enum db_step step = db_step(s);
  *out = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

/* ---- runs */

static enum err count_runs(struct tally *t, struct db *db) {
  struct db_stmt *s = db_prepare(db, "SELECT status, n, entered FROM run_counts");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    enum run_status status = run_status_of(db_text(s, 0));
    t->runs[status] = db_int(s, run_status_ended(status) ? 2 : 1);
  }
  return sql_end(db, s, step);
}

/* Since when it could: it was made, its time came, or its last host let it go. */
#define COULD_BEGIN                                                                                          \
  SQL_LARGER("created_at", SQL_LARGER("COALESCE(wake_at, 0)", "COALESCE(last_heartbeat, 0)"))
#define UNFINISHED " WHERE status IN " SQL_UNFINISHED

static enum err look_at_unfinished(struct tally *t, struct db *db) {
  struct db_stmt *s =
      db_prepare(db, "SELECT status, MIN(CASE WHEN COALESCE(wake_at, 0) <= $now THEN " COULD_BEGIN " END),"
                     " MIN(COALESCE(last_heartbeat, started_at)) FROM runs" UNFINISHED " GROUP BY status");
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    enum run_status status = run_status_of(db_text(s, 0));
    if (status == RUN_QUEUED) t->oldest_due_ms = db_int(s, 1);
    if (status == RUN_RUNNING) t->oldest_beat_ms = db_int(s, 2);
  }
  return sql_end(db, s, step);
}

static enum err read_runs(struct tally *t, struct db *db) {
  enum err err = count_runs(t, db);
  if (err == OK) err = look_at_unfinished(t, db);
  if (err == OK)
    err = one(db, db_prepare(db, "SELECT count(*) FROM gates WHERE status = 'open'"), &t->open_gates);
  return err;
}

/* ---- calls */

/* Rows come in the order of their models. */
static struct tally_model *model_of(struct tally *t, const char *provider, const char *model) {
  struct tally_model *last = t->n_models ? &t->models[t->n_models - 1] : NULL;
  if (last && strcmp(last->provider, provider) == 0 && strcmp(last->model, model) == 0) return last;
  t->models = mem_grow(t->models, (t->n_models + 1) * sizeof *t->models);
  t->models[t->n_models] = (struct tally_model){.provider = mem_dup(provider), .model = mem_dup(model)};
  return &t->models[t->n_models++];
}

static void add_row(struct tally *t, struct db_stmt *s) {
  struct tally_model *m = model_of(t, db_text(s, 0), db_text(s, 1));
  int outcome = place_of(tally_outcome_names, TALLY_OUTCOMES, db_text(s, 2));
  if (outcome == TALLY_OUTCOMES) return;
  m->outcomes[outcome] = db_int(s, 3);
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
  t->repeated += db_int(s, 14);
  t->repeated_cost_nano += db_int(s, 15);
}

static enum err read_calls(struct tally *t, struct db *db) {
  struct db_stmt *s = db_prepare(
      db, "SELECT provider, model, outcome, n, retries, input, cached_read, cache_write, output, reasoning,"
          " cost_nano, unpriced, total_ms, timed, repeated, repeated_cost_nano FROM call_counts"
          " ORDER BY provider, model");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) add_row(t, s);
  enum err err = sql_end(db, s, step);
  if (err != OK) return err;
  s = db_prepare(db, "SELECT count(*) FROM calls c JOIN runs r ON r.id = c.run_id WHERE c.state = 'sent'"
                     " AND r.status = 'running' AND r.epoch = c.epoch");
  return one(db, s, &t->in_flight);
}

enum err tally_read(struct tally *t, struct db *db) {
  *t = (struct tally){0};
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
