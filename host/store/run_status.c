/* run_status.c - what the engine says of a run that it holds: its status, its progress. Both survive in the spool. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/runs.h"
#include "store/runs_internal.h"
#include "store/write/spool.h"
#include "store/sql.h"
#include "store/transitions.h"

static enum err check_status(struct op_run_status *op, const char **wait_for) {
  bool waiting = op->status == RUN_WAITING;
  if (!run_transition(RUN_RUNNING, op->status, BY_HOST))
    return err_set(&op->op.error, ERR_INVALID, "a running run cannot become '%s'",
                   run_status_word(op->status));
  if (waiting && !op->wait) return err_set(&op->op.error, ERR_INVALID, "a waiting run says what for");
  *wait_for = !waiting ? NULL : op->wait_for ? op->wait_for : run_wait_word(op->wait);
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
  if (err == OK && run_transition(RUN_RUNNING, op->status, BY_HOST)->guard & IF_EPOCH)
    err = fence_check(db, op->run, op->epoch);
  if (err == OK) err = write_texts(db, op); /* before the status: texts of a run that ended never change */
  if (err != OK) return err;
  bool ends = run_status_ended(op->status);
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = $status, wait_kind = $kind, wait_for = $for, wait_hint = $hint, wake_at = $wake,"
      " ended_at = $ended WHERE id = $run");
  db_bind_text(s, "$status", run_status_word(op->status));
  db_bind_text(s, "$kind", wait_for ? run_wait_word(op->wait) : NULL);
  db_bind_text(s, "$for", wait_for);
  db_bind_text(s, "$hint", wait_for ? op->wait_hint : NULL);
  db_bind_id(s, "$wake", ends ? 0 : op->wake_at);
  db_bind_id(s, "$ended", ends ? clock_wall_ms() : 0);
  db_bind_int(s, "$run", op->run);
  err = db_run(s);
  /* What its host still has to say of them comes after this; should it die before, no later life would book them. */
  if (err == OK && ends) err = calls_presume(db, op->run, op->epoch + 1, NULL);
  if (err != OK) return err;
  const struct status_wait wait = {op->wait, wait_for, op->wait_hint};
  return event_status(db, op->run, op->status, wait_for ? &wait : NULL, ends ? 0 : op->wake_at, op->error);
}

static enum err encode_status(const struct store_op *base, struct buf *line) {
  const struct op_run_status *op = (const struct op_run_status *)base;
  json_t *v = json_pack("{s:I,s:I,s:I}", "run", (json_int_t)op->run, "epoch", (json_int_t)op->epoch, "wake",
                        (json_int_t)op->wake_at);
  spool_put_text(v, "status", run_status_word(op->status));
  spool_put_text(v, "wait_kind", run_wait_word(op->wait));
  spool_put_text(v, "wait_for", op->wait_for);
  spool_put_text(v, "wait_hint", op->wait_hint);
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
  op->status = run_status_of(jsonx_str(v, "status", NULL));
  op->wait = run_wait_of(jsonx_str(v, "wait_kind", NULL));
  op->wait_for = spool_take_text(v, "wait_for", NULL);
  op->wait_hint = spool_take_text(v, "wait_hint", NULL);
  op->result = spool_take_text(v, "result", NULL);
  op->error = spool_take_text(v, "error", NULL);
  json_decref(v);
  return &op->op;
}

static void free_status(struct store_op *base) {
  struct op_run_status *op = (struct op_run_status *)base;
  free(op->wait_for);
  free(op->wait_hint);
  free(op->result);
  free(op->error);
  free(op);
}

const struct store_op_kind op_run_status_kind = {"run_status",  apply_status, encode_status,
                                                 decode_status, free_status,  false};

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

/* --- a wait for a provider --- */

static enum err tell_held(struct db *db, const struct op_run_held *op) {
  int64_t left = op->until_ms - clock_wall_ms();
  char text[1000];
  snprintf(text, sizeof text, "waits %lld s for %s", (long long)(left > 0 ? (left + 999) / 1000 : 0),
           op->why);
  json_t *v = json_pack("{s:s,s:o}", "level", "warn", "text", jsonx_words(text, sizeof text));
  char *data = v ? jsonx_dumps(v) : NULL;
  json_decref(v);
  enum err err = data ? event_insert(db, op->run, (struct event_place){0}, "log", data, NULL) : OK;
  free(data);
  return err;
}

static enum err apply_held(struct db *db, struct store_op *base) {
  struct op_run_held *op = (struct op_run_held *)base;
  struct db_stmt *s = db_prepare(db, "UPDATE runs SET held_for = $why, held_until = $until"
                                     " WHERE id = $run AND epoch = $epoch AND status = 'running'");
  db_bind_text(s, "$why", op->why);
  db_bind_int(s, "$until", op->until_ms);
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  enum err err = db_run(s);
  if (err == OK && db_changes(db) != 1) err = ERR_FENCED;
  return err == OK ? tell_held(db, op) : err;
}

static void free_held(struct store_op *base) {
  free(((struct op_run_held *)base)->why);
  free(base);
}

const struct store_op_kind op_run_held_kind = {"run_held", apply_held, NULL, NULL, free_held, false};
