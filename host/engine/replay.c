/* replay.c - what starts a wait: the run's record first. A recorded answer is delivered at its place, fetched when it is large, looked at
 * again when the resume says so; only what is not recorded begins. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/internal.h"

struct op_fetch {
  struct store_op op;
  int64_t id, call_id, version, horizon, run; /* version: of a recorded read, when it may have changed */
  int64_t newer, project;
  char *subject; /* what a recorded read was of */
  struct buf out;
};

static enum err fetch_apply(struct db *db, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  return journal_result(db, op->id, op->call_id, &op->out);
}
static void fetch_free(struct store_op *base) {
  buf_release(&((struct op_fetch *)base)->out);
  free(((struct op_fetch *)base)->subject);
  free(base);
}
static const struct store_op_kind fetch_kind = {
    .name = "journal_fetch", .apply = fetch_apply, .free = fetch_free};

/* The recorded answer is there: deliver it, or write it under its new key first (adopted, or a late answer). */
static void recorded_ready(struct wait *w, char *result, size_t n) {
  w->result = result;
  w->n_result = n;
  w->failed = wait_is_failure(w);
  if (!w->recorded) {
    wait_journal(w, result, n);
  } else if (w->kind->restore && !w->failed) {
    w->state = WAIT_LOADING;
    w->kind->restore(w);
  } else {
    wait_ready(w);
  }
}

static void fetched(struct wait *w, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  if (op->op.err != OK) {
    run_store_error(w->task->run, w, op->op.err, &op->op.error);
    return;
  }
  size_t n = op->out.len;
  recorded_ready(w, buf_take(&op->out), n);
}

static void use_entry(struct wait *w, struct entry *e, bool adopted) {
  w->call_id = e->call_id;
  w->recorded = !adopted && e->seq != 0;
  if (w->recorded) {
    w->seq = e->seq;
    w->at_ms = e->at_ms;
    wait_insert(w); /* its place in the order is taken, also while it is being fetched */
  }
  if (e->result) {
    char *result = e->result;
    e->result = NULL;
    recorded_ready(w, result, e->n_result);
    return;
  }
  w->state = WAIT_LOADING;
  struct op_fetch *op = mem_alloc(sizeof *op);
  op->op.kind = &fetch_kind;
  op->id = e->id;
  op->call_id = e->id ? 0 : e->call_id;
  buf_init(&op->out, MAX_JOURNAL_BYTES);
  pending_post(w->task->run, w, &op->op, true, fetched, NULL);
}

bool run_is_older(const struct run *run, int64_t seq) {
  return seq <= run->row.seq_horizon;
}

/* Was the recorded read made before something that the run has written anew since it was changed? */
static bool overtaken(const struct run *run, const struct wait *w) {
  if (!run->fresh) return false;
  if (w->subject) return run_wrote(run, w->subject);
  return strcmp(w->key.kind, "list") == 0 || strcmp(w->key.kind, "history") == 0;
}

static bool model_moved(const struct run *run, const struct entry *e) {
  const char *const *models;
  size_t n_models;
  if (!e->model || !e->role || !with_models_of(&run->with, e->role)) return false;
  run_models(run, e->role, &models, &n_models);
  return llm_role_moved(run->engine->llm, e->role, models, n_models, e->model);
}

/* Does the resume ask for a new answer although one is recorded? */
static bool asked_again(const struct run *run, const struct wait *w, const struct entry *e) {
  if (!run_is_older(run, e->seq)) return false;
  return overtaken(run, w) || (run->with.models && strcmp(w->key.kind, "llm") == 0 && model_moved(run, e));
}

/* --with artifacts: a recorded read is looked at again. */
static enum err changed_apply(struct db *db, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  enum err err = journal_result(db, op->id, 0, &op->out);
  if (err != OK) return err;
  json_t *v = NULL;
  if (jsonx_parse(op->out.data, op->out.len, "a recorded read", &v, NULL) == OK && json_is_object(v))
    err = artifact_changed(db, jsonx_int(v, "id", 0), op->horizon, op->run, &op->newer);
  else if (op->subject) /* there was none then */
    err = artifact_appeared(db, op->project, op->subject, op->horizon, op->run, &op->newer);
  json_decref(v);
  return err;
}
static const struct store_op_kind changed_kind = {
    .name = "artifact_changed", .apply = changed_apply, .free = fetch_free};

static void looked_again(struct wait *w, struct store_op *base) {
  struct op_fetch *op = (struct op_fetch *)base;
  if (op->op.err == OK && op->newer) {
    list_remove(&w->inbox);
    w->recorded = false;
    w->supersedes = op->id;
    run_replayed(w->task->run);
    w->kind->start(w);
    return;
  }
  fetched(w, base);
}

static void look_again(struct wait *w, struct entry *e) {
  struct run *run = w->task->run;
  w->recorded = true;
  w->seq = e->seq;
  w->at_ms = e->at_ms;
  w->state = WAIT_LOADING;
  wait_insert(w);
  struct op_fetch *op = mem_alloc(sizeof *op);
  op->op.kind = &changed_kind;
  op->id = e->id;
  op->horizon = run->row.read_horizon;
  op->run = run->id;
  op->project = run->project;
  op->subject = w->subject ? mem_dup(w->subject) : NULL;
  buf_init(&op->out, MAX_JOURNAL_BYTES);
  pending_post(run, w, &op->op, true, looked_again, NULL);
}

void wait_start(struct wait *w) {
  struct run *run = w->task->run;
  run_failpoint(run, "wait_start");
  w->task->state = TASK_WAITING;
  bool adopted = false;
  struct entry *e = w->kind->journaled && run->journal ? run_journal_find(run, w, &adopted) : NULL;
  if (e && !adopted && asked_again(run, w, e)) {
    w->supersedes = e->id;
    w->anew = true;
    e = NULL;
  }
  if (e && run->with.artifacts && e->id && run_is_older(run, e->seq) && strcmp(w->key.kind, "get") == 0)
    look_again(w, e);
  else if (e)
    use_entry(w, e, adopted);
  else {
    if (w->kind->journaled) run_replayed(run);
    w->state = WAIT_STARTED;
    w->kind->start(w);
  }
}
