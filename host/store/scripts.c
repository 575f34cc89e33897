/* scripts.c - script sets. A source is stored once by hash, a set once by the hash of its names and sources. */
#include "store/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "store/sql.h"

static enum err find_set(struct db *db, const char *hash, int64_t *id) {
  struct db_stmt *s = db_prepare(db, "SELECT id FROM script_sets WHERE hash = $hash");
  db_bind_text(s, "$hash", hash);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  return sql_end(db, s, step);
}

static enum err put_source(struct db *db, const struct script_source *file, int64_t *id) {
  char own[SHA_HEX];
  const char *sha = file->sha;
  if (!*sha) {
    sha256_hex(file->text, file->n, own);
    sha = own;
  }
  struct db_stmt *s = db_prepare(db, "SELECT id FROM scripts WHERE sha = $sha");
  db_bind_text(s, "$sha", sha);
  enum db_step step = db_step(s);
  *id = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  if (err != OK || *id) return err;
  s = db_prepare(db, "INSERT INTO scripts (sha, text) VALUES ($sha, $text)");
  db_bind_text(s, "$sha", sha);
  db_bind_blob(s, "$text", file->text, file->n);
  return db_insert(s, id);
}

static enum err put_file(struct db *db, int64_t set, const struct script_source *file) {
  int64_t script;
  enum err err = put_source(db, file, &script);
  if (err != OK) return err;
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO script_set_files (set_id, name, script_id) VALUES ($set, $name, $script)");
  db_bind_int(s, "$set", set);
  db_bind_text(s, "$name", file->name);
  db_bind_int(s, "$script", script);
  return db_run(s);
}

enum err script_set_save(struct db *db, struct op_script_set *op) {
  enum err err = find_set(db, op->hash, &op->id);
  if (err != OK || op->id) return err;
  struct db_stmt *s = db_prepare(db, "INSERT INTO script_sets (hash, created_at) VALUES ($hash, $now)");
  db_bind_text(s, "$hash", op->hash);
  db_bind_int(s, "$now", clock_wall_ms());
  err = db_insert(s, &op->id);
  for (size_t i = 0; err == OK && i < op->n_files; i++) err = put_file(db, op->id, &op->files[i]);
  return err;
}

static enum err apply_set(struct db *db, struct store_op *base) {
  return script_set_save(db, (struct op_script_set *)base);
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_script_set_kind = {"script_set", apply_set, NULL, NULL, free_plain, false};

enum err script_set_each(struct db *db, int64_t set, void (*fn)(void *, const struct script_source *),
                         void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT f.name, c.text, c.sha FROM script_set_files f JOIN scripts c ON c.id = f.script_id"
          " WHERE f.set_id = $set ORDER BY f.name");
  db_bind_int(s, "$set", set);
  enum db_step step;
  bool any = false;
  while ((step = db_step(s)) == DB_ROW) {
    struct script_source file = {.name = db_text(s, 0)};
    file.text = db_blob(s, 1, &file.n);
    snprintf(file.sha, sizeof file.sha, "%s", db_text(s, 2));
    any = true;
    fn(arg, &file);
  }
  enum err err = sql_end(db, s, step);
  return err == OK && !any ? ERR_NOT_FOUND : err;
}
