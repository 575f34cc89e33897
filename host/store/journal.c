/* journal.c - the record of host calls. The hottest statements of the program: one fence check and one insert an entry.
 *
 * The heartbeat of a run moves with its entries, but its row is rewritten at most once a second: the watcher thinks in minutes. */
#include "store/journal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/write/spool.h"
#include "store/sql.h"

enum { HEARTBEAT_EVERY_MS = 1000 };

enum err sql_end(struct db *db, struct db_stmt *s, enum db_step last) {
  db_reset(s);
  return last == DB_FAILED ? db_error(db, NULL) : OK;
}

/* ERR_FENCED, or OK and the heartbeat as it stands. */
static enum err fence(struct db *db, int64_t run, int64_t epoch, int64_t *heartbeat) {
  struct db_stmt *s = db_prepare(
      db, "SELECT last_heartbeat FROM runs WHERE id = $run AND epoch = $epoch AND status = 'running'");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$epoch", epoch);
  enum db_step step = db_step(s);
  *heartbeat = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  return err == OK && step != DB_ROW ? ERR_FENCED : err;
}

enum err fence_check(struct db *db, int64_t run, int64_t epoch) {
  int64_t heartbeat;
  return fence(db, run, epoch, &heartbeat);
}

static enum err beat(struct db *db, int64_t run, int64_t now) {
  struct db_stmt *s = db_prepare(db, "UPDATE runs SET last_heartbeat = $now WHERE id = $run");
  db_bind_int(s, "$now", now);
  db_bind_int(s, "$run", run);
  return db_run(s);
}

static enum err has_seq(struct db *db, int64_t run, int64_t seq, bool *has) {
  struct db_stmt *s = db_prepare(db, "SELECT 1 FROM journal WHERE run_id = $run AND seq = $seq LIMIT 1");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$seq", seq);
  enum db_step step = db_step(s);
  *has = step == DB_ROW;
  return sql_end(db, s, step);
}

static enum err supersede(struct db *db, const struct journal_entry *entry) {
  struct db_stmt *s = db_prepare(db, "UPDATE journal SET superseded = 1 WHERE id = $id AND run_id = $run");
  db_bind_int(s, "$id", entry->supersedes);
  db_bind_int(s, "$run", entry->run);
  return db_run(s);
}

static enum err insert(struct db *db, struct journal_entry *entry, int64_t at) {
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO journal (run_id, seq, n, at, call_id, size, scope, kind, hash, result)"
                     " VALUES ($run, $seq, $n, $at, $call, $size, $scope, $kind, $hash, $result)");
  db_bind_int(s, "$run", entry->run);
  db_bind_int(s, "$seq", entry->seq);
  db_bind_int(s, "$n", entry->key.n);
  db_bind_int(s, "$at", at);
  db_bind_id(s, "$call", entry->call_id);
  db_bind_int(s, "$size", (int64_t)entry->n_result);
  db_bind_text(s, "$scope", entry->key.scope);
  db_bind_text(s, "$kind", entry->key.kind);
  db_bind_blob(s, "$hash", entry->key.hash, SHA_BYTES);
  db_bind_text_n(s, "$result", entry->result, entry->n_result);
  return db_insert(s, &entry->id);
}

/* Checks first, then writes: when it fails by itself, nothing was written. */
enum err journal_insert(struct db *db, struct journal_entry *entry) {
  if (!entry->result || entry->n_result > MAX_JOURNAL_BYTES) return entry->result ? ERR_LIMIT : ERR_INVALID;
  int64_t heartbeat;
  bool has = false;
  enum err err = fence(db, entry->run, entry->epoch, &heartbeat);
  if (err == OK && entry->once) err = has_seq(db, entry->run, entry->seq, &has);
  if (err != OK || has) return err;
  int64_t at = entry->at_ms ? entry->at_ms : clock_wall_ms();
  err = insert(db, entry, at);
  if (err == OK && at - heartbeat >= HEARTBEAT_EVERY_MS) err = beat(db, entry->run, at);
  if (err == OK && entry->supersedes) err = supersede(db, entry);
  return err;
}

enum err journal_insert_json(struct db *db, struct journal_entry *entry, json_t *v, char **result) {
  free(*result);
  *result = v ? jsonx_dumps(v) : NULL;
  json_decref(v);
  if (!*result) return v ? ERR_LIMIT : ERR_INVALID;
  entry->result = *result;
  entry->n_result = strlen(*result);
  return journal_insert(db, entry);
}

/* --- the op --- */

static enum err apply_journal(struct db *db, struct store_op *op) {
  return journal_insert(db, &((struct op_journal *)op)->entry);
}

/* A spooled entry: {"run":..,"epoch":..,"seq":..,"scope":..,"kind":..,"hash":"hex","n":..,"result":..,"call":..,"supersedes":..,"at":..} */
json_t *journal_entry_encode(const struct journal_entry *entry) {
  char hash[SHA_HEX];
  hex_encode(entry->key.hash, SHA_BYTES, hash);
  json_t *v = json_pack("{s:I,s:I,s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "run", (json_int_t)entry->run, "epoch",
                        (json_int_t)entry->epoch, "seq", (json_int_t)entry->seq, "scope", entry->key.scope,
                        "kind", entry->key.kind, "hash", hash, "n", (json_int_t)entry->key.n, "call",
                        (json_int_t)entry->call_id, "supersedes", (json_int_t)entry->supersedes, "at",
                        (json_int_t)(entry->at_ms ? entry->at_ms : clock_wall_ms()));
  if (v && entry->result) spool_put_text_n(v, "result", entry->result, entry->n_result);
  return v;
}

bool journal_entry_decode(const json_t *v, struct journal_entry *entry, char **texts) {
  const char *scope = jsonx_str(v, "scope", ""), *kind = jsonx_str(v, "kind", ""),
             *hash = jsonx_str(v, "hash", "");
  size_t n;
  char *result = spool_take_text(v, "result", &n);
  *entry = (struct journal_entry){.run = jsonx_int(v, "run", 0),
                                  .epoch = jsonx_int(v, "epoch", 0),
                                  .seq = jsonx_int(v, "seq", 0),
                                  .call_id = jsonx_int(v, "call", 0),
                                  .supersedes = jsonx_int(v, "supersedes", 0),
                                  .at_ms = jsonx_int(v, "at", 0),
                                  .n_result = n,
                                  .once = true};
  entry->key.n = jsonx_int(v, "n", 0);
  bool good = strlen(hash) == 2 * SHA_BYTES && spool_hex(hash, entry->key.hash, SHA_BYTES);
  /* One block holds what the entry borrows: scope, kind, result. */
  size_t n_scope = strlen(scope) + 1, n_kind = strlen(kind) + 1;
  char *block = mem_alloc(n_scope + n_kind + n + 1);
  memcpy(block, scope, n_scope);
  memcpy(block + n_scope, kind, n_kind);
  if (result) memcpy(block + n_scope + n_kind, result, n);
  entry->key.scope = block;
  entry->key.kind = block + n_scope;
  entry->result = result ? block + n_scope + n_kind : NULL;
  free(result);
  *texts = block;
  return good;
}

enum err spool_put_json(struct buf *line, json_t *v) {
  char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
  json_decref(v);
  enum err err = text ? buf_puts(line, text) : ERR_INVALID;
  free(text);
  return err;
}

/* Decoded ops carry the texts that a poster would have lent. */
struct spooled_journal {
  struct op_journal op;
  char *texts;
};

static enum err encode_journal(const struct store_op *op, struct buf *line) {
  return spool_put_json(line, journal_entry_encode(&((const struct op_journal *)op)->entry));
}

static void free_spooled(struct store_op *op) {
  free(((struct spooled_journal *)op)->texts);
  free(op);
}

static const struct store_op_kind spooled_kind = {"journal", apply_journal, NULL, NULL, free_spooled, true};

static struct store_op *decode_journal(const char *text, size_t n) {
  json_t *v;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct spooled_journal *op = mem_alloc(sizeof *op);
  op->op.op.kind = &spooled_kind;
  bool good = journal_entry_decode(v, &op->op.entry, &op->texts);
  json_decref(v);
  if (good) return &op->op.op;
  free_spooled(&op->op.op);
  return NULL;
}

static void free_journal(struct store_op *op) {
  free(((struct op_journal *)op)->memory);
  free(op);
}

const struct store_op_kind op_journal_kind = {"journal",      apply_journal, encode_journal,
                                              decode_journal, free_journal,  true};

/* --- reading --- */

static void give(struct db_stmt *s, void (*fn)(void *, const struct journal_row *), void *arg) {
  size_t n_hash;
  struct journal_row row = {.id = db_int(s, 0),
                            .seq = db_int(s, 1),
                            .n = db_int(s, 2),
                            .call_id = db_int(s, 3),
                            .at_ms = db_int(s, 4)};
  row.n_result = (size_t)db_int(s, 5);
  row.scope = db_text(s, 6);
  row.kind = db_text(s, 7);
  row.hash = db_blob(s, 8, &n_hash);
  row.result = db_text(s, 9);
  row.provider_model = db_text(s, 10);
  row.role = db_text(s, 11);
  if (n_hash == SHA_BYTES) fn(arg, &row);
}

static enum err each(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct journal_row *),
                     void *arg) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) give(s, fn, arg);
  return sql_end(db, s, step);
}

enum err journal_each(struct db *db, int64_t run, size_t inline_max,
                      void (*fn)(void *, const struct journal_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, "SELECT j.id, j.seq, j.n, j.call_id, j.at, j.size, j.scope, j.kind, j.hash,"
                     " CASE WHEN j.size <= $max THEN j.result END, c.provider || '/' || c.model, c.role"
                     " FROM journal j LEFT JOIN calls c ON c.id = j.call_id"
                     " WHERE j.run_id = $run AND j.superseded = 0 ORDER BY j.seq, j.id");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$max", inline_max > INT64_MAX ? INT64_MAX : (int64_t)inline_max);
  enum err err = each(db, s, fn, arg);
  if (err != OK) return err;
  /* Late answers: paid for, but no entry of this run or of the runs it continues holds them. The calls of a run that is pruned have lost
   * their texts. */
  s = db_prepare(
      db,
      "WITH RECURSIVE " RUN_LINE("VALUES ($run)") " SELECT 0, 0, c.n, c.id, c.ended_at, length(" SQL_BYTES(
          "c.answer") "), c.scope, 'llm', c.hash, NULL,"
                      " c.provider || '/' || c.model, c.role FROM calls c"
                      " WHERE c.run_id IN (SELECT id FROM line) AND c.state = 'answered'"
                      " AND EXISTS (SELECT 1 FROM runs r WHERE r.id = c.run_id)"
                      " AND NOT EXISTS (SELECT 1 FROM settings WHERE key = 'pruning:' || c.run_id) AND c.id NOT IN"
                      "  (SELECT call_id FROM journal WHERE run_id IN (SELECT id FROM line) AND call_id IS NOT NULL)"
                      " ORDER BY c.id");
  db_bind_int(s, "$run", run);
  return each(db, s, fn, arg);
}

static enum err late_result(struct db *db, int64_t call_id, struct buf *out) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT late_result, answer, reasoning, stop, native_stop, model_returned, request_id, input_tokens, cached_read_tokens,"
      " cache_write_tokens, output_tokens, reasoning_tokens, price_known, cost_nano, ttft_ms, total_ms, attempt, provider || '/' || model"
      " FROM calls WHERE id = $id");
  db_bind_int(s, "$id", call_id);
  enum db_step step = db_step(s);
  enum err err = step == DB_ROW ? OK : ERR_NOT_FOUND;
  if (step == DB_ROW && !db_is_null(s, 0)) {
    err = buf_puts(out, db_text(s, 0));
  } else if (step == DB_ROW) {
    json_t *v = json_pack("{s:s?,s:s?,s:s?,s:s?,s:s,s:s?,s:I,s:I,s:I}", "text", db_text(s, 1), "reasoning",
                          db_text(s, 2), "stop", db_text(s, 3), "native_stop", db_text(s, 4), "model",
                          db_text(s, 17), "request_id", db_text(s, 6), "ttft_ms", (json_int_t)db_int(s, 14),
                          "total_ms", (json_int_t)db_int(s, 15), "attempts", (json_int_t)db_int(s, 16));
    json_t *usage = json_pack("{s:I,s:I,s:I,s:I,s:I}", "input", (json_int_t)db_int(s, 7), "cached_read",
                              (json_int_t)db_int(s, 8), "cache_write", (json_int_t)db_int(s, 9), "output",
                              (json_int_t)db_int(s, 10), "reasoning", (json_int_t)db_int(s, 11));
    json_object_set_new(v, "usage", usage);
    if (db_int(s, 12)) json_object_set_new(v, "cost_nano", json_integer(db_int(s, 13)));
    err = v ? jsonx_canonical(v, out) : ERR_INVALID;
    json_decref(v);
  }
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

enum err journal_result(struct db *db, int64_t id, int64_t call_id, struct buf *out) {
  if (id == 0) return late_result(db, call_id, out);
  struct db_stmt *s = db_prepare(db, "SELECT result FROM journal WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  size_t n = 0;
  const char *text = step == DB_ROW ? db_blob(s, 0, &n) : NULL;
  enum err err = text ? buf_append(out, text, n) : ERR_NOT_FOUND;
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

/* --- what could be asked again --- */

enum err journal_answers_each(struct db *db, int64_t run, void (*fn)(void *, const struct journal_answer *),
                              void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT j.seq, COALESCE(c.id, 0), j.scope, COALESCE(c.role, ''),"
          " COALESCE(c.provider || '/' || c.model, ''), COALESCE(c.cost_nano, 0), COALESCE(c.price_known, 1),"
          " substr(j.result, 1, 9) = '{\"error\":' FROM journal j LEFT JOIN calls c ON c.id = j.call_id"
          " WHERE j.run_id = $run AND NOT j.superseded AND j.kind = 'llm' ORDER BY j.seq, j.id");
  db_bind_int(s, "$run", run);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct journal_answer row = {.seq = db_int(s, 0),
                                 .call = db_int(s, 1),
                                 .scope = db_text(s, 2),
                                 .role = db_text(s, 3),
                                 .model = db_text(s, 4),
                                 .cost_nano = db_int(s, 5),
                                 .price_known = db_int(s, 6) != 0,
                                 .failed = db_int(s, 7) != 0};
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

#define BY_OTHERS(v) "(" v ".run_id IS NULL OR " v ".run_id NOT IN (SELECT id FROM line))"

enum err journal_first_stale(struct db *db, int64_t run, int64_t *seq) {
  struct db_stmt *s = db_prepare(
      db,
      "WITH RECURSIVE " RUN_LINE(
          "VALUES ($run)") " SELECT COALESCE(MIN(j.seq), 0) FROM journal j"
                           " WHERE j.run_id = $run AND NOT j.superseded AND j.kind = 'get' AND (EXISTS (SELECT 1 FROM artifact_versions v"
                           "  JOIN artifact_versions n ON n.artifact_id = v.artifact_id AND n.number > v.number AND n.state = 'version'"
                           "  AND " BY_OTHERS("n") " WHERE v.id = " SQL_FIELD(
                               "j.result",
                               "id") ")"
                                     /* which one was looked for, only the script knows */
                                     " OR (j.result = 'null' AND EXISTS (SELECT 1 FROM runs r JOIN artifacts a ON a.project_id = r.project_id"
                                     "  JOIN artifact_versions n ON n.artifact_id = a.id AND n.number = 1 AND n.created_at > j.at AND " BY_OTHERS(
                                         "n") "  WHERE r.id = $run)))");
  db_bind_int(s, "$run", run);
  enum db_step step = db_step(s);
  *seq = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}
