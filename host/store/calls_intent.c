/* calls_intent.c - a question on its way to a provider: its row, durable before anything is sent; or what answers it already: an answer that was
 * kept late, or one that is under way and handed back by a handle (calls.h). */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/calls.h"
#include "store/sql.h"
#include "store/transitions.h"

/* The same question, asked in an earlier life of the run. */
#define EARLIER "o.run_id = $run AND o.epoch < $epoch AND o.hash = $hash AND o.n = $n AND o.scope = $scope"

static enum err insert_call(struct db *db, struct op_call_intent *op) {
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO calls (run_id, epoch, state, attempt, scope, hash, n, role, provider, model, params, created_at, risk_nano, risk_tokens,"
      " handle, repeated) VALUES ($run, $epoch, 'sent', $attempt, $scope, $hash, $n, $role, $provider, $model, $params, $now,"
      " NULLIF($risk, -1), $tokens, $handle, CASE WHEN $epoch > 1 AND (EXISTS (SELECT 1 FROM calls o WHERE o.state = 'cancelled' AND " EARLIER
      ") OR EXISTS (SELECT 1 FROM calls o WHERE o.late_result IS NOT NULL AND " EARLIER
      ")) THEN 1 ELSE 0 END)");
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  db_bind_int(s, "$attempt", op->attempt);
  db_bind_text(s, "$scope", op->key.scope ? op->key.scope : "/");
  db_bind_blob(s, "$hash", op->key.hash, SHA_BYTES);
  db_bind_int(s, "$n", op->key.n);
  db_bind_text(s, "$role", op->role ? op->role : "");
  db_bind_text(s, "$provider", op->provider);
  db_bind_text(s, "$model", op->model);
  db_bind_text(s, "$params", op->params);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$risk", op->risk_nano);
  db_bind_int(s, "$tokens", op->risk_tokens);
  db_bind_text(s, "$handle", op->handle);
  return db_insert(s, &op->id);
}

static enum err insert_block(struct db *db, int64_t call, size_t place, const struct call_block *block) {
  int64_t blob;
  enum err err = blob_put(db, block->sha, block->text, block->n, &blob);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db, "INSERT INTO call_blocks (call_id, place, blob_id, stable, name) VALUES ($call, $place, $blob,"
          " $stable, $name)");
  db_bind_text(s, "$name", block->name);
  db_bind_int(s, "$call", call);
  db_bind_int(s, "$place", (int64_t)place);
  db_bind_int(s, "$blob", blob);
  db_bind_int(s, "$stable", block->stable);
  return db_run(s);
}

/* What the request was built from: a string, or an object of which name and version get columns. */
static enum err insert_read(struct db *db, const struct op_call_intent *op, const json_t *item) {
  char *text = jsonx_dumps(item);
  const char *name = json_is_string(item) ? json_string_value(item) : jsonx_str(item, "name", NULL);
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO reads (call_id, run_id, name, version, item) VALUES ($call, $run, $name, $version, $item)");
  db_bind_int(s, "$call", op->id);
  db_bind_int(s, "$run", op->run);
  db_bind_text(s, "$name", name);
  db_bind_id(s, "$version", json_is_object(item) ? jsonx_int(item, "version", 0) : 0);
  db_bind_text(s, "$item", text ? text : "null");
  enum err err = db_run(s);
  free(text);
  return err;
}

static enum err insert_reads(struct db *db, struct op_call_intent *op) {
  if (!op->reads) return OK;
  json_t *list;
  enum err err = jsonx_parse(op->reads, strlen(op->reads), "what a call reads", &list, &op->op.error);
  if (err != OK) return ERR_INVALID;
  size_t i;
  json_t *item;
  json_array_foreach(list, i, item) if (err == OK) err = insert_read(db, op, item);
  json_decref(list);
  return err;
}

/* An answer that came after its run had moved on, and that nobody has taken since. */
static enum err find_kept(struct db *db, struct op_call_intent *op) {
  struct db_stmt *s = db_prepare(
      db,
      "WITH RECURSIVE " RUN_LINE(
          "VALUES ($run)") " SELECT id, late_result FROM calls WHERE run_id IN (SELECT id FROM line) AND late_result IS NOT NULL"
                           " AND hash = $hash AND n = $n AND scope = $scope AND id NOT IN (SELECT call_id FROM journal"
                           "  WHERE run_id IN (SELECT id FROM line) AND call_id IS NOT NULL) ORDER BY id LIMIT 1");
  db_bind_int(s, "$run", op->run);
  db_bind_blob(s, "$hash", op->key.hash, SHA_BYTES);
  db_bind_int(s, "$n", op->key.n);
  db_bind_text(s, "$scope", op->key.scope ? op->key.scope : "/");
  enum db_step step = db_step(s);
  if (step == DB_ROW) {
    op->kept = db_int(s, 0);
    op->kept_result = mem_dup(db_text(s, 1));
  }
  return sql_end(db, s, step);
}

static enum err find_open(struct db *db, struct op_call_intent *op) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT o.id, o.handle, o.provider || '/' || o.model, o.provider = $provider AND o.model = $model AS here FROM calls o"
      " WHERE o.state = 'sent' AND o.handle IS NOT NULL AND " EARLIER
      " ORDER BY here DESC, o.id DESC LIMIT 1");
  db_bind_int(s, "$run", op->run);
  db_bind_int(s, "$epoch", op->epoch);
  db_bind_blob(s, "$hash", op->key.hash, SHA_BYTES);
  db_bind_int(s, "$n", op->key.n);
  db_bind_text(s, "$scope", op->key.scope ? op->key.scope : "/");
  db_bind_text(s, "$provider", op->provider);
  db_bind_text(s, "$model", op->model);
  enum db_step step = db_step(s);
  if (step == DB_ROW && db_int(s, 3) && op->handle) {
    op->id = db_int(s, 0);
    op->taken_up = mem_dup(db_text(s, 1));
  } else if (step == DB_ROW && !db_int(s, 3) && !op->only_here) {
    op->elsewhere = mem_dup(db_text(s, 2));
  }
  return sql_end(db, s, step);
}

/* The row is this life's from here on. */
static enum err take_up(struct db *db, const struct op_call_intent *op) {
  struct db_stmt *s = db_prepare(db, "UPDATE calls SET epoch = $epoch WHERE id = $id");
  db_bind_int(s, "$epoch", op->epoch);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static void forget_found(struct op_call_intent *op) {
  free(op->kept_result);
  free(op->taken_up);
  free(op->elsewhere);
  op->kept_result = op->taken_up = op->elsewhere = NULL;
  op->kept = op->id = 0;
}

static enum err apply_intent(struct db *db, struct store_op *base) {
  struct op_call_intent *op = (struct op_call_intent *)base;
  forget_found(op);
  enum err err = call_intent_guard & IF_EPOCH ? fence_check(db, op->run, op->epoch) : OK;
  if (err == OK && call_intent_guard & IF_UNANSWERED && !op->anew) err = find_kept(db, op);
  if (err == OK && op->epoch > 1 && !op->anew && !op->kept) err = find_open(db, op);
  if (err != OK || op->kept || op->elsewhere) return err;
  if (op->taken_up) return take_up(db, op);
  err = insert_call(db, op);
  for (size_t i = 0; err == OK && i < op->n_blocks; i++) err = insert_block(db, op->id, i, &op->blocks[i]);
  return err == OK ? insert_reads(db, op) : err;
}

static void free_intent(struct store_op *op) {
  forget_found((struct op_call_intent *)op);
  free(op);
}

const struct store_op_kind op_call_intent_kind = {"call_intent", apply_intent, NULL,
                                                  NULL,          free_intent,  false};

static enum err apply_handle(struct db *db, struct store_op *base) {
  const struct op_call_handle *op = (const struct op_call_handle *)base;
  struct db_stmt *s = db_prepare(db, "UPDATE calls SET handle = $handle WHERE id = $id AND state = 'sent'");
  db_bind_text(s, "$handle", op->handle);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static void free_handle(struct store_op *op) {
  free(((struct op_call_handle *)op)->handle);
  free(op);
}

const struct store_op_kind op_call_handle_kind = {"call_handle", apply_handle, NULL,
                                                  NULL,          free_handle,  false};
