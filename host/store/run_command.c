/* run_command.c - a person's change of a run: resume, pause, cancel. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "store/artifacts.h"
#include "store/runs.h"
#include "store/runs_internal.h"
#include "store/sql.h"
#include "store/transitions.h"

/* What each change makes of a run. */
static const struct {
  enum run_status to;
  enum run_mover by;
} changes[] = {[RUN_RESUME] = {RUN_QUEUED, BY_PERSON_RESUME},
               [RUN_PAUSE] = {RUN_WAITING, BY_PERSON_PAUSE},
               [RUN_CANCEL] = {RUN_CANCELLED, BY_PERSON_CANCEL}};

static enum err check_command(const struct op_run_command *op, const struct run_standing *now,
                              struct error *e) {
  const struct run_transition *t = run_transition(now->status, changes[op->what].to, changes[op->what].by);
  if (!t && op->what == RUN_PAUSE && !run_status_ended(now->status))
    return err_set(e, ERR_CONFLICT, "run %lld is %s; only a run that runs or is queued can be paused",
                   (long long)op->id, run_status_word(now->status));
  if (!t) {
    err_set(e, ERR_CONFLICT, "run %lld is already %s", (long long)op->id, run_status_word(now->status));
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

#define HORIZON SQL_LARGER("read_horizon", "$horizon")

static enum err resume(struct db *db, const struct op_run_command *op) {
  int64_t horizon = 0;
  enum err err = OK;
  if (op->with && op->with->artifacts) err = artifact_horizon(db, &horizon);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = 'queued', wait_kind = NULL, wait_for = NULL, wait_hint = NULL, wake_at = NULL,"
      " resume_with = $with, script_set = COALESCE($set, script_set),"
      " read_horizon = " HORIZON ", deaths = 0, seq_horizon = CASE WHEN $with IS NULL THEN seq_horizon"
      "  ELSE (SELECT COALESCE(MAX(j.seq), 0) FROM journal j WHERE j.run_id = $id) END WHERE id = $id");
  db_bind_text(s, "$with", op->with ? op->with->text : NULL);
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
      db,
      "UPDATE runs SET status = 'waiting', epoch = epoch + CASE WHEN status = 'running' THEN 1 ELSE 0 END, wait_kind = 'paused',"
      " wait_for = $for, wait_hint = NULL, wake_at = NULL WHERE id = $id");
  db_bind_text(s, "$for", paused_for);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static enum err cancel(struct db *db, const struct op_run_command *op, const struct run_standing *now) {
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = 'cancelled', epoch = epoch + 1, wait_kind = NULL, wait_for = NULL, wait_hint = NULL,"
      " wake_at = NULL, ended_at = $now WHERE id = $id");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$id", op->id);
  enum err err = db_run(s);
  return err == OK ? calls_presume(db, op->id, now->epoch + 1, NULL) : err;
}

static enum err apply_command(struct db *db, struct store_op *base) {
  struct op_run_command *op = (struct op_run_command *)base;
  run_row_release(&op->row);
  struct run_standing now;
  enum err err = run_look(db, op->id, &now, &base->error);
  if (err == OK) err = check_command(op, &now, &base->error);
  if (err == OK)
    err = op->what == RUN_RESUME  ? resume(db, op)
          : op->what == RUN_PAUSE ? pause(db, op)
                                  : cancel(db, op, &now);
  static const struct status_wait paused = {FOR_PAUSED, paused_for, NULL};
  if (err == OK)
    err = event_status(db, op->id, changes[op->what].to, op->what == RUN_PAUSE ? &paused : NULL, 0, NULL);
  return err == OK ? run_get(db, op->id, &op->row, &base->error) : err;
}

const struct store_op_kind op_run_command_kind = {"run_command", apply_command, NULL,
                                                  NULL,          run_op_free,   false};
