/* watch.c - stale runs given back, and heartbeats in batches. Each statement carries the epoch that was seen and the condition for which
 * it was sent, so whoever comes late changes nothing. */
#include "store/upkeep/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/sql.h"
#include "store/transitions.h"

enum { DEATHS_MOST = 3 };

/* --- a stale run --- */

struct sight {
  int64_t beat, deaths, mark;
  char phase[128];
};

/* What the row says now; no row when it is not the one that was seen. */
static enum err look(struct db *db, const struct op_run_stale *op, struct sight *now, bool *there) {
  struct db_stmt *s =
      db_prepare(db, "SELECT COALESCE(last_heartbeat, started_at), deaths, death_mark, phase FROM runs"
                     " WHERE id = $id AND epoch = $epoch AND status = 'running'");
  db_bind_int(s, "$id", op->id);
  db_bind_int(s, "$epoch", op->epoch);
  enum db_step step = db_step(s);
  *there = step == DB_ROW;
  if (*there) {
    *now = (struct sight){.beat = db_int(s, 0), .deaths = db_int(s, 1), .mark = db_int(s, 2)};
    const char *phase = db_text(s, 3);
    snprintf(now->phase, sizeof now->phase, "%s", phase ? phase : "");
  }
  return sql_end(db, s, step);
}

static void describe(const struct op_run_stale *op, const struct sight *now, char *out, size_t max) {
  int64_t minutes = (clock_wall_ms() - now->beat) / 60000;
  if (op->reason)
    snprintf(out, max, "%s", op->reason);
  else
    snprintf(out, max, "no sign of life for %lld minute%s", (long long)minutes, minutes == 1 ? "" : "s");
}

static char *error_json(const struct op_run_stale *op, const struct sight *now, const char *reason) {
  char message[400], hint[200];
  if (op->outcome == STALE_POISON)
    snprintf(message, sizeof message,
             "the run died %lld times in a row at the same place and is not tried again (%s)",
             (long long)op->deaths, reason);
  else
    snprintf(message, sizeof message, "the run stopped moving (%s)", reason);
  snprintf(hint, sizeof hint,
           "`quire logs %lld` shows where it stopped; `quire retry %lld` starts a new run from its record",
           (long long)op->id, (long long)op->id);
  json_t *v = json_pack("{s:s,s:s,s:s,s:s,s:I,s:b}", "kind", "stuck", "code", "stuck", "message", message,
                        "hint", hint, "deaths", (json_int_t)op->deaths, "retryable", 1);
  json_t *phase = *now->phase ? json_string(now->phase) : NULL; /* NULL: its cut tore a letter */
  if (phase) json_object_set_new(v, "phase", phase);
  char *text = jsonx_dumps(v);
  json_decref(v);
  return text;
}

/* The texts before the status: those of a run that ended never change. When the row turns out to have moved, both are undone. */
static enum err write_error(struct db *db, int64_t run, const char *error) {
  struct db_stmt *s = db_prepare(db, "UPDATE run_texts SET error = $error WHERE run_id = $run");
  db_bind_text(s, "$error", error);
  db_bind_int(s, "$run", run);
  return db_run(s);
}

static enum err move(struct db *db, struct op_run_stale *op, const struct sight *now) {
  bool ends = op->outcome != STALE_REQUEUED;
  if (!run_transition(RUN_RUNNING, ends ? RUN_FAILED : RUN_QUEUED, BY_WATCHER)) return ERR_INVALID;
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = $status, epoch = epoch + 1, ended_at = $ended, deaths = $deaths, death_mark = $mark"
      " WHERE id = $id AND epoch = $epoch AND status = 'running' AND ($judged OR last_heartbeat < $beat"
      "  OR (last_heartbeat IS NULL AND started_at < $started))");
  db_bind_text(s, "$status", run_status_word(ends ? RUN_FAILED : RUN_QUEUED));
  db_bind_id(s, "$ended", ends ? clock_wall_ms() : 0);
  db_bind_int(s, "$deaths", now->deaths);
  db_bind_int(s, "$mark", now->mark);
  db_bind_int(s, "$id", op->id);
  db_bind_int(s, "$epoch", op->epoch);
  db_bind_int(s, "$judged", op->judged);
  db_bind_int(s, "$beat", op->beat_before);
  db_bind_int(s, "$started", op->started_before);
  enum err err = db_run(s);
  if (err != OK) return err;
  if (db_changes(db) == 1) return calls_presume(db, op->id, op->epoch + 1, NULL);
  return err_set(&op->op.error, ERR_CONFLICT, "run %lld is moving", (long long)op->id);
}

static enum err tell_queued(struct db *db, const struct op_run_stale *op, const char *reason) {
  json_t *v = json_pack("{s:s,s:s%,s:I}", "status", run_status_word(RUN_QUEUED), "reason", reason,
                        strlen(reason), "deaths", (json_int_t)op->deaths);
  char *data = jsonx_dumps(v);
  json_decref(v);
  enum err err = event_insert(db, op->id, (struct event_place){0}, "status", data, NULL);
  free(data);
  return err;
}

static enum err apply_stale(struct db *db, struct store_op *base) {
  struct op_run_stale *op = (struct op_run_stale *)base;
  struct sight now;
  bool there;
  enum err err = look(db, op, &now, &there);
  if (err == OK && !there)
    err = err_set(&base->error, ERR_CONFLICT, "run %lld made progress meanwhile", (long long)op->id);
  if (err == OK) err = run_count_deaths(db, op->id, 1, &now.deaths, &now.mark);
  if (err != OK) return err;
  op->deaths = now.deaths;
  bool poison = now.deaths >= (op->deaths_most > 0 ? op->deaths_most : DEATHS_MOST);
  op->outcome = poison ? STALE_POISON : op->then == STALE_FAIL ? STALE_FAILED : STALE_REQUEUED;
  char reason[300];
  describe(op, &now, reason, sizeof reason);
  char *error = op->outcome == STALE_REQUEUED ? NULL : error_json(op, &now, reason);
  if (error) err = write_error(db, op->id, error);
  if (err == OK) err = move(db, op, &now);
  if (err == OK)
    err = error ? event_status(db, op->id, RUN_FAILED, NULL, 0, error) : tell_queued(db, op, reason);
  free(error);
  return err;
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_run_stale_kind = {"run_stale", apply_stale, NULL, NULL, free_plain, false};

/* --- beats --- */

static enum err apply_beats(struct db *db, struct store_op *base) {
  struct op_run_beats *op = (struct op_run_beats *)base;
  int64_t now = clock_wall_ms();
  op->n_fenced = 0;
  for (size_t i = 0; i < op->n; i++) {
    struct run_beat *beat = &op->beats[i];
    struct db_stmt *s = db_prepare(
        db,
        "UPDATE runs SET last_heartbeat = $now WHERE id = $run AND epoch = $epoch AND status = 'running'");
    db_bind_int(s, "$now", now);
    db_bind_int(s, "$run", beat->run);
    db_bind_int(s, "$epoch", beat->epoch);
    enum err err = db_run(s);
    if (err != OK) return err;
    beat->fenced = db_changes(db) != 1;
    op->n_fenced += beat->fenced;
  }
  return OK;
}

static void free_beats(struct store_op *base) {
  free(((struct op_run_beats *)base)->beats);
  free(base);
}

/* Fails only with the database itself, and then the whole group is undone. */
const struct store_op_kind op_run_beats_kind = {"run_beats", apply_beats, NULL, NULL, free_beats, true};
