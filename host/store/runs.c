/* runs.c - reading runs: one, lists of them, what is due, what has stopped. */
#include "store/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "store/runs_internal.h"
#include "store/sql.h"

/* --- rows --- */

#define RUN_COLUMNS                                                                                                                 \
  "r.id, r.project_id, r.script_set, r.epoch, r.retry_of, r.key, p.slug, r.pipeline, r.status, r.wait_kind, r.wait_for, r.phase,"   \
  " r.summary, r.progress_label, r.resume_with, r.wake_at, r.progress_done, r.progress_total, r.cost_nano, r.calls, r.tokens_in,"   \
  " r.tokens_out, r.unpriced_calls, r.read_horizon, r.created_at, r.started_at, r.last_heartbeat, r.ended_at, r.deaths, t.options," \
  " t.result, t.error, p.title, (SELECT g.id FROM gates g WHERE g.run_id = r.id AND g.status = 'open'),"                            \
  " r.seq_horizon, r.held_for, r.held_until, r.wait_hint, r.replay_of, (SELECT f.seq FROM forks f WHERE f.run_id = r.id)"
#define RUN_TABLES " FROM runs r JOIN projects p ON p.id = r.project_id JOIN run_texts t ON t.run_id = r.id"

static char *copy(struct db_stmt *s, int column) {
  return mem_dup(db_text(s, column));
}

static void read_row(struct db_stmt *s, struct run_row *out) {
  *out = (struct run_row){.id = db_int(s, 0),
                          .project_id = db_int(s, 1),
                          .script_set = db_int(s, 2),
                          .epoch = db_int(s, 3),
                          .retry_of = db_int(s, 4),
                          .key = copy(s, 5),
                          .project = copy(s, 6),
                          .pipeline = copy(s, 7),
                          .status = run_status_of(db_text(s, 8)),
                          .wait = run_wait_of(db_text(s, 9)),
                          .wait_for = copy(s, 10),
                          .phase = copy(s, 11),
                          .summary = copy(s, 12),
                          .progress_label = copy(s, 13),
                          .resume_with = copy(s, 14),
                          .wake_at = db_int(s, 15),
                          .progress_done = db_int(s, 16),
                          .progress_total = db_int(s, 17),
                          .cost_nano = db_int(s, 18),
                          .calls = db_int(s, 19),
                          .tokens_in = db_int(s, 20),
                          .tokens_out = db_int(s, 21),
                          .unpriced_calls = db_int(s, 22),
                          .read_horizon = db_int(s, 23),
                          .created_at = db_int(s, 24),
                          .started_at = db_int(s, 25),
                          .last_heartbeat = db_int(s, 26),
                          .ended_at = db_int(s, 27),
                          .deaths = db_int(s, 28),
                          .options = copy(s, 29),
                          .result = copy(s, 30),
                          .error = copy(s, 31),
                          .title = copy(s, 32),
                          .gate = db_int(s, 33),
                          .seq_horizon = db_int(s, 34),
                          .held_for = copy(s, 35),
                          .held_until = db_int(s, 36),
                          .wait_hint = copy(s, 37),
                          .replay_of = db_int(s, 38),
                          .fork_at = db_int(s, 39)};
}

void run_row_release(struct run_row *r) {
  char *texts[] = {r->key,      r->project,     r->pipeline, r->input,          r->options,
                   r->wait_for, r->phase,       r->summary,  r->progress_label, r->result,
                   r->error,    r->resume_with, r->title,    r->held_for,       r->wait_hint};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) free(texts[i]);
  *r = (struct run_row){0};
}

enum err run_missing(struct error *e, int64_t id) {
  err_set(e, ERR_NOT_FOUND, "there is no run %lld", (long long)id);
  err_hint(e, "`quire runs` shows the runs of this library");
  return ERR_NOT_FOUND;
}

enum err run_get(struct db *db, int64_t id, struct run_row *out, struct error *e) {
  *out = (struct run_row){0};
  struct db_stmt *s = db_prepare(db, "SELECT " RUN_COLUMNS ", t.input" RUN_TABLES " WHERE r.id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    read_row(s, out);
    out->input = copy(s, 40);
  }
  db_reset(s);
  if (step == DB_FAILED) return db_error(db, e);
  return step == DB_ROW ? OK : run_missing(e, id);
}

enum err run_find_key(struct db *db, const char *key, int64_t *id) {
  struct db_stmt *s = db_prepare(db, "SELECT id FROM runs WHERE key = $key");
  db_bind_text(s, "$key", key);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  return err == OK && !*id ? ERR_NOT_FOUND : err;
}

static enum err give_rows(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct run_row *),
                          void *arg) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct run_row row;
    read_row(s, &row);
    fn(arg, &row);
    run_row_release(&row);
  }
  return sql_end(db, s, step);
}

bool run_filter_status(struct run_filter *f, const char *word) {
  f->unfinished = word && strcmp(word, "unfinished") == 0;
  f->status = run_status_of(word);
  return !word || f->unfinished || f->status;
}

#define RUN_TEXT "p.title || ' ' || p.slug || ' ' || COALESCE(r.key, '')"
#define RUN_FILTER                                                                                           \
  " ($status IS NULL OR r.status = $status) AND (NOT $unfinished OR r.status IN " SQL_UNFINISHED ")"         \
  " AND (r.replay_of IS NULL OR (r.ended_at IS NULL AND $project IS NULL))"                                  \
  " AND ($before = 0 OR r.id < $before) AND ($pipeline IS NULL OR r.pipeline = $pipeline)"                   \
  " AND ($text IS NULL OR " SQL_HOLDS(RUN_TEXT, "$text") ") ORDER BY r.id DESC LIMIT $limit"

/* Of one project, or the unfinished ones, by their index: a library has many runs. */
static struct db_stmt *filtered(struct db *db, const struct run_filter *f) {
  if (!f->project && f->unfinished)
    return db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE r.status IN " SQL_UNFINISHED
                          " AND" RUN_FILTER);
  if (!f->project) return db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE" RUN_FILTER);
  struct db_stmt *s =
      db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES
                     " WHERE r.project_id = (SELECT id FROM projects WHERE slug = $project) AND" RUN_FILTER);
  return s;
}

enum err runs_each(struct db *db, const struct run_filter *f, void (*fn)(void *, const struct run_row *),
                   void *arg) {
  struct db_stmt *s = filtered(db, f);
  db_bind_text(s, "$project", f->project);
  db_bind_text(s, "$status", f->status ? run_status_word(f->status) : NULL);
  db_bind_int(s, "$unfinished", f->unfinished);
  db_bind_text(s, "$pipeline", f->pipeline);
  db_bind_text(s, "$text", f->text);
  db_bind_int(s, "$before", f->before_id);
  db_bind_int(s, "$limit", f->limit > 0 ? f->limit : -1);
  return give_rows(db, s, fn, arg);
}

enum err runs_replaying(struct db *db, int64_t call, void (*fn)(void *, const struct run_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE r.replay_of = $call ORDER BY r.id");
  db_bind_int(s, "$call", call);
  return give_rows(db, s, fn, arg);
}

enum err runs_count(struct db *db, void (*fn)(void *, enum run_status, int64_t), void *arg) {
  struct db_stmt *s = db_prepare(db, "SELECT status, n FROM run_counts WHERE n > 0");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, run_status_of(db_text(s, 0)), db_int(s, 1));
  return sql_end(db, s, step);
}

enum err runs_due(struct db *db, void (*fn)(void *, int64_t, int64_t), void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT id, project_id FROM runs WHERE status IN " SQL_UNFINISHED
          " AND (status = 'running' OR (status = 'queued' AND (wake_at IS NULL OR wake_at <= $now))"
          "  OR (status = 'waiting' AND wake_at <= $now)) ORDER BY id");
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_int(s, 0), db_int(s, 1));
  return sql_end(db, s, step);
}

enum err runs_count_unfinished(struct db *db, int64_t *n) {
  struct db_stmt *s = db_prepare(db, "SELECT count(*) FROM runs WHERE status IN " SQL_UNFINISHED);
  enum db_step step = db_step(s);
  *n = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err runs_next_wake(struct db *db, int64_t *wake_at) {
  struct db_stmt *s =
      db_prepare(db, "SELECT COALESCE(MIN(wake_at), 0) FROM runs WHERE status IN " SQL_UNFINISHED
                     " AND status <> 'running' AND wake_at IS NOT NULL");
  enum db_step step = db_step(s);
  *wake_at = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err runs_stale(struct db *db, int64_t beat_before, int64_t started_before,
                    void (*fn)(void *, const struct run_row *), void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE r.status = 'running'"
          " AND (r.last_heartbeat < $beat OR (r.last_heartbeat IS NULL AND r.started_at < $started))"
          " ORDER BY r.id");
  db_bind_int(s, "$beat", beat_before);
  db_bind_int(s, "$started", started_before);
  return give_rows(db, s, fn, arg);
}

/* --- for the changes --- */

enum err run_look(struct db *db, int64_t id, struct run_standing *now, struct error *e) {
  struct db_stmt *s =
      db_prepare(db, "SELECT status, wait_for, wake_at, deaths, death_mark, epoch FROM runs WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    const char *why = db_text(s, 1);
    now->status = run_status_of(db_text(s, 0));
    snprintf(now->wait_for, sizeof now->wait_for, "%s", why ? why : "");
    now->wake_at = db_int(s, 2);
    now->deaths = db_int(s, 3);
    now->death_mark = db_int(s, 4);
    now->epoch = db_int(s, 5);
  }
  enum err err = sql_end(db, s, step);
  return err == OK && step != DB_ROW ? run_missing(e, id) : err;
}

void run_op_free(struct store_op *op) {
  free(op);
}
