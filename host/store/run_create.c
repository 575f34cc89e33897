/* run_create.c - a new run: its project, its row, what it is given, and of a retry the record of the run that it continues. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/artifacts.h"
#include "store/fork.h"
#include "store/runs.h"
#include "store/runs_internal.h"
#include "store/scripts.h"
#include "store/sql.h"

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
  if (op->with && op->with->artifacts) err = artifact_horizon(db, &horizon);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO runs (status, project_id, key, pipeline, script_set, retry_of, replay_of, resume_with, read_horizon, wake_at, created_at)"
      " VALUES ('queued', $project, $key, $pipeline, $set, $retry, $replay, $with, $horizon, $wake, $now)");
  db_bind_id(s, "$wake", op->wake_at);
  db_bind_text(s, "$with", op->with ? op->with->text : NULL);
  db_bind_int(s, "$horizon", horizon);
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$key", op->key && *op->key ? op->key : NULL);
  db_bind_text(s, "$pipeline", op->pipeline);
  db_bind_id(s, "$set", op->script_set);
  db_bind_id(s, "$retry", op->retry_of);
  db_bind_id(s, "$replay", op->replay_of);
  db_bind_int(s, "$now", clock_wall_ms());
  err = db_insert(s, &op->id);
  if (err != OK) return err;
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
  if (err == OK && old.error)
    (void)jsonx_parse(old.error, strlen(old.error), "the run's error", &error, NULL);
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

static enum err set_horizon(struct db *db, int64_t run) {
  struct db_stmt *s =
      db_prepare(db, "UPDATE runs SET seq_horizon ="
                     " (SELECT COALESCE(MAX(seq), 0) FROM journal WHERE run_id = $new) WHERE id = $new");
  db_bind_int(s, "$new", run);
  return db_run(s);
}

/* Answers, not errors: whoever tries again wants to ask those once more. */
static enum err copy_journal(struct db *db, const struct op_run_create *op) {
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

static enum err copy_record(struct db *db, struct op_run_create *op) {
  struct fork f = {.run = op->id, .of = op->retry_of, .at = op->fork_at};
  if (!op->retry_of) return OK;
  enum err err = op->fork_at ? fork_record(db, &f, &op->op.error) : copy_journal(db, op);
  return err == OK ? set_horizon(db, op->id) : err;
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
  return err == OK && step != DB_ROW ? run_missing(&op->op.error, op->retry_of)
                                     : err; /* prune.c takes it away */
}

static enum err apply_create(struct db *db, struct store_op *base) {
  struct op_run_create *op = (struct op_run_create *)base;
  op->existed = false;
  if (!op->pipeline) return err_set(&base->error, ERR_INVALID, "a run needs a pipeline");
  enum err err = find_existing(db, op);
  if (err != ERR_NOT_FOUND) return err;
  int64_t project = 0;
  err = check_retry(db, op);
  if (err == OK && op->scripts) err = script_set_save(db, op->scripts);
  if (err == OK && op->scripts) op->script_set = op->scripts->id;
  if (err == OK) err = find_project(db, op, &project);
  if (err == OK) err = insert_run(db, op, project);
  if (err == OK) err = copy_record(db, op);
  if (err == OK) err = write_gives(db, op, project);
  if (err == OK) err = slug_of(db, project, op->project_slug, sizeof op->project_slug);
  return err == OK ? event_status(db, op->id, RUN_QUEUED, NULL, 0, NULL) : err;
}

const struct store_op_kind op_run_create_kind = {"run_create", apply_create, NULL, NULL, run_op_free, false};
