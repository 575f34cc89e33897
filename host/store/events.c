/* events.c - a run's history. */
#include "store/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/write/spool.h"
#include "store/sql.h"

enum err event_insert(struct db *db, int64_t run, struct event_place at, const char *kind, const char *data,
                      int64_t *id) {
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO events (run_id, at, kind, data, seq, n) VALUES ($run, $at, $kind, $data,"
                     " CASE WHEN $n > 0 THEN $seq END, nullif($n, 0))");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$at", clock_wall_ms());
  db_bind_text(s, "$kind", kind);
  db_bind_text(s, "$data", data ? data : "{}");
  db_bind_int(s, "$seq", at.seq);
  db_bind_int(s, "$n", at.n);
  return db_insert(s, id);
}

enum err event_status(struct db *db, int64_t run, enum run_status status, const struct status_wait *wait,
                      int64_t wake_at, const char *error) {
  json_t *v = json_pack("{s:s,s:s*,s:s*,s:s*}", "status", run_status_word(status), "wait_kind",
                        wait ? run_wait_word(wait->kind) : NULL, "wait_for", wait ? wait->what : NULL,
                        "wait_hint", wait ? wait->hint : NULL);
  if (wake_at) json_object_set_new(v, "wake_at", json_integer(wake_at));
  json_t *parsed = NULL;
  if (error && jsonx_parse(error, strlen(error), "an error", &parsed, NULL) != OK)
    parsed = json_string(error);
  if (parsed) json_object_set_new(v, "error", parsed);
  char *data = jsonx_dumps(v);
  json_decref(v);
  enum err err = event_insert(db, run, (struct event_place){0}, "status", data, NULL);
  free(data);
  return err;
}

/* --- the op --- */

/* A life tells its places in order, so the search ends, from the newest, at one before this: whatever stands there twice was told last. */
static enum err has_place(struct db *db, int64_t run, struct event_place at, bool *has) {
  struct db_stmt *s = db_prepare(
      db, "SELECT 1 FROM events WHERE run_id = $run AND seq = $seq AND n = $n AND id > COALESCE((SELECT id"
          " FROM events WHERE run_id = $run AND seq < $seq ORDER BY id DESC LIMIT 1), 0) LIMIT 1");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$seq", at.seq);
  db_bind_int(s, "$n", at.n);
  enum db_step step = db_step(s);
  *has = step == DB_ROW;
  return sql_end(db, s, step);
}

static enum err insert(struct db *db, struct op_event *op) {
  bool has = false;
  enum err err = op->once && op->at.n ? has_place(db, op->run, op->at, &has) : OK;
  if (err != OK || has) return err;
  return event_insert(db, op->run, op->at, op->kind, op->data, &op->id);
}

static enum err apply_event(struct db *db, struct store_op *base) {
  struct op_event *op = (struct op_event *)base;
  enum err err = op->epoch ? fence_check(db, op->run, op->epoch) : OK;
  return err == OK ? insert(db, op) : err;
}

static enum err encode_event(const struct store_op *base, struct buf *line) {
  const struct op_event *op = (const struct op_event *)base;
  json_t *v = json_pack("{s:I,s:I,s:I,s:I,s:s}", "run", (json_int_t)op->run, "epoch", (json_int_t)op->epoch,
                        "seq", (json_int_t)op->at.seq, "n", (json_int_t)op->at.n, "kind", op->kind);
  spool_put_text(v, "data", op->data);
  return spool_put_json(line, v);
}

static struct store_op *decode_event(const char *text, size_t n) {
  json_t *v;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct op_event *op = mem_alloc(sizeof *op);
  op->op.kind = &op_event_kind;
  op->run = jsonx_int(v, "run", 0);
  op->epoch = jsonx_int(v, "epoch", 0);
  op->at = (struct event_place){jsonx_int(v, "seq", 0), jsonx_int(v, "n", 0)};
  snprintf(op->kind, sizeof op->kind, "%s", jsonx_str(v, "kind", "log"));
  op->data = spool_take_text(v, "data", NULL);
  op->once = true;
  json_decref(v);
  return &op->op;
}

static void free_event(struct store_op *op) {
  free(((struct op_event *)op)->data);
  free(op);
}

const struct store_op_kind op_event_kind = {"event",      apply_event, encode_event,
                                            decode_event, free_event,  true};

static struct op_event *event_new(int64_t run, int64_t epoch, struct event_place at, const char *kind,
                                  const char *data_json) {
  struct op_event *op = mem_alloc(sizeof *op);
  op->op.kind = &op_event_kind;
  op->run = run;
  op->epoch = epoch;
  op->at = at;
  snprintf(op->kind, sizeof op->kind, "%s", kind);
  op->data = mem_dup(data_json);
  return op;
}

void events_post(struct store *s, int64_t run, int64_t epoch, struct event_place at, const char *kind,
                 const char *data_json) {
  struct op_event *op = event_new(run, epoch, at, kind, data_json);
  op->op.done = free_event;
  store_post(s, &op->op);
}

/* --- several as one op --- */

static void keep(struct op_events *op, struct op_event *event) {
  if ((op->n & (op->n - 1)) == 0) op->list = mem_grow(op->list, (op->n ? op->n * 2 : 1) * sizeof *op->list);
  op->list[op->n++] = event;
  op->bytes += sizeof *event + strlen(event->data);
}

static enum err apply_events(struct db *db, struct store_op *base) {
  struct op_events *op = (struct op_events *)base;
  enum err err = fence_check(db, op->run, op->epoch);
  for (size_t i = 0; err == OK && i < op->n; i++) err = insert(db, op->list[i]);
  return err;
}

static enum err encode_events(const struct store_op *base, struct buf *line) {
  const struct op_events *op = (const struct op_events *)base;
  json_t *list = json_array();
  struct buf one;
  buf_init(&one, MAX_JSON_BYTES);
  for (size_t i = 0; i < op->n; i++) {
    buf_clear(&one);
    if (encode_event(&op->list[i]->op, &one) == OK)
      json_array_append_new(list, json_stringn(one.data, one.len));
  }
  buf_release(&one);
  return spool_put_json(line, json_pack("{s:I,s:I,s:o}", "run", (json_int_t)op->run, "epoch",
                                        (json_int_t)op->epoch, "events", list));
}

static struct store_op *decode_events(const char *text, size_t n) {
  json_t *v, *one;
  size_t i;
  if (jsonx_parse(text, n, "a line of the spool", &v, NULL) != OK) return NULL;
  struct op_events *op = op_events_new(jsonx_int(v, "run", 0), jsonx_int(v, "epoch", 0));
  json_array_foreach(json_object_get(v, "events"), i, one) {
    struct store_op *event = decode_event(json_string_value(one), json_string_length(one));
    if (event) keep(op, (struct op_event *)event);
  }
  json_decref(v);
  return &op->op;
}

static void free_events(struct store_op *base) {
  struct op_events *op = (struct op_events *)base;
  for (size_t i = 0; i < op->n; i++) free_event(&op->list[i]->op);
  free(op->list);
  free(op);
}

const struct store_op_kind op_events_kind = {"events",      apply_events, encode_events,
                                             decode_events, free_events,  false};

struct op_events *op_events_new(int64_t run, int64_t epoch) {
  struct op_events *op = mem_alloc(sizeof *op);
  op->op.kind = &op_events_kind;
  op->run = run;
  op->epoch = epoch;
  return op;
}

void op_events_add(struct op_events *op, struct event_place at, const char *kind, const char *data_json) {
  keep(op, event_new(op->run, op->epoch, at, kind, data_json));
}

/* --- reading --- */

static enum err each(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct event_row *),
                     void *arg) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct event_row row = {db_int(s, 0), db_int(s, 1), db_int(s, 2), db_text(s, 3), db_text(s, 4)};
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

enum err events_each(struct db *db, int64_t run, int64_t after_id, int limit,
                     void (*fn)(void *, const struct event_row *), void *arg) {
  struct db_stmt *s =
      db_prepare(db, "SELECT id, run_id, at, kind, data FROM events WHERE run_id = $run AND id > $after"
                     " ORDER BY id LIMIT $limit");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$after", after_id);
  db_bind_int(s, "$limit", limit > 0 ? limit : -1);
  return each(db, s, fn, arg);
}

enum err events_find(struct db *db, const struct events_filter *f,
                     void (*fn)(void *, const struct event_row *), void *arg) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT id, run_id, at, kind, data FROM events WHERE run_id = $run AND id > $after"
      " AND ($level IS NULL OR ($level = 'error' AND kind = 'error') OR " SQL_FIELD(
          "data", "level") " = $level)"
                           " AND ($text IS NULL OR " SQL_HOLDS("data", "$text") ") ORDER BY id LIMIT $limit");
  db_bind_int(s, "$run", f->run);
  db_bind_int(s, "$after", f->after);
  db_bind_text(s, "$level", f->level);
  db_bind_text(s, "$text", f->text);
  db_bind_int(s, "$limit", f->limit > 0 ? f->limit : -1);
  return each(db, s, fn, arg);
}

enum err events_after(struct db *db, int64_t after_id, int limit, void (*fn)(void *, const struct event_of *),
                      void *arg) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT e.id, e.run_id, e.at, e.kind, e.data, p.slug, p.title, s.title, r.pipeline FROM events e"
      " JOIN runs r ON r.id = e.run_id JOIN projects p ON p.id = r.project_id LEFT JOIN projects s ON s.id = p.parent"
      " WHERE e.id > $after ORDER BY e.id LIMIT $limit");
  db_bind_int(s, "$after", after_id);
  db_bind_int(s, "$limit", limit);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct event_of of = {.event = {db_int(s, 0), db_int(s, 1), db_int(s, 2), db_text(s, 3), db_text(s, 4)},
                          .project = db_text(s, 5),
                          .title = db_text(s, 6),
                          .series = db_text(s, 7),
                          .pipeline = db_text(s, 8)};
    fn(arg, &of);
  }
  return sql_end(db, s, step);
}

enum err events_newest(struct db *db, int64_t *id) {
  struct db_stmt *s = db_prepare(db, "SELECT COALESCE(MAX(id), 0) FROM events");
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

enum err events_placed_each(struct db *db, int64_t run,
                            void (*fn)(void *, int64_t, const char *, const char *), void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT seq, kind, data FROM events WHERE run_id = $run AND seq IS NOT NULL ORDER BY id");
  db_bind_int(s, "$run", run);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_int(s, 0), db_text(s, 1), db_text(s, 2));
  return sql_end(db, s, step);
}
