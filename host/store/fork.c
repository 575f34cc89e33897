/* fork.c - a fork's record: what the run that it comes from had before a place of its journal, and where its documents stood then. */
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "store/artifacts.h"
#include "store/fork.h"
#include "store/sql.h"

static enum err check_place(struct db *db, const struct fork *f, struct error *e) {
  struct db_stmt *s = db_prepare(db, "SELECT COALESCE(MAX(seq), 0) FROM journal WHERE run_id = $run");
  db_bind_int(s, "$run", f->of);
  enum db_step step = db_step(s);
  int64_t last = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  if (err != OK || (f->at >= 1 && f->at <= last)) return err;
  err_set(e, ERR_INVALID, "run %lld has no place %lld in its journal", (long long)f->of, (long long)f->at);
  err_hint(e, last ? "it has the places 1 to %lld" : "its journal is empty", (long long)last);
  return ERR_INVALID;
}

/* Of a question that was asked again later only the answer that was live then. */
static enum err copy_journal(struct db *db, const struct fork *f) {
  struct db_stmt *s = db_prepare(
      db, "INSERT INTO journal (run_id, seq, n, at, call_id, size, scope, kind, hash, result)"
          " SELECT $new, seq, n, at, call_id, size, scope, kind, hash, result FROM journal j"
          " WHERE run_id = $old AND seq < $at AND (superseded = 0 OR NOT EXISTS (SELECT 1 FROM journal w"
          "  WHERE w.run_id = $old AND w.id > j.id AND w.seq < $at AND w.scope = j.scope AND w.kind = j.kind"
          "  AND w.hash = j.hash AND w.n = j.n)) ORDER BY seq, id");
  db_bind_int(s, "$new", f->run);
  db_bind_int(s, "$old", f->of);
  db_bind_int(s, "$at", f->at);
  return db_run(s);
}

/* ---- the documents as they were */

struct horizon {
  int64_t kept,
      dropped; /* the newest version that was written before the place, the oldest after it; 0: none */
};

static enum err note_version(struct db *db, const struct fork *f, const json_t *put, bool before,
                             struct horizon *h) {
  struct db_stmt *s = db_prepare(db, "SELECT v.id FROM runs r JOIN artifacts a ON a.project_id = r.project_id"
                                     " AND a.name = $name JOIN artifact_versions v ON v.artifact_id = a.id"
                                     " AND v.number = $number WHERE r.id = $run");
  db_bind_int(s, "$run", f->of);
  db_bind_text(s, "$name", jsonx_str(put, "name", ""));
  db_bind_int(s, "$number", jsonx_int(put, "version", 0));
  enum db_step step = db_step(s);
  int64_t id = step == DB_ROW ? db_int(s, 0) : 0;
  if (id && before && id > h->kept) h->kept = id;
  if (id && !before && (!h->dropped || id < h->dropped)) h->dropped = id;
  return sql_end(db, s, step);
}

static enum err note_puts(struct db *db, const struct fork *f, struct horizon *h) {
  struct db_stmt *s =
      db_prepare(db, "SELECT seq, result FROM journal WHERE run_id = $run AND kind = 'put' ORDER BY seq");
  db_bind_int(s, "$run", f->of);
  enum db_step step;
  enum err err = OK;
  while (err == OK && (step = db_step(s)) == DB_ROW) {
    json_t *list = NULL, *put;
    const char *text = db_text(s, 1);
    size_t i;
    if (jsonx_parse(text, strlen(text), "what a run saved", &list, NULL) == OK)
      json_array_foreach(list, i, put) if (err == OK) err = note_version(db, f, put, db_int(s, 0) < f->at, h);
    json_decref(list);
  }
  if (err == OK) return sql_end(db, s, step);
  db_reset(s);
  return err;
}

/* What others had saved by the time of the last entry that is kept. Its own versions go before times: an entry is timed before it is written. */
static enum err hide_later(struct db *db, const struct fork *f) {
  struct horizon h = {0};
  int64_t newest = 0;
  enum err err = note_puts(db, f, &h);
  if (err == OK) err = artifact_horizon(db, &newest);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO forks (run_id, seq, hidden_after, hidden_to) SELECT $new, $at, COALESCE(MAX(id), 0), $newest"
      " FROM artifact_versions WHERE ($dropped = 0 OR id < $dropped) AND (id <= $kept OR created_at <="
      "  (SELECT MAX(at) FROM journal WHERE run_id = $old AND seq < $at))");
  db_bind_int(s, "$new", f->run);
  db_bind_int(s, "$at", f->at);
  db_bind_int(s, "$newest", newest);
  db_bind_int(s, "$dropped", h.dropped);
  db_bind_int(s, "$kept", h.kept);
  db_bind_int(s, "$old", f->of);
  return db_run(s);
}

enum err fork_record(struct db *db, const struct fork *f, struct error *e) {
  enum err err = check_place(db, f, e);
  if (err == OK) err = copy_journal(db, f);
  return err == OK ? hide_later(db, f) : err;
}
