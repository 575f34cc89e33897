/* runs.c - the life of a run: created, claimed, moved on, ended. Every statement that changes a status is here or, for gates, in
 * gates.c; each carries the state it expects, and the schema's CHECKs hold what a state must say. */
#include "store/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/artifacts.h"
#include "store/write/spool.h"
#include "store/sql.h"
#include "store/transitions.h"

/* --- rows --- */

#define RUN_COLUMNS                                                                                                                 \
  "r.id, r.project_id, r.script_set, r.epoch, r.retry_of, r.key, p.slug, r.pipeline, r.status, r.wait_kind, r.wait_for, r.phase,"   \
  " r.summary, r.progress_label, r.resume_with, r.wake_at, r.progress_done, r.progress_total, r.cost_nano, r.calls, r.tokens_in,"   \
  " r.tokens_out, r.unpriced_calls, r.read_horizon, r.created_at, r.started_at, r.last_heartbeat, r.ended_at, r.deaths, t.options," \
  " t.result, t.error, p.title, (SELECT g.id FROM gates g WHERE g.run_id = r.id AND g.status = 'open')"
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
                          .status = copy(s, 8),
                          .wait_kind = copy(s, 9),
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
                          .gate = db_int(s, 33)};
}

void run_row_release(struct run_row *r) {
  char *texts[] = {r->key,       r->project,     r->pipeline, r->input,   r->options,        r->status,
                   r->wait_kind, r->wait_for,    r->phase,    r->summary, r->progress_label, r->result,
                   r->error,     r->resume_with, r->title};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) free(texts[i]);
  *r = (struct run_row){0};
}

static enum err no_run(struct error *e, int64_t id) {
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
    out->input = copy(s, 34);
  }
  db_reset(s);
  if (step == DB_FAILED) return db_error(db, e);
  return step == DB_ROW ? OK : no_run(e, id);
}

enum err run_find_key(struct db *db, const char *key, int64_t *id) {
  struct db_stmt *s = db_prepare(db, "SELECT id FROM runs WHERE key = $key");
  db_bind_text(s, "$key", key);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  return err == OK && !*id ? ERR_NOT_FOUND : err;
}

#define RUN_FILTER                                                                                                      \
  " ($status IS NULL OR r.status = $status OR ($status = 'unfinished' AND r.status IN ('queued','running','waiting')))" \
  " AND ($before = 0 OR r.id < $before) AND ($pipeline IS NULL OR r.pipeline = $pipeline)"                              \
  " AND ($text IS NULL OR instr(lower(p.title || ' ' || p.slug || ' ' || COALESCE(r.key, '')), lower($text)) > 0)"      \
  " ORDER BY r.id DESC LIMIT $limit"

/* Of one project by its index: a library has many runs. */
static struct db_stmt *filtered(struct db *db, const struct run_filter *f) {
  if (!f->project) return db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE" RUN_FILTER);
  struct db_stmt *s =
      db_prepare(db, "SELECT " RUN_COLUMNS RUN_TABLES
                     " WHERE r.project_id = (SELECT id FROM projects WHERE slug = $project) AND" RUN_FILTER);
  db_bind_text(s, "$project", f->project);
  return s;
}

enum err runs_each(struct db *db, const struct run_filter *f, void (*fn)(void *, const struct run_row *),
                   void *arg) {
  struct db_stmt *s = filtered(db, f);
  db_bind_text(s, "$status", f->status);
  db_bind_text(s, "$pipeline", f->pipeline);
  db_bind_text(s, "$text", f->text);
  db_bind_int(s, "$before", f->before_id);
  db_bind_int(s, "$limit", f->limit > 0 ? f->limit : -1);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct run_row row;
    read_row(s, &row);
    fn(arg, &row);
    run_row_release(&row);
  }
  return sql_end(db, s, step);
}

enum err runs_count(struct db *db, void (*fn)(void *, const char *, int64_t), void *arg) {
  struct db_stmt *s = db_prepare(db, "SELECT status, count(*) FROM runs GROUP BY status");
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_text(s, 0), db_int(s, 1));
  return sql_end(db, s, step);
}

enum err runs_unfinished(struct db *db, void (*fn)(void *, int64_t, const char *), void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT id, status FROM runs WHERE status IN ('queued','running','waiting')"
          " AND (status = 'running' OR (status = 'queued' AND (wake_at IS NULL OR wake_at <= $now))"
          "  OR (status = 'waiting' AND wake_at <= $now)) ORDER BY id");
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_int(s, 0), db_text(s, 1));
  return sql_end(db, s, step);
}

enum err runs_due(struct db *db, void (*fn)(void *, int64_t, int64_t), void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT id, project_id FROM runs WHERE status IN ('queued','running','waiting')"
          " AND (status = 'running' OR (status = 'queued' AND (wake_at IS NULL OR wake_at <= $now))"
          "  OR (status = 'waiting' AND wake_at <= $now)) ORDER BY id");
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_int(s, 0), db_int(s, 1));
  return sql_end(db, s, step);
}

enum err runs_count_unfinished(struct db *db, int64_t *n) {
  struct db_stmt *s =
      db_prepare(db, "SELECT count(*) FROM runs WHERE status IN ('queued','running','waiting')");
  enum db_step step = db_step(s);
  *n = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err runs_next_wake(struct db *db, int64_t *wake_at) {
  struct db_stmt *s = db_prepare(
      db, "SELECT COALESCE(MIN(wake_at), 0) FROM runs WHERE status IN ('queued','running','waiting')"
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
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct run_row row;
    read_row(s, &row);
    fn(arg, &row);
    run_row_release(&row);
  }
  return sql_end(db, s, step);
}

/* --- create --- */

static enum err find_project(struct db *db, struct op_run_create *op, int64_t *project) {
  char slug[sizeof op->project_slug];
  enum err err = ERR_NOT_FOUND;
  if (op->project && *op->project) {
    err = project_id_by_slug(db, op->project, project);
    text_slug(op->project, strlen(op->project), slug, sizeof slug);
    if (err == ERR_NOT_FOUND) err = project_id_by_slug(db, slug, project);
    if (err == ERR_NOT_FOUND)
      err =
          project_make(db, slug, op->project_title ? op->project_title : op->project, "project", 0, project);
  } else {
    const char *title = op->project_title && *op->project_title ? op->project_title : "Untitled";
    err = op->title_is_stand_in ? project_make_provisional(db, title, project)
                                : project_make(db, title, title, "project", 0, project);
  }
  return err;
}

static enum err insert_run(struct db *db, struct op_run_create *op, int64_t project) {
  int64_t horizon = 0;
  enum err err = OK;
  if (op->resume_with && strstr(op->resume_with, "artifacts")) err = artifact_horizon(db, &horizon);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO runs (status, project_id, key, pipeline, script_set, retry_of, resume_with, read_horizon, wake_at, created_at)"
      " VALUES ('queued', $project, $key, $pipeline, $set, $retry, $with, $horizon, $wake, $now)");
  db_bind_id(s, "$wake", op->wake_at);
  db_bind_text(s, "$with", op->resume_with && *op->resume_with ? op->resume_with : NULL);
  db_bind_int(s, "$horizon", horizon);
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$key", op->key && *op->key ? op->key : NULL);
  db_bind_text(s, "$pipeline", op->pipeline);
  db_bind_id(s, "$set", op->script_set);
  db_bind_id(s, "$retry", op->retry_of);
  db_bind_int(s, "$now", clock_wall_ms());
  err = db_run(s);
  if (err != OK) return err;
  op->id = db_last_id(db);
  s = db_prepare(db, "INSERT INTO run_texts (run_id, input, options) VALUES ($run, $input, $options)");
  db_bind_int(s, "$run", op->id);
  db_bind_text(s, "$input", op->input ? op->input : "{}");
  db_bind_text(s, "$options", op->options ? op->options : "{}");
  return db_run(s);
}

/* Takes out of a retry's record the answers that the old run's failure rests on: kept, they would fail it the same way again. */
static enum err forget_rejected(struct db *db, const struct op_run_create *op) {
  struct run_row old = {0};
  json_t *error = NULL;
  enum err err = run_get(db, op->retry_of, &old, NULL);
  if (err == OK && old.error) jsonx_parse(old.error, strlen(old.error), "the run's error", &error, NULL);
  const json_t *rejected = json_object_get(error, "rejected");
  for (size_t i = 0; err == OK && i < json_array_size(rejected); i++) {
    struct db_stmt *s = db_prepare(db, "DELETE FROM journal WHERE run_id = $run AND seq = $seq");
    db_bind_int(s, "$run", op->id);
    db_bind_int(s, "$seq", json_integer_value(json_array_get(rejected, i)));
    err = db_run(s);
  }
  json_decref(error);
  run_row_release(&old);
  return err;
}

/* Answers, not errors: whoever tries again wants to ask those once more. */
static enum err copy_journal(struct db *db, const struct op_run_create *op) {
  if (!op->retry_of) return OK;
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO journal (run_id, seq, n, at, call_id, size, scope, kind, hash, result)"
                     " SELECT $new, seq, n, at, call_id, size, scope, kind, hash, result FROM journal"
                     " WHERE run_id = $old AND superseded = 0"
                     " AND NOT (kind = 'llm' AND substr(result, 1, 9) = '{\"error\":')"
                     " AND NOT (kind <> 'step' AND substr(result, 1, 10) = '{\"failed\":') ORDER BY seq, id");
  db_bind_int(s, "$new", op->id);
  db_bind_int(s, "$old", op->retry_of);
  enum err err = db_run(s);
  return err == OK ? forget_rejected(db, op) : err;
}

static enum err write_gives(struct db *db, const struct op_run_create *op, int64_t project) {
  enum err err = OK;
  for (size_t i = 0; err == OK && i < op->n_gives; i++) {
    const struct run_give *g = &op->gives[i];
    char *name = mem_printf("given/%s", g->name);
    struct artifact_write w = {
        .project = project, .name = name, .kind = g->kind, .content = g->content, .n = g->n};
    err = artifact_write(db, &w);
    free(name);
  }
  return err;
}

static enum err slug_of(struct db *db, int64_t project, char *out, size_t max) {
  struct db_stmt *s = db_prepare(db, "SELECT slug FROM projects WHERE id = $id");
  db_bind_int(s, "$id", project);
  enum db_step step = db_step(s);
  if (step == DB_ROW) snprintf(out, max, "%s", db_text(s, 0));
  return sql_end(db, s, step);
}

/* The run with this key, made before. OK and `existed`, or ERR_NOT_FOUND. */
static enum err find_existing(struct db *db, struct op_run_create *op) {
  if (!op->key || !*op->key) return ERR_NOT_FOUND;
  struct db_stmt *s = db_prepare(
      db, "SELECT r.id, p.slug FROM runs r JOIN projects p ON p.id = r.project_id WHERE r.key = $key");
  db_bind_text(s, "$key", op->key);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    op->existed = true;
    op->id = db_int(s, 0);
    snprintf(op->project_slug, sizeof op->project_slug, "%s", db_text(s, 1));
  }
  enum err err = sql_end(db, s, step);
  return err == OK && step != DB_ROW ? ERR_NOT_FOUND : err;
}

static enum err check_retry(struct db *db, struct op_run_create *op) {
  if (!op->retry_of) return OK;
  struct db_stmt *s = db_prepare(
      db,
      "SELECT 1 FROM runs WHERE id = $id AND NOT EXISTS (SELECT 1 FROM settings WHERE key = 'pruning:' || $id)");
  db_bind_int(s, "$id", op->retry_of);
  enum db_step step = db_step(s);
  enum err err = sql_end(db, s, step);
  return err == OK && step != DB_ROW ? no_run(&op->op.error, op->retry_of) : err; /* prune.c takes it away */
}

static enum err apply_create(struct db *db, struct store_op *base) {
  struct op_run_create *op = (struct op_run_create *)base;
  op->existed = false;
  if (!op->pipeline) return err_set(&base->error, ERR_INVALID, "a run needs a pipeline");
  enum err err = find_existing(db, op);
  if (err != ERR_NOT_FOUND) return err;
  int64_t project = 0;
  err = check_retry(db, op);
  if (err == OK) err = find_project(db, op, &project);
  if (err == OK) err = insert_run(db, op, project);
  if (err == OK) err = copy_journal(db, op);
  if (err == OK) err = write_gives(db, op, project);
  if (err == OK) err = slug_of(db, project, op->project_slug, sizeof op->project_slug);
  return err == OK ? event_status(db, op->id, "queued", NULL, NULL, 0, NULL) : err;
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_run_create_kind = {"run_create", apply_create, NULL, NULL, free_plain, false};

/* --- claim --- */

/* What a run is now, for the changes below and their errors. */
struct standing {
  char status[16], wait_for[200];
  int64_t wake_at, deaths, death_mark;
};

static enum err look(struct db *db, int64_t id, struct standing *now, struct error *e) {
  struct db_stmt *s =
      db_prepare(db, "SELECT status, wait_for, wake_at, deaths, death_mark FROM runs WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    const char *why = db_text(s, 1);
    snprintf(now->status, sizeof now->status, "%s", db_text(s, 0));
    snprintf(now->wait_for, sizeof now->wait_for, "%s", why ? why : "");
    now->wake_at = db_int(s, 2);
    now->deaths = db_int(s, 3);
    now->death_mark = db_int(s, 4);
  }
  enum err err = sql_end(db, s, step);
  return err == OK && step != DB_ROW ? no_run(e, id) : err;
}

static bool is_status(const struct standing *now, const char *status) {
  return strcmp(now->status, status) == 0;
}

enum err run_count_deaths(struct db *db, int64_t id, int one_more, int64_t *deaths, int64_t *mark) {
  struct db_stmt *s = db_prepare(db, "SELECT COALESCE(MAX(id), 0) FROM journal WHERE run_id = $run");
  db_bind_int(s, "$run", id);
  enum db_step step = db_step(s);
  int64_t newest = step == DB_ROW ? db_int(s, 0) : 0;
  *deaths = (newest == *mark ? *deaths : 0) + one_more;
  *mark = newest;
  return sql_end(db, s, step);
}

/* How long it lay there although it could have begun. Of a run that went back to the queue nobody wrote down when. */
static int64_t waited(const struct run_row *row, const struct standing *before) {
  int64_t since = before->wake_at;
  if (row->epoch == 1 && row->created_at > since) since = row->created_at;
  int64_t ms = clock_wall_ms() - since;
  return since == 0 ? -1 : ms > 0 ? ms : 0;
}

static enum err look_at_deaths(struct db *db, struct op_run_claim *op, struct standing *now) {
  enum err err = run_count_deaths(db, op->id, op->death != DEATH_NOT_COUNTED, &now->deaths, &now->death_mark);
  int64_t most = op->deaths_most;
  op->poison = most && now->deaths >= (op->death == DEATH_BY_THIS ? most : 2 * most);
  op->suspect = most && now->deaths >= most && !op->alone && !op->poison;
  return err;
}

static enum err apply_claim(struct db *db, struct store_op *base) {
  struct op_run_claim *op = (struct op_run_claim *)base;
  run_row_release(&op->row);
  op->poison = op->suspect = false;
  struct standing now;
  enum err err = look(db, op->id, &now, &base->error);
  if (err != OK) return err;
  const struct run_transition *t = run_transition(now.status, "running", BY_HOST_CLAIM);
  bool died = op->adopt && is_status(&now, "running");
  bool due = now.wake_at && now.wake_at <= clock_wall_ms();
  if (is_status(&now, "queued") && now.wake_at > clock_wall_ms())
    return err_set(&base->error, ERR_CONFLICT, "run %lld begins later", (long long)op->id);
  if (!t || (t->guard & IF_DUE && !due) || (t->guard & IF_OWNER_DEAD && !died))
    return err_set(&base->error, ERR_CONFLICT, "run %lld is %s", (long long)op->id, now.status);
  if (died && (err = look_at_deaths(db, op, &now)) != OK) return err;
  if (op->suspect)
    return err_set(&base->error, ERR_CONFLICT, "hosts died with run %lld: it is tried alone",
                   (long long)op->id);
  struct db_stmt *s = db_prepare(
      db, "UPDATE runs SET status = 'running', epoch = epoch + 1, wait_kind = NULL, wait_for = NULL,"
          " wake_at = NULL, started_at = COALESCE(started_at, $now), deaths = $deaths, death_mark = $mark"
          " WHERE id = $id");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$deaths", now.deaths);
  db_bind_int(s, "$mark", now.death_mark);
  db_bind_int(s, "$id", op->id);
  err = db_run(s);
  if (err == OK) err = event_status(db, op->id, "running", NULL, NULL, 0, NULL);
  if (err == OK) err = run_get(db, op->id, &op->row, &base->error);
  if (err == OK) op->waited_ms = waited(&op->row, &now);
  return err;
}

const struct store_op_kind op_run_claim_kind = {"run_claim", apply_claim, NULL, NULL, free_plain, false};

static enum err apply_trust(struct db *db, struct store_op *base) {
  struct op_run_trust *op = (struct op_run_trust *)base;
  struct db_stmt *s =
      db_prepare(db, "UPDATE runs SET deaths = 0 WHERE id = $run AND epoch = $epoch AND status = 'running'");
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  enum err err = db_run(s);
  return err == OK && db_changes(db) != 1 ? ERR_FENCED : err;
}

const struct store_op_kind op_run_trust_kind = {"run_trust", apply_trust, NULL, NULL, free_plain, true};

/* --- the engine's change of status --- */

static bool is_terminal(const char *status) {
  return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 ||
         strcmp(status, "cancelled") == 0;
}

static enum err check_status(struct op_run_status *op, const char **wait_for) {
  bool waiting = strcmp(op->status, "waiting") == 0;
  if (!run_transition("running", op->status, BY_HOST))
    return err_set(&op->op.error, ERR_INVALID, "a running run cannot become '%s'", op->status);
  if (waiting && !op->wait_kind) return err_set(&op->op.error, ERR_INVALID, "a waiting run says what for");
  *wait_for = !waiting ? NULL : op->wait_for ? op->wait_for : op->wait_kind;
  return OK;
}

static enum err write_texts(struct db *db, const struct op_run_status *op) {
  if (!op->result && !op->error) return OK;
  struct db_stmt *s = db_prepare(
      db, "UPDATE run_texts SET result = COALESCE($result, result), error = COALESCE($error, error)"
          " WHERE run_id = $run");
  db_bind_text(s, "$result", op->result);
  db_bind_text(s, "$error", op->error);
  db_bind_int(s, "$run", op->run);
  return db_run(s);
}

static enum err apply_status(struct db *db, struct store_op *base) {
  struct op_run_status *op = (struct op_run_status *)base;
  const char *wait_for = NULL;
  enum err err = check_status(op, &wait_for);
  if (err == OK && run_transition("running", op->status, BY_HOST)->guard & IF_EPOCH)
    err = fence_check(db, op->run, op->epoch);
  if (err == OK) err = write_texts(db, op); /* before the status: texts of a run that ended never change */
  if (err != OK) return err;
  bool ends = is_terminal(op->status);
  struct db_stmt *s =
      db_prepare(db, "UPDATE runs SET status = $status, wait_kind = $kind, wait_for = $for, wake_at = $wake,"
                     " ended_at = $ended WHERE id = $run");
  db_bind_text(s, "$status", op->status);
  db_bind_text(s, "$kind", wait_for ? op->wait_kind : NULL);
  db_bind_text(s, "$for", wait_for);
  db_bind_id(s, "$wake", ends ? 0 : op->wake_at);
  db_bind_id(s, "$ended", ends ? clock_wall_ms() : 0);
  db_bind_int(s, "$run", op->run);
  err = db_run(s);
  if (err != OK) return err;
  return event_status(db, op->run, op->status, wait_for ? op->wait_kind : NULL, wait_for,
                      ends ? 0 : op->wake_at, op->error);
}

static enum err encode_status(const struct store_op *base, struct buf *line) {
  const struct op_run_status *op = (const struct op_run_status *)base;
  json_t *v = json_pack("{s:I,s:I,s:I}", "run", (json_int_t)op->run, "epoch", (json_int_t)op->epoch, "wake",
                        (json_int_t)op->wake_at);
  spool_put_text(v, "status", op->status);
  spool_put_text(v, "wait_kind", op->wait_kind);
  spool_put_text(v, "wait_for", op->wait_for);
  spool_put_text(v, "result", op->result);
  spool_put_text(v, "error", op->error);
  return spool_put_json(line, v);
}

static struct store_op *decode_status(const char *text, size_t n) {
  json_t *v;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct op_run_status *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_status_kind;
  op->run = jsonx_int(v, "run", 0);
  op->epoch = jsonx_int(v, "epoch", 0);
  op->wake_at = jsonx_int(v, "wake", 0);
  op->status = spool_take_text(v, "status", NULL);
  op->wait_kind = spool_take_text(v, "wait_kind", NULL);
  op->wait_for = spool_take_text(v, "wait_for", NULL);
  op->result = spool_take_text(v, "result", NULL);
  op->error = spool_take_text(v, "error", NULL);
  if (!op->status) op->status = mem_dup("");
  json_decref(v);
  return &op->op;
}

static void free_status(struct store_op *base) {
  struct op_run_status *op = (struct op_run_status *)base;
  free(op->status);
  free(op->wait_kind);
  free(op->wait_for);
  free(op->result);
  free(op->error);
  free(op);
}

const struct store_op_kind op_run_status_kind = {"run_status",  apply_status, encode_status,
                                                 decode_status, free_status,  false};

/* --- a person's change --- */

/* What each change makes of a run. */
static const struct {
  const char *to;
  enum run_mover by;
} changes[] = {[RUN_RESUME] = {"queued", BY_PERSON_RESUME},
               [RUN_PAUSE] = {"waiting", BY_PERSON_PAUSE},
               [RUN_CANCEL] = {"cancelled", BY_PERSON_CANCEL}};

static enum err check_command(const struct op_run_command *op, const struct standing *now, struct error *e) {
  const struct run_transition *t = run_transition(now->status, changes[op->what].to, changes[op->what].by);
  if (!t && op->what == RUN_PAUSE && !is_terminal(now->status))
    return err_set(e, ERR_CONFLICT, "run %lld is %s; only a run that runs or is queued can be paused",
                   (long long)op->id, now->status);
  if (!t) {
    err_set(e, ERR_CONFLICT, "run %lld is %s: it does not change any more", (long long)op->id, now->status);
    if (op->what != RUN_CANCEL)
      err_hint(e, "`quire retry %lld` starts a new run from its record", (long long)op->id);
    return ERR_CONFLICT;
  }
  if (t->guard & IF_OWNER_DEAD && !op->orphan) {
    err_set(e, ERR_CONFLICT, "run %lld is running", (long long)op->id);
    err_hint(e, "`quire watch %lld` shows it", (long long)op->id);
    return ERR_CONFLICT;
  }
  return OK;
}

static enum err resume(struct db *db, const struct op_run_command *op) {
  int64_t horizon = 0;
  enum err err = OK;
  if (op->resume_with && strstr(op->resume_with, "artifacts")) err = artifact_horizon(db, &horizon);
  if (err != OK) return err;
  struct db_stmt *s =
      db_prepare(db, "UPDATE runs SET status = 'queued', wait_kind = NULL, wait_for = NULL, wake_at = NULL,"
                     " resume_with = $with, script_set = COALESCE($set, script_set),"
                     " read_horizon = max(read_horizon, $horizon), deaths = 0 WHERE id = $id");
  db_bind_text(s, "$with", op->resume_with && *op->resume_with ? op->resume_with : NULL);
  db_bind_id(s, "$set", op->script_set);
  db_bind_int(s, "$horizon", horizon);
  db_bind_int(s, "$id", op->id);
  err = db_run(s);
  if (err != OK || !op->options) return err;
  s = db_prepare(db, "UPDATE run_texts SET options = $options WHERE run_id = $id");
  db_bind_text(s, "$options", op->options);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static const char paused_for[] = "a person paused it";

static enum err pause(struct db *db, const struct op_run_command *op) {
  struct db_stmt *s = db_prepare(
      db, "UPDATE runs SET status = 'waiting', epoch = epoch + (status = 'running'), wait_kind = 'paused',"
          " wait_for = $for, wake_at = NULL WHERE id = $id");
  db_bind_text(s, "$for", paused_for);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static enum err cancel(struct db *db, const struct op_run_command *op) {
  struct db_stmt *s = db_prepare(
      db, "UPDATE runs SET status = 'cancelled', epoch = epoch + 1, wait_kind = NULL, wait_for = NULL,"
          " wake_at = NULL, ended_at = $now WHERE id = $id");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static enum err apply_command(struct db *db, struct store_op *base) {
  struct op_run_command *op = (struct op_run_command *)base;
  run_row_release(&op->row);
  struct standing now;
  enum err err = look(db, op->id, &now, &base->error);
  if (err == OK) err = check_command(op, &now, &base->error);
  if (err == OK)
    err = op->what == RUN_RESUME ? resume(db, op) : op->what == RUN_PAUSE ? pause(db, op) : cancel(db, op);
  bool paused = op->what == RUN_PAUSE;
  if (err == OK)
    err = event_status(db, op->id, changes[op->what].to, paused ? "paused" : NULL, paused ? paused_for : NULL,
                       0, NULL);
  return err == OK ? run_get(db, op->id, &op->row, &base->error) : err;
}

const struct store_op_kind op_run_command_kind = {"run_command", apply_command, NULL,
                                                  NULL,          free_plain,    false};

/* --- progress --- */

static enum err apply_progress(struct db *db, struct store_op *base) {
  struct op_run_progress *op = (struct op_run_progress *)base;
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET last_heartbeat = $now, phase = COALESCE($phase, phase), summary = COALESCE($summary, summary),"
      " progress_label = COALESCE($label, progress_label),"
      " progress_done = CASE WHEN $done >= 0 THEN $done ELSE progress_done END,"
      " progress_total = CASE WHEN $total >= 0 THEN $total ELSE progress_total END"
      " WHERE id = $run AND epoch = $epoch AND status = 'running'");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_text(s, "$phase", op->phase);
  db_bind_text(s, "$summary", op->summary);
  db_bind_text(s, "$label", op->label);
  db_bind_int(s, "$done", op->done);
  db_bind_int(s, "$total", op->total);
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  enum err err = db_run(s);
  return err == OK && db_changes(db) != 1 ? ERR_FENCED : err;
}

static enum err encode_progress(const struct store_op *base, struct buf *line) {
  const struct op_run_progress *op = (const struct op_run_progress *)base;
  json_t *v = json_pack("{s:I,s:I,s:I,s:I}", "run", (json_int_t)op->run, "epoch", (json_int_t)op->epoch,
                        "done", (json_int_t)op->done, "total", (json_int_t)op->total);
  spool_put_text(v, "phase", op->phase);
  spool_put_text(v, "summary", op->summary);
  spool_put_text(v, "label", op->label);
  return spool_put_json(line, v);
}

static struct store_op *decode_progress(const char *text, size_t n) {
  json_t *v;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct op_run_progress *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_progress_kind;
  op->run = jsonx_int(v, "run", 0);
  op->epoch = jsonx_int(v, "epoch", 0);
  op->done = jsonx_int(v, "done", -1);
  op->total = jsonx_int(v, "total", -1);
  op->phase = spool_take_text(v, "phase", NULL);
  op->summary = spool_take_text(v, "summary", NULL);
  op->label = spool_take_text(v, "label", NULL);
  json_decref(v);
  return &op->op;
}

static void free_progress(struct store_op *base) {
  struct op_run_progress *op = (struct op_run_progress *)base;
  free(op->phase);
  free(op->summary);
  free(op->label);
  free(op);
}

const struct store_op_kind op_run_progress_kind = {"run_progress",  apply_progress, encode_progress,
                                                   decode_progress, free_progress,  true};
