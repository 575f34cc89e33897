/* gates.c - questions to people, and notes from them. A gate is found again by its journal key, so a run that waited, died or was moved
 * asks the same question; it is decided by compare-and-set, for the text whose hash the person saw. */
#include "store/gates.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/runs.h"
#include "store/sql.h"

/* --- asking --- */

struct found {
  int64_t id, expires_at;
  bool open;
};

static enum err find_gate(struct db *db, const struct op_gate_ask *op, struct found *out) {
  struct db_stmt *s = db_prepare(
      db, "SELECT id, expires_at, status = 'open' FROM gates WHERE run_id = $run AND scope = $scope"
          " AND hash = $hash AND n = $n");
  db_bind_int(s, "$run", op->entry.run);
  db_bind_text(s, "$scope", op->entry.key.scope);
  db_bind_blob(s, "$hash", op->entry.key.hash, SHA_BYTES);
  db_bind_int(s, "$n", op->entry.key.n);
  enum db_step step = db_step(s);
  *out = (struct found){0};
  if (step == DB_ROW) *out = (struct found){db_int(s, 0), db_int(s, 1), db_int(s, 2) != 0};
  return sql_end(db, s, step);
}

static enum err insert_gate(struct db *db, struct op_gate_ask *op) {
  char sha[SHA_HEX];
  const char *show = op->show ? op->show : "";
  sha256_hex(show, strlen(show), sha);
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO gates (run_id, scope, hash, n, title, show, show_sha, choices, schema, on_timeout, created_at, expires_at)"
      " VALUES ($run, $scope, $hash, $n, $title, $show, $sha, $choices, $schema, $on_timeout, $now, $expires)");
  db_bind_int(s, "$run", op->entry.run);
  db_bind_text(s, "$scope", op->entry.key.scope);
  db_bind_blob(s, "$hash", op->entry.key.hash, SHA_BYTES);
  db_bind_int(s, "$n", op->entry.key.n);
  db_bind_text(s, "$title", op->title ? op->title : "A decision is needed");
  db_bind_text(s, "$show", show);
  db_bind_text(s, "$sha", sha);
  db_bind_text(s, "$choices", op->choices ? op->choices : "[]");
  db_bind_text(s, "$schema", op->schema);
  db_bind_text(s, "$on_timeout", op->on_timeout);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_id(s, "$expires", op->expires_at);
  return db_insert(s, &op->gate);
}

/* Open: what is shown may have changed since (edited scripts); a decision then needs the new hash. */
static enum err show_again(struct db *db, const struct op_gate_ask *op) {
  char sha[SHA_HEX];
  const char *show = op->show ? op->show : "";
  sha256_hex(show, strlen(show), sha);
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE gates SET title = COALESCE($title, title), show = $show, show_sha = $sha,"
      " choices = COALESCE($choices, choices), schema = $schema, on_timeout = $on_timeout WHERE id = $id");
  db_bind_int(s, "$id", op->gate);
  db_bind_text(s, "$title", op->title);
  db_bind_text(s, "$show", show);
  db_bind_text(s, "$sha", sha);
  db_bind_text(s, "$choices", op->choices);
  db_bind_text(s, "$schema", op->schema);
  db_bind_text(s, "$on_timeout", op->on_timeout);
  return db_run(s);
}

static enum err decide(struct db *db, int64_t gate, const char *status, const char *choice, const char *edits,
                       const char *by, bool *changed) {
  struct db_stmt *s = db_prepare(
      db, "UPDATE gates SET status = $status, decision = $choice, edits = $edits, decided_by = $by,"
          " decided_at = $now WHERE id = $id AND status = 'open'");
  db_bind_text(s, "$status", status);
  db_bind_text(s, "$choice", choice);
  db_bind_text(s, "$edits", edits);
  db_bind_text(s, "$by", by);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_int(s, "$id", gate);
  enum err err = db_run(s);
  *changed = err == OK && db_changes(db) == 1;
  return err;
}

static enum err park(struct db *db, const struct op_gate_ask *op, int64_t expires_at) {
  const struct status_wait wait = {FOR_GATE, op->title ? op->title : "a question", NULL};
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = 'waiting', wait_kind = 'gate', wait_for = $for, wait_hint = NULL, wake_at = $wake"
      " WHERE id = $run");
  int64_t wake = op->on_timeout ? expires_at : 0;
  db_bind_text(s, "$for", wait.what);
  db_bind_id(s, "$wake", wake);
  db_bind_int(s, "$run", op->entry.run);
  enum err err = db_run(s);
  return err == OK ? event_status(db, op->entry.run, RUN_WAITING, &wait, wake, NULL) : err;
}

/* {"choice","edits","by"}; edits is JSON when it parses as an object or a list, else the text itself, or null. */
static enum err read_answer(struct db *db, int64_t gate, json_t **out) {
  struct db_stmt *s = db_prepare(db, "SELECT decision, edits, decided_by FROM gates WHERE id = $id");
  db_bind_int(s, "$id", gate);
  enum db_step step = db_step(s);
  *out = NULL;
  if (step == DB_ROW) {
    const char *text = db_text(s, 1);
    json_t *edits = NULL;
    bool structured = text && (*text == '{' || *text == '[');
    if (structured) (void)jsonx_parse(text, strlen(text), "edits", &edits, NULL);
    if (!edits) edits = text ? json_string(text) : json_null();
    *out = json_pack("{s:s,s:o,s:s?}", "choice", db_text(s, 0), "edits", edits, "by", db_text(s, 2));
  }
  return sql_end(db, s, step);
}

static enum err deliver(struct db *db, struct op_gate_ask *op) {
  json_t *answer;
  enum err err = read_answer(db, op->gate, &answer);
  if (err != OK || !answer) return err != OK ? err : ERR_INVALID;
  op->decided = true;
  return journal_insert_json(db, &op->entry, answer, &op->answer);
}

static enum err apply_ask(struct db *db, struct store_op *base) {
  struct op_gate_ask *op = (struct op_gate_ask *)base;
  struct found found;
  op->decided = false;
  enum err err = fence_check(db, op->entry.run, op->entry.epoch);
  if (err == OK) err = find_gate(db, op, &found);
  if (err != OK) return err;
  op->gate = found.id;
  if (found.id && !found.open) return deliver(db, op);
  if (found.id && found.expires_at && found.expires_at <= clock_wall_ms() && op->on_timeout) {
    bool changed;
    err = decide(db, found.id, "expired", op->on_timeout, NULL, "timeout", &changed);
    return err == OK ? deliver(db, op) : err;
  }
  if (found.id)
    err = show_again(db, op);
  else
    err = insert_gate(db, op);
  return err == OK ? park(db, op, found.id ? found.expires_at : op->expires_at) : err;
}

static void free_ask(struct store_op *op) {
  free(((struct op_gate_ask *)op)->answer);
  free(op);
}

const struct store_op_kind op_gate_ask_kind = {"gate_ask", apply_ask, NULL, NULL, free_ask, false};

/* --- deciding --- */

static enum err check_choice(const char *choices, const char *choice, struct error *e) {
  json_t *list = NULL, *item;
  if (jsonx_parse(choices, strlen(choices), "the choices", &list, NULL) != OK) return OK;
  size_t i;
  bool good = json_array_size(list) == 0;
  struct buf hint;
  buf_init(&hint, 250);
  json_array_foreach(list, i, item) {
    const char *name = json_is_string(item) ? json_string_value(item) : "";
    good = good || strcmp(name, choice) == 0;
    buf_printf(&hint, "%s'%s'", i ? ", " : "choose one of ", name);
  }
  json_decref(list);
  if (!good) {
    err_set(e, ERR_INVALID, "'%s' is not among the choices", choice);
    err_hint(e, "%s", hint.data);
  }
  buf_release(&hint);
  return good ? OK : ERR_INVALID;
}

/* Everything that speaks against deciding this gate in this way now. */
static enum err check_gate(struct db *db, struct op_gate_decide *op) {
  struct error *e = &op->op.error;
  struct db_stmt *s = db_prepare(
      db,
      "SELECT g.run_id, g.status, g.show_sha, g.choices, g.decision, g.decided_by, r.status, r.ended_at,"
      " g.on_timeout IS NOT NULL AND g.expires_at <= $now, g.on_timeout FROM gates g JOIN runs r ON r.id = g.run_id WHERE g.id = $id");
  db_bind_int(s, "$id", op->gate);
  db_bind_int(s, "$now", clock_wall_ms());
  enum db_step step = db_step(s);
  enum err err = OK;
  if (step == DB_DONE) {
    err = err_set(e, ERR_NOT_FOUND, "there is no gate %lld", (long long)op->gate);
  } else if (step == DB_ROW) {
    op->run = db_int(s, 0);
    const char *by = db_text(s, 5);
    if (strcmp(db_text(s, 1), "open") != 0) {
      err = err_set(e, ERR_CONFLICT, "this was decided already: '%s' by %s", db_text(s, 4),
                    by ? by : "somebody");
    } else if (!db_is_null(s, 7)) {
      err = err_set(e, ERR_CONFLICT, "run %lld is %s: it does not wait for this decision any longer",
                    (long long)op->run, db_text(s, 6));
    } else if (db_int(s, 8)) {
      err =
          err_set(e, ERR_CONFLICT, "the time to decide is over: the run continues with '%s'", db_text(s, 9));
    } else if (op->show_sha && strcmp(op->show_sha, db_text(s, 2)) != 0) {
      err = err_set(e, ERR_CONFLICT, "what is shown has changed since you looked");
      err_hint(e, "look at it again, then decide");
    } else {
      err = check_choice(db_text(s, 3), op->choice, e);
    }
  }
  enum err end = sql_end(db, s, step);
  return end != OK ? end : err;
}

static enum err requeue(struct db *db, int64_t run) {
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET status = 'queued', wait_kind = NULL, wait_for = NULL, wait_hint = NULL, wake_at = NULL"
      " WHERE id = $run AND status = 'waiting' AND wait_kind = 'gate'");
  db_bind_int(s, "$run", run);
  enum err err = db_run(s);
  if (err != OK || db_changes(db) == 0) return err;
  return event_status(db, run, RUN_QUEUED, NULL, 0, NULL);
}

static enum err apply_decide(struct db *db, struct store_op *base) {
  struct op_gate_decide *op = (struct op_gate_decide *)base;
  if (!op->choice || !utf8_valid(op->choice, strlen(op->choice), NULL) ||
      (op->edits && !utf8_valid(op->edits, strlen(op->edits), NULL)))
    return err_set(&base->error, ERR_INVALID, "a decision is a choice, in UTF-8");
  if (op->edits && strlen(op->edits) > MAX_GATE_BYTES)
    return err_set(&base->error, ERR_LIMIT, "an answer to a question has at most %d MB",
                   MAX_GATE_BYTES >> 20);
  enum err err = check_gate(db, op);
  if (err != OK) return err;
  bool changed;
  err = decide(db, op->gate, "decided", op->choice, op->edits, op->by ? op->by : "a person", &changed);
  if (err == OK && !changed) err = err_set(&base->error, ERR_CONFLICT, "this was decided already");
  return err == OK ? requeue(db, op->run) : err;
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_gate_decide_kind = {"gate_decide", apply_decide, NULL, NULL, free_plain, false};

#define GATE_COLUMNS                                                                                                        \
  "SELECT id, run_id, created_at, decided_at, expires_at, title, show, show_sha, choices, schema, status, decision, edits," \
  " decided_by, on_timeout FROM gates "

static enum err each_gate(struct db *db, struct db_stmt *s, void (*fn)(void *, const struct gate_row *),
                          void *arg, bool *any) {
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    struct gate_row row = {db_int(s, 0),   db_int(s, 1),   db_int(s, 2),   db_int(s, 3),   db_int(s, 4),
                           db_text(s, 5),  db_text(s, 6),  db_text(s, 7),  db_text(s, 8),  db_text(s, 9),
                           db_text(s, 10), db_text(s, 11), db_text(s, 12), db_text(s, 13), db_text(s, 14)};
    if (any) *any = true;
    fn(arg, &row);
  }
  return sql_end(db, s, step);
}

enum err gates_each(struct db *db, int64_t run_or_0, bool open_only,
                    void (*fn)(void *, const struct gate_row *), void *arg) {
  struct db_stmt *s =
      open_only  ? db_prepare(db, GATE_COLUMNS
                              "WHERE status = 'open' AND ($run = 0 OR run_id = $run)"
                               " AND (SELECT ended_at FROM runs WHERE id = run_id) IS NULL ORDER BY id")
      : run_or_0 ? db_prepare(db, GATE_COLUMNS "WHERE run_id = $run ORDER BY id")
                 : db_prepare(db, GATE_COLUMNS "ORDER BY id");
  if (open_only || run_or_0) db_bind_int(s, "$run", run_or_0);
  return each_gate(db, s, fn, arg, NULL);
}

enum err gate_get(struct db *db, int64_t id, void (*fn)(void *, const struct gate_row *), void *arg,
                  struct error *e) {
  struct db_stmt *s = db_prepare(db, GATE_COLUMNS "WHERE id = $id");
  bool any = false;
  db_bind_int(s, "$id", id);
  if (each_gate(db, s, fn, arg, &any) != OK) return db_error(db, e);
  if (any) return OK;
  err_set(e, ERR_NOT_FOUND, "there is no gate %lld", (long long)id);
  err_hint(e, "`quire gate list` shows the questions that wait");
  return ERR_NOT_FOUND;
}

/* --- notes --- */

static enum err collect(struct db *db, int64_t run, json_t *list, int64_t *last) {
  struct db_stmt *s =
      db_prepare(db, "SELECT id, text FROM notes WHERE run_id = $run AND entry_id IS NULL ORDER BY id");
  db_bind_int(s, "$run", run);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    *last = db_int(s, 0);
    json_array_append_new(list, json_string(db_text(s, 1)));
  }
  return sql_end(db, s, step);
}

static enum err apply_notes(struct db *db, struct store_op *base) {
  struct op_notes *op = (struct op_notes *)base;
  json_t *list = json_array();
  int64_t last = 0;
  enum err err = collect(db, op->entry.run, list, &last);
  if (err != OK) {
    json_decref(list);
    return err;
  }
  err = journal_insert_json(db, &op->entry, list, &op->result);
  if (err != OK || !last) return err;
  struct db_stmt *s = db_prepare(
      db, "UPDATE notes SET entry_id = $entry WHERE run_id = $run AND entry_id IS NULL AND id <= $last");
  db_bind_int(s, "$entry", op->entry.id);
  db_bind_int(s, "$run", op->entry.run);
  db_bind_int(s, "$last", last);
  return db_run(s);
}

static void free_notes(struct store_op *op) {
  free(((struct op_notes *)op)->result);
  free(op);
}

const struct store_op_kind op_notes_kind = {"notes", apply_notes, NULL, NULL, free_notes, false};

/* Why a note found no run that could hear it. */
static enum err heard_by_nobody(struct db *db, int64_t run, struct error *e) {
  struct run_row r;
  enum err err = run_get(db, run, &r, e);
  if (err != OK) return err;
  err = err_set(e, ERR_CONFLICT, "run %lld is %s: it reads no more notes", (long long)run,
                run_status_word(r.status));
  run_row_release(&r);
  return err;
}

static enum err apply_note(struct db *db, struct store_op *base) {
  struct op_note_add *op = (struct op_note_add *)base;
  if (!op->text || !*op->text || !utf8_valid(op->text, strlen(op->text), NULL))
    return err_set(&base->error, ERR_INVALID, "a note is a text in UTF-8");
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO notes (run_id, text, created_at) SELECT id, $text, $now FROM runs"
                     " WHERE id = $run AND ended_at IS NULL");
  db_bind_int(s, "$run", op->run);
  db_bind_text(s, "$text", op->text);
  db_bind_int(s, "$now", clock_wall_ms());
  enum err err = db_run(s);
  if (err != OK) return err;
  if (db_changes(db) == 0) return heard_by_nobody(db, op->run, &base->error);
  json_t *v = json_pack("{s:s}", "text", op->text);
  char *data = jsonx_dumps(v);
  json_decref(v);
  err = event_insert(db, op->run, (struct event_place){0}, "note", data, NULL);
  free(data);
  return err;
}

const struct store_op_kind op_note_add_kind = {"note_add", apply_note, NULL, NULL, free_plain, false};
