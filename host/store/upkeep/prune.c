/* prune.c - taking away what is over, in batches.
 *
 *   prune_library -> op_prune (until nothing is left) -> blobs that a reader found -> op_blobs_drop
 *
 * The row of a run goes last, so a prune that is broken off leaves a run that can be seen and is taken next time. A run that does not fit
 * into one batch is marked in `settings` ("pruning:7"): nobody may retry it, and the next prune takes it whatever its age. */
#include "store/upkeep/prune.h"

#include <stdlib.h>
#include "base/mem.h"
#include "store/sql.h"

/* Ended runs that an unfinished one continues are held; those that were begun go on. */
#define DOOMED                                                                                                                                                            \
  "WITH RECURSIVE " RUN_LINE(                                                                                                                                             \
      "SELECT id FROM runs WHERE ended_at IS NULL") ","                                                                                                                   \
                                                    " ranked AS (SELECT id, ended_at, row_number() OVER (PARTITION BY project_id ORDER BY id DESC) AS place"              \
                                                    "  FROM runs WHERE ended_at IS NOT NULL),"                                                                            \
                                                    " doomed AS (SELECT id FROM ranked WHERE id NOT IN (SELECT id FROM line) AND ((ended_at < $before AND place > $keep)" \
                                                    "  OR EXISTS (SELECT 1 FROM settings WHERE key = 'pruning:' || ranked.id)))"

/* What is left of a batch. */
struct batch {
  struct db *db;
  int64_t left;
  struct prune_counts *counts;
};

static enum err ask(struct db *db, struct db_stmt *s, int64_t *out, int64_t *second) {
  enum db_step step = db_step(s);
  *out = step == DB_ROW ? db_int(s, 0) : 0;
  if (second) *second = step == DB_ROW ? db_int(s, 1) : 0;
  return sql_end(db, s, step);
}

/* --- one run --- */

/* A statement over one run ($run) that takes at most $most rows. */
static enum err take(struct batch *b, const char *sql, int64_t run, int64_t *count) {
  if (b->left <= 0) return OK;
  struct db_stmt *s = db_prepare(b->db, sql);
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$most", b->left);
  enum err err = db_run(s);
  if (err != OK) return err;
  int64_t n = db_changes(b->db);
  b->left -= n;
  if (count) *count += n;
  return OK;
}

static enum err mark(struct db *db, int64_t run, bool begun) {
  struct db_stmt *s =
      begun
          ? db_prepare(
                db,
                "INSERT INTO settings (key, value) VALUES ('pruning:' || $run, '1') ON CONFLICT (key) DO NOTHING")
          : db_prepare(db, "DELETE FROM settings WHERE key = 'pruning:' || $run");
  db_bind_int(s, "$run", run);
  return db_run(s);
}

/* With the row go its input, gates and notes. */
static enum err take_row(struct batch *b, int64_t run) {
  struct db_stmt *s = db_prepare(b->db, "DELETE FROM runs WHERE id = $run AND ended_at IS NOT NULL");
  db_bind_int(s, "$run", run);
  enum err err = db_run(s);
  if (err != OK) return err;
  b->counts->runs += db_changes(b->db);
  b->left--;
  return mark(b->db, run, false);
}

static enum err take_run(struct batch *b, int64_t run, bool with_reads) {
  enum err err =
      take(b, "DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE run_id = $run LIMIT $most)", run,
           &b->counts->journal);
  if (err == OK)
    err = take(b, "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE run_id = $run LIMIT $most)",
               run, &b->counts->events);
  if (err == OK)
    err = take(b,
               "DELETE FROM call_blocks WHERE (call_id, place) IN (SELECT k.call_id, k.place FROM calls c"
               " JOIN call_blocks k ON k.call_id = c.id WHERE c.run_id = $run LIMIT $most)",
               run, NULL);
  if (err == OK && with_reads)
    err = take(b,
               "DELETE FROM reads WHERE id IN (SELECT r.id FROM calls c JOIN reads r ON r.call_id = c.id"
               " WHERE c.run_id = $run LIMIT $most)",
               run, NULL);
  if (err == OK)
    err = take(
        b,
        "UPDATE calls SET params = NULL, answer = NULL, reasoning = NULL, late_result = NULL, error = NULL WHERE id IN"
        " (SELECT id FROM calls WHERE run_id = $run AND COALESCE(params, answer, reasoning, late_result, error)"
        "  IS NOT NULL LIMIT $most)",
        run, &b->counts->calls);
  if (err != OK) return err;
  return b->left > 0 ? take_row(b, run) : mark(b->db, run, true);
}

/* The ids first: a statement that is still being stepped must not see its rows go. */
static enum err collect(struct db *db, struct db_stmt *s, int64_t *ids, size_t *n) {
  enum db_step step = DB_ROW;
  *n = 0;
  while (*n < PRUNE_ROWS && (step = db_step(s)) == DB_ROW) ids[(*n)++] = db_int(s, 0);
  return sql_end(db, s, step);
}

static enum err take_runs(struct batch *b, struct db_stmt *which, bool with_reads, bool *more) {
  int64_t *ids = mem_alloc(PRUNE_ROWS * sizeof *ids);
  size_t n = 0, i = 0;
  enum err err = collect(b->db, which, ids, &n);
  for (; err == OK && i < n && b->left > 0; i++) err = take_run(b, ids[i], with_reads);
  *more = b->left <= 0 || n == PRUNE_ROWS;
  free(ids);
  return err;
}

/* --- old runs --- */

static enum err count_rows(struct db *db, struct op_prune *op) {
  struct db_stmt *s =
      db_prepare(db, DOOMED " SELECT (SELECT count(*) FROM doomed),"
                            " (SELECT count(*) FROM journal WHERE run_id IN (SELECT id FROM doomed)),"
                            " (SELECT count(*) FROM events WHERE run_id IN (SELECT id FROM doomed)),"
                            " (SELECT count(*) FROM calls WHERE run_id IN (SELECT id FROM doomed)"
                            "  AND COALESCE(params, answer, reasoning, late_result, error) IS NOT NULL)");
  db_bind_int(s, "$before", op->before_ms);
  db_bind_int(s, "$keep", op->keep_runs);
  enum db_step step = db_step(s);
  if (step == DB_ROW)
    op->counts = (struct prune_counts){
        .runs = db_int(s, 0), .journal = db_int(s, 1), .events = db_int(s, 2), .calls = db_int(s, 3)};
  return sql_end(db, s, step);
}

static enum err count_all(struct db *db, struct op_prune *op) {
  enum err err = count_rows(db, op);
  if (err != OK) return err;
  struct db_stmt *s = db_prepare(
      db, DOOMED
      " SELECT count(*), COALESCE(sum(size), 0) FROM blobs"
      " WHERE id NOT IN (SELECT blob_id FROM artifact_versions) AND id NOT IN (SELECT k.blob_id FROM call_blocks k"
      "  JOIN calls c ON c.id = k.call_id WHERE c.run_id NOT IN (SELECT id FROM doomed))");
  db_bind_int(s, "$before", op->before_ms);
  db_bind_int(s, "$keep", op->keep_runs);
  return ask(db, s, &op->counts.blobs, &op->counts.bytes);
}

static enum err apply_prune(struct db *db, struct store_op *base) {
  struct op_prune *op = (struct op_prune *)base;
  op->counts = (struct prune_counts){0};
  op->more = false;
  if (op->dry_run) return count_all(db, op);
  struct db_stmt *s = db_prepare(db, DOOMED " SELECT id FROM doomed ORDER BY id");
  db_bind_int(s, "$before", op->before_ms);
  db_bind_int(s, "$keep", op->keep_runs);
  return take_runs(&(struct batch){db, PRUNE_ROWS, &op->counts}, s, false, &op->more);
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_prune_kind = {"prune", apply_prune, NULL, NULL, free_plain, false};

/* --- a project --- */

static enum err check_project(struct db *db, const char *slug, int64_t *project, struct error *e) {
  enum err err = project_id_by_slug(db, slug, project);
  if (err == ERR_NOT_FOUND) {
    err_set(e, err, "there is no project '%s'", slug);
    err_hint(e, "`quire project list` lists them");
  }
  if (err != OK) return err;
  int64_t n = 0, one = 0;
  struct db_stmt *s = db_prepare(
      db, "SELECT count(*), COALESCE(MIN(id), 0) FROM runs WHERE ended_at IS NULL AND (project_id = $project"
          " OR retry_of IN (SELECT id FROM runs WHERE project_id = $project))");
  db_bind_int(s, "$project", *project);
  if ((err = ask(db, s, &n, &one)) != OK) return err;
  if (n > 0) {
    err = err_set(e, ERR_CONFLICT, "the project '%s' has %lld unfinished run%s", slug, (long long)n,
                  n == 1 ? "" : "s");
    err_hint(e, "wait until they end, or `quire cancel %lld`", (long long)one);
    return err;
  }
  s = db_prepare(db, "SELECT count(*) FROM projects WHERE parent = $project");
  db_bind_int(s, "$project", *project);
  if ((err = ask(db, s, &n, NULL)) != OK || n == 0) return err;
  err = err_set(e, ERR_CONFLICT, "the project '%s' has %lld part%s", slug, (long long)n, n == 1 ? "" : "s");
  err_hint(e, "delete its parts first; `quire project list` lists them");
  return err;
}

static enum err drop_project(struct batch *b, int64_t project) {
  struct db_stmt *s = db_prepare(b->db, "DELETE FROM artifacts WHERE project_id = $project");
  db_bind_int(s, "$project", project);
  enum err err = db_run(s);
  if (err != OK) return err;
  b->counts->artifacts += db_changes(b->db);
  s = db_prepare(b->db, "DELETE FROM projects WHERE id = $project");
  db_bind_int(s, "$project", project);
  return db_run(s);
}

static enum err apply_delete(struct db *db, struct store_op *base) {
  struct op_project_delete *op = (struct op_project_delete *)base;
  op->counts = (struct prune_counts){0};
  op->more = false;
  int64_t project;
  enum err err = check_project(db, op->slug, &project, &base->error);
  if (err != OK) return err;
  struct batch b = {db, PRUNE_ROWS, &op->counts};
  struct db_stmt *s = db_prepare(db, "SELECT id FROM runs WHERE project_id = $project ORDER BY id");
  db_bind_int(s, "$project", project);
  err = take_runs(&b, s, true, &op->more);
  return err == OK && !op->more ? drop_project(&b, project) : err;
}

const struct store_op_kind op_project_delete_kind = {"project_delete", apply_delete, NULL, NULL,
                                                     free_plain,       false};

/* --- contents that nothing refers to --- */

/* A reader looks for them, the writer looks again at each. */
struct op_blobs_drop {
  struct store_op op;
  int64_t ids[PRUNE_ROWS];
  size_t n;
  int64_t dropped, bytes;
};

static enum err drop_blob(struct db *db, struct op_blobs_drop *op, int64_t id) {
  int64_t size, found;
  struct db_stmt *s = db_prepare(db, "SELECT size, id FROM blobs WHERE id = $id");
  db_bind_int(s, "$id", id);
  enum err err = ask(db, s, &size, &found);
  if (err != OK || !found) return err;
  s = db_prepare(
      db, "DELETE FROM blobs WHERE id = $id AND NOT EXISTS (SELECT 1 FROM call_blocks WHERE blob_id = $id)"
          " AND NOT EXISTS (SELECT 1 FROM artifact_versions WHERE blob_id = $id)");
  db_bind_int(s, "$id", id);
  err = db_run(s);
  if (err != OK || db_changes(db) != 1) return err;
  op->dropped++;
  op->bytes += size;
  return OK;
}

static enum err apply_drop(struct db *db, struct store_op *base) {
  struct op_blobs_drop *op = (struct op_blobs_drop *)base;
  op->dropped = op->bytes = 0;
  enum err err = OK;
  for (size_t i = 0; err == OK && i < op->n; i++) err = drop_blob(db, op, op->ids[i]);
  return err;
}

static const struct store_op_kind blobs_drop_kind = {"blobs_drop", apply_drop, NULL, NULL, free_plain, false};

static enum err find_blobs(struct store *s, int64_t after, struct op_blobs_drop *op, struct error *e) {
  struct db *db = store_reader(s);
  struct db_stmt *q = db_prepare(
      db,
      "SELECT id FROM blobs b WHERE id > $after AND NOT EXISTS (SELECT 1 FROM call_blocks WHERE blob_id = b.id)"
      " AND NOT EXISTS (SELECT 1 FROM artifact_versions WHERE blob_id = b.id) ORDER BY id");
  db_bind_int(q, "$after", after);
  enum err err = collect(db, q, op->ids, &op->n);
  if (err != OK) db_error(db, e);
  store_reader_release(s, db);
  return err;
}

static enum err drop_blobs(struct store *s, struct prune_counts *out, struct error *e) {
  struct op_blobs_drop *op = mem_alloc(sizeof *op);
  op->op.kind = &blobs_drop_kind;
  enum err err = OK;
  for (int64_t after = 0; err == OK;) {
    err = find_blobs(s, after, op, e);
    if (err != OK || op->n == 0) break;
    after = op->ids[op->n - 1];
    err = store_do(s, &op->op);
    if (err != OK && e) *e = op->op.error;
    out->blobs += op->dropped;
    out->bytes += op->bytes;
  }
  free(op);
  return err;
}

/* --- to the end --- */

static void add(struct prune_counts *sum, const struct prune_counts *c) {
  sum->runs += c->runs;
  sum->journal += c->journal;
  sum->events += c->events;
  sum->calls += c->calls;
  sum->blobs += c->blobs;
  sum->bytes += c->bytes;
  sum->artifacts += c->artifacts;
}

enum err prune_library(struct store *s, int64_t before_ms, int64_t keep_runs, bool dry_run,
                       struct prune_counts *out, struct error *e) {
  *out = (struct prune_counts){0};
  struct op_prune op = {
      .op = {.kind = &op_prune_kind}, .before_ms = before_ms, .keep_runs = keep_runs, .dry_run = dry_run};
  do {
    if (store_do(s, &op.op) != OK) {
      if (e) *e = op.op.error;
      return op.op.err;
    }
    add(out, &op.counts);
  } while (op.more);
  return dry_run ? OK : drop_blobs(s, out, e);
}

enum err project_delete(struct store *s, const char *slug, struct prune_counts *out, struct error *e) {
  *out = (struct prune_counts){0};
  struct op_project_delete op = {.op = {.kind = &op_project_delete_kind}, .slug = slug};
  do {
    if (store_do(s, &op.op) != OK) {
      if (e) *e = op.op.error;
      return op.op.err;
    }
    add(out, &op.counts);
  } while (op.more);
  return drop_blobs(s, out, e);
}
