/* calls.c - attempts at providers.
 *
 * An intent (calls_intent.c) is a row in state 'sent' with its prompt as a list of blobs (the same block in a hundred calls is stored once). Its
 * end fills the row, moves the run's sums and writes the journal entry, all in one transaction. */
#include "store/calls.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/write/spool.h"
#include "store/sql.h"

enum err blob_put(struct db *db, const char *sha, const void *data, size_t n, int64_t *id) {
  char own[SHA_HEX];
  if (!sha || !*sha) {
    sha256_hex(data, n, own);
    sha = own;
  }
  struct db_stmt *s = db_prepare(db, "SELECT id FROM blobs WHERE sha = $sha");
  db_bind_text(s, "$sha", sha);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  if (err != OK || *id) return err;
  s = db_prepare(db, "INSERT INTO blobs (sha, size, data) VALUES ($sha, $size, $data)");
  db_bind_text(s, "$sha", sha);
  db_bind_int(s, "$size", (int64_t)n);
  db_bind_blob(s, "$data", data ? data : "", n);
  return db_insert(s, id);
}

/* --- the end --- */

/* *changed is false when the row had ended already (a replay) or does not exist. */
static enum err finish_call(struct db *db, const struct op_call_finish *op, bool *changed) {
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE calls SET state = $state, ended_at = $now, answer = $answer, reasoning = $reasoning, stop = $stop,"
      " native_stop = $native_stop, model_returned = $model, request_id = $request, error = $error, http_status = $http,"
      " input_tokens = $input, cached_read_tokens = $cached_read, cache_write_tokens = $cache_write, output_tokens = $output,"
      " reasoning_tokens = $thought, usage_estimated = $estimated, price_known = $known, cost_nano = $cost, ttft_ms = $ttft,"
      " total_ms = $total WHERE id = $id AND run_id = $run AND state = 'sent'");
  db_bind_int(s, "$id", op->id);
  db_bind_int(s, "$run", op->run);
  db_bind_text(s, "$state", op->state);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_text(s, "$answer", op->answer);
  db_bind_text(s, "$reasoning", op->reasoning);
  db_bind_text(s, "$stop", op->stop);
  db_bind_text(s, "$native_stop", op->native_stop);
  db_bind_text(s, "$model", op->model_returned);
  db_bind_text(s, "$request", op->request_id);
  db_bind_text(s, "$error", op->error);
  db_bind_int(s, "$http", op->http_status);
  db_bind_int(s, "$input", op->usage.input);
  db_bind_int(s, "$cached_read", op->usage.cached_read);
  db_bind_int(s, "$cache_write", op->usage.cache_write);
  db_bind_int(s, "$output", op->usage.output);
  db_bind_int(s, "$thought", op->usage.reasoning);
  db_bind_int(s, "$estimated", op->usage_estimated);
  db_bind_int(s, "$known", op->price_known);
  db_bind_int(s, "$cost", op->cost_nano);
  db_bind_int(s, "$ttft", op->ttft_ms);
  db_bind_int(s, "$total", op->total_ms);
  enum err err = db_run(s);
  *changed = err == OK && db_changes(db) == 1;
  return err;
}

static enum err keep_late(struct db *db, const struct op_call_finish *op) {
  if (!op->result || strcmp(op->state, "answered") != 0) return OK;
  struct db_stmt *s =
      db_prepare(db, "UPDATE calls SET late_result = $result WHERE id = $id AND late_result IS NULL");
  db_bind_text(s, "$result", op->result);
  db_bind_int(s, "$id", op->id);
  return db_run(s);
}

static enum err apply_finish(struct db *db, struct store_op *base) {
  struct op_call_finish *op = (struct op_call_finish *)base;
  bool changed, presumed = false;
  enum err err = finish_call(db, op, &changed);
  if (err == OK && !changed) err = call_unpresume(db, op->run, op->id, &presumed);
  if (err == OK && presumed) err = finish_call(db, op, &changed);
  if (err != OK) return err;
  if (!changed && !op->entry.once) return ERR_NOT_FOUND;
  struct call_booking booking = {&op->usage, op->cost_nano, op->price_known};
  if (changed && (err = call_book(db, op->run, &booking)) != OK) return err;
  if (!op->entry.key.scope) return OK;
  op->entry.result = op->result;
  op->entry.n_result = op->result ? strlen(op->result) : 0;
  op->entry.call_id = op->id;
  err = journal_insert(db, &op->entry);
  if (err != ERR_FENCED) return err;
  /* The run moved on, but the answer is paid for: what was written stays. */
  err = keep_late(db, op);
  if (err == OK) base->err = ERR_FENCED;
  return err;
}

/* A spooled end may carry the texts that its poster would have lent. */
struct spooled_finish {
  struct op_call_finish op;
  char *texts;
};

static const char *const states[] = {"answered", "failed", "truncated", "cancelled"};

static enum err encode_finish(const struct store_op *base, struct buf *line) {
  const struct op_call_finish *op = (const struct op_call_finish *)base;
  json_t *v = json_pack("{s:I,s:I,s:I,s:s,s:I,s:I,s:I,s:I}", "id", (json_int_t)op->id, "run",
                        (json_int_t)op->run, "epoch", (json_int_t)op->epoch, "state", op->state, "http",
                        (json_int_t)op->http_status, "cost", (json_int_t)op->cost_nano, "ttft",
                        (json_int_t)op->ttft_ms, "total", (json_int_t)op->total_ms);
  if (!v) return ERR_INVALID;
  const struct call_usage *u = &op->usage;
  json_object_set_new(v, "usage",
                      json_pack("[I,I,I,I,I]", (json_int_t)u->input, (json_int_t)u->cached_read,
                                (json_int_t)u->cache_write, (json_int_t)u->output, (json_int_t)u->reasoning));
  json_object_set_new(v, "estimated", json_boolean(op->usage_estimated));
  json_object_set_new(v, "priced", json_boolean(op->price_known));
  spool_put_text(v, "answer", op->answer);
  spool_put_text(v, "reasoning", op->reasoning);
  spool_put_text(v, "stop", op->stop);
  spool_put_text(v, "native_stop", op->native_stop);
  spool_put_text(v, "model_returned", op->model_returned);
  spool_put_text(v, "request_id", op->request_id);
  spool_put_text(v, "error", op->error);
  spool_put_text(v, "result", op->result);
  if (op->entry.key.scope) {
    struct journal_entry entry = op->entry;
    entry.result = NULL; /* it is in "result" */
    json_object_set_new(v, "entry", journal_entry_encode(&entry));
  }
  return spool_put_json(line, v);
}

static void free_finish(struct store_op *base) {
  struct op_call_finish *op = (struct op_call_finish *)base;
  free(op->answer);
  free(op->reasoning);
  free(op->stop);
  free(op->native_stop);
  free(op->model_returned);
  free(op->request_id);
  free(op->error);
  free(op->result);
  free(op);
}

static void free_spooled_finish(struct store_op *base) {
  free(((struct spooled_finish *)base)->texts);
  free_finish(base);
}

static const struct store_op_kind spooled_kind = {"call_finish", apply_finish,        NULL,
                                                  NULL,          free_spooled_finish, false};

static const char *state_of(const char *name) {
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
    if (strcmp(states[i], name) == 0) return states[i];
  return NULL;
}

static void decode_numbers(const json_t *v, struct op_call_finish *op) {
  const json_t *u = json_object_get(v, "usage");
  op->id = jsonx_int(v, "id", 0);
  op->run = jsonx_int(v, "run", 0);
  op->epoch = jsonx_int(v, "epoch", 0);
  op->http_status = jsonx_int(v, "http", 0);
  op->cost_nano = jsonx_int(v, "cost", 0);
  op->ttft_ms = jsonx_int(v, "ttft", 0);
  op->total_ms = jsonx_int(v, "total", 0);
  op->usage_estimated = json_is_true(json_object_get(v, "estimated"));
  op->price_known = json_is_true(json_object_get(v, "priced"));
  op->usage =
      (struct call_usage){json_integer_value(json_array_get(u, 0)), json_integer_value(json_array_get(u, 1)),
                          json_integer_value(json_array_get(u, 2)), json_integer_value(json_array_get(u, 3)),
                          json_integer_value(json_array_get(u, 4))};
}

static struct store_op *decode_finish(const char *text, size_t n) {
  json_t *v;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct spooled_finish *spooled = mem_alloc(sizeof *spooled);
  struct op_call_finish *op = &spooled->op;
  op->op.kind = &spooled_kind;
  decode_numbers(v, op);
  op->state = state_of(jsonx_str(v, "state", ""));
  op->answer = spool_take_text(v, "answer", NULL);
  op->reasoning = spool_take_text(v, "reasoning", NULL);
  op->stop = spool_take_text(v, "stop", NULL);
  op->native_stop = spool_take_text(v, "native_stop", NULL);
  op->model_returned = spool_take_text(v, "model_returned", NULL);
  op->request_id = spool_take_text(v, "request_id", NULL);
  op->error = spool_take_text(v, "error", NULL);
  op->result = spool_take_text(v, "result", NULL);
  const json_t *entry = json_object_get(v, "entry");
  bool good = op->state && (!entry || journal_entry_decode(entry, &op->entry, &spooled->texts));
  op->entry.once = true;
  json_decref(v);
  if (good) return &op->op;
  free_spooled_finish(&op->op);
  return NULL;
}

const struct store_op_kind op_call_finish_kind = {"call_finish", apply_finish, encode_finish,
                                                  decode_finish, free_finish,  false};

/* --- reading --- */

#define CALL_NUMBERS                                                                                         \
  "SELECT id, run_id, epoch, attempt, n, http_status, cost_nano, ttft_ms, total_ms, created_at, ended_at,"
#define CALL_REST                                                                                             \
  " stop, native_stop, model_returned, request_id, error, scope, role, provider, model, state, input_tokens," \
  " cached_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, price_known, usage_estimated FROM calls "
#define CALL_COLUMNS  CALL_NUMBERS " params, answer, reasoning," CALL_REST
#define CALL_NO_TEXTS CALL_NUMBERS " NULL, NULL, NULL," CALL_REST

static enum err each_call(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct call_row *),
                          void *arg, int64_t *n) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct call_row row = {
        .id = db_int(s, 0),
        .run = db_int(s, 1),
        .epoch = db_int(s, 2),
        .attempt = db_int(s, 3),
        .n = db_int(s, 4),
        .http_status = db_int(s, 5),
        .cost_nano = db_int(s, 6),
        .ttft_ms = db_int(s, 7),
        .total_ms = db_int(s, 8),
        .created_at = db_int(s, 9),
        .ended_at = db_int(s, 10),
        .params = db_text(s, 11),
        .answer = db_text(s, 12),
        .reasoning = db_text(s, 13),
        .stop = db_text(s, 14),
        .native_stop = db_text(s, 15),
        .model_returned = db_text(s, 16),
        .request_id = db_text(s, 17),
        .error = db_text(s, 18),
        .scope = db_text(s, 19),
        .role = db_text(s, 20),
        .provider = db_text(s, 21),
        .model = db_text(s, 22),
        .state = db_text(s, 23),
        .usage = {db_int(s, 24), db_int(s, 25), db_int(s, 26), db_int(s, 27), db_int(s, 28)},
        .price_known = db_int(s, 29) != 0,
        .usage_estimated = db_int(s, 30) != 0};
    if (n) ++*n;
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

enum err calls_each(struct db *db, int64_t run, void (*fn)(void *, const struct call_row *), void *arg) {
  struct db_stmt *s = db_prepare(db, CALL_COLUMNS "WHERE run_id = $run ORDER BY id");
  db_bind_int(s, "$run", run);
  return each_call(db, s, fn, arg, NULL);
}

enum err calls_page(struct db *db, int64_t run, int64_t after, int limit,
                    void (*fn)(void *, const struct call_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, CALL_NO_TEXTS "WHERE run_id = $run AND id > $after ORDER BY id LIMIT $limit");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$after", after);
  db_bind_int(s, "$limit", limit > 0 ? limit : -1);
  return each_call(db, s, fn, arg, NULL);
}

enum err call_get(struct db *db, int64_t id, void (*fn)(void *, const struct call_row *), void *arg,
                  struct error *e) {
  struct db_stmt *s = db_prepare(db, CALL_COLUMNS "WHERE id = $id");
  int64_t n = 0;
  db_bind_int(s, "$id", id);
  if (each_call(db, s, fn, arg, &n) != OK) return db_error(db, e);
  return n ? OK : err_set(e, ERR_NOT_FOUND, "there is no call %lld", (long long)id);
}

enum err call_attempts(struct db *db, int64_t id, void (*fn)(void *, const struct call_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, CALL_NO_TEXTS
                 "WHERE run_id = (SELECT run_id FROM calls WHERE id = $id)"
                 " AND (scope, hash, n) = (SELECT scope, hash, n FROM calls WHERE id = $id) ORDER BY id");
  db_bind_int(s, "$id", id);
  return each_call(db, s, fn, arg, NULL);
}

enum err call_seq(struct db *db, int64_t id, int64_t *seq) {
  struct db_stmt *s =
      db_prepare(db, "SELECT j.seq FROM calls c JOIN journal j ON j.run_id = c.run_id"
                     " AND j.kind = 'llm' AND j.scope = c.scope AND j.hash = c.hash AND j.n = c.n"
                     " WHERE c.id = $id ORDER BY j.call_id = c.id DESC, j.superseded, j.id LIMIT 1");
  db_bind_int(s, "$id", id);
  enum db_step step = db_step(s);
  *seq = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err call_at(struct db *db, int64_t run, int64_t seq, int64_t *id, struct error *e) {
  struct db_stmt *s = db_prepare(db, "SELECT call_id FROM journal WHERE run_id = $run AND seq = $seq"
                                     " AND call_id IS NOT NULL ORDER BY superseded LIMIT 1");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$seq", seq);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  if (sql_end(db, s, step) != OK) return db_error(db, e);
  if (*id) return OK;
  err_set(e, ERR_NOT_FOUND, "run %lld has no call at place %lld of its journal", (long long)run,
          (long long)seq);
  err_hint(e, "`quire trace %lld` lists its calls", (long long)run);
  return ERR_NOT_FOUND;
}

enum err call_blocks_each(struct db *db, int64_t call, void (*fn)(void *, const struct call_block *),
                          void *arg) {
  struct db_stmt *s =
      db_prepare(db, "SELECT b.data, k.stable, k.name FROM call_blocks k JOIN blobs b ON b.id = k.blob_id"
                     " WHERE k.call_id = $call ORDER BY k.place");
  db_bind_int(s, "$call", call);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct call_block block = {.stable = db_int(s, 1) != 0, .name = db_text(s, 2)};
    block.text = db_blob(s, 0, &block.n);
    fn(arg, &block);
  }
  return sql_end(db, s, step);
}

enum err calls_prefixes_each(struct db *db, int64_t run,
                             void (*fn)(void *arg, int64_t call, int64_t blob, int64_t bytes), void *arg) {
  struct db_stmt *s =
      db_prepare(db, "SELECT k.call_id, k.blob_id, b.size FROM calls c JOIN call_blocks k ON k.call_id = c.id"
                     " JOIN blobs b ON b.id = k.blob_id WHERE c.run_id = $run AND k.stable"
                     " ORDER BY k.call_id, k.place");
  db_bind_int(s, "$run", run);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_int(s, 0), db_int(s, 1), db_int(s, 2));
  return sql_end(db, s, step);
}

enum err call_prompt(struct db *db, int64_t call, struct buf *out) {
  struct db_stmt *s = db_prepare(
      db, "SELECT b.data FROM call_blocks k JOIN blobs b ON b.id = k.blob_id WHERE k.call_id = $call"
          " ORDER BY k.place");
  db_bind_int(s, "$call", call);
  enum db_step step;
  enum err err = OK;
  while ((step = db_step(s)) == DB_ROW && err == OK) {
    size_t n;
    const void *text = db_blob(s, 0, &n);
    err = buf_append(out, text, n);
  }
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

enum err calls_spent(struct db *db, int64_t since_ms, int64_t *cost_nano, int64_t *calls) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT COALESCE(SUM(cost_nano), 0), count(*) FROM calls WHERE created_at >= $since AND state <> 'sent'");
  db_bind_int(s, "$since", since_ms);
  enum db_step step = db_step(s);
  *cost_nano = step == DB_ROW ? db_int(s, 0) : 0;
  *calls = step == DB_ROW ? db_int(s, 1) : 0;
  return sql_end(db, s, step);
}
