/* run_claim.c - a host takes a run up: from the queue, when its time has come, or from a host that is dead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "store/runs.h"
#include "store/runs_internal.h"
#include "store/sql.h"
#include "store/transitions.h"

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
static int64_t waited(const struct run_row *row, const struct run_standing *before) {
  int64_t since = before->wake_at;
  if (row->epoch == 1 && row->created_at > since) since = row->created_at;
  int64_t ms = clock_wall_ms() - since;
  return since == 0 ? -1 : ms > 0 ? ms : 0;
}

static enum err look_at_deaths(struct db *db, struct op_run_claim *op, struct run_standing *now) {
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
  op->presumed_nano = 0;
  struct run_standing now;
  enum err err = run_look(db, op->id, &now, &base->error);
  if (err != OK) return err;
  const struct run_transition *t = run_transition(now.status, RUN_RUNNING, BY_HOST_CLAIM);
  bool died = op->adopt && now.status == RUN_RUNNING;
  bool due = now.wake_at && now.wake_at <= clock_wall_ms();
  if (now.status == RUN_QUEUED && now.wake_at > clock_wall_ms())
    return err_set(&base->error, ERR_CONFLICT, "run %lld begins later", (long long)op->id);
  if (!t || (t->guard & IF_DUE && !due) || (t->guard & IF_OWNER_DEAD && !died))
    return err_set(&base->error, ERR_CONFLICT, "run %lld is %s", (long long)op->id,
                   run_status_word(now.status));
  if (died && (err = look_at_deaths(db, op, &now)) != OK) return err;
  if (op->suspect)
    return err_set(&base->error, ERR_CONFLICT, "hosts died with run %lld: it is tried alone",
                   (long long)op->id);
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = 'running', epoch = epoch + 1, wait_kind = NULL, wait_for = NULL, wait_hint = NULL,"
      " wake_at = NULL, started_at = COALESCE(started_at, $now), deaths = $deaths, death_mark = $mark"
      " WHERE id = $id");
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$deaths", now.deaths);
  db_bind_int(s, "$mark", now.death_mark);
  db_bind_int(s, "$id", op->id);
  err = db_run(s);
  if (err == OK && now.epoch > 0) err = calls_presume(db, op->id, now.epoch + 1, &op->presumed_nano);
  if (err == OK) err = event_status(db, op->id, RUN_RUNNING, NULL, 0, NULL);
  if (err == OK) err = run_get(db, op->id, &op->row, &base->error);
  if (err == OK) op->waited_ms = waited(&op->row, &now);
  return err;
}

const struct store_op_kind op_run_claim_kind = {"run_claim", apply_claim, NULL, NULL, run_op_free, false};

static enum err apply_trust(struct db *db, struct store_op *base) {
  struct op_run_trust *op = (struct op_run_trust *)base;
  struct db_stmt *s =
      db_prepare(db, "UPDATE runs SET deaths = 0 WHERE id = $run AND epoch = $epoch AND status = 'running'");
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  enum err err = db_run(s);
  return err == OK && db_changes(db) != 1 ? ERR_FENCED : err;
}

const struct store_op_kind op_run_trust_kind = {"run_trust", apply_trust, NULL, NULL, run_op_free, true};
