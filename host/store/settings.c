/* settings.c - see settings.h. */
#include "store/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/sql.h"

/* --- values --- */

static enum err write_value(struct db *db, const struct op_setting *op) {
  struct db_stmt *s = op->value ? db_prepare(db, "INSERT INTO settings (key, value) VALUES ($key, $value)"
                                                 " ON CONFLICT (key) DO UPDATE SET value = excluded.value")
                                : db_prepare(db, "DELETE FROM settings WHERE key = $key");
  db_bind_text(s, "$key", op->key);
  if (op->value) db_bind_text(s, "$value", op->value);
  return db_run(s);
}

static enum err apply_setting(struct db *db, struct store_op *base) {
  struct op_setting *op = (struct op_setting *)base;
  char *now = NULL;
  enum err err = setting_get(db, op->key, &now);
  op->existed = err == OK;
  if (err == ERR_NOT_FOUND) err = OK;
  if (err == OK && op->expected && strcmp(op->expected, now ? now : "") != 0)
    err = err_set(&base->error, ERR_CONFLICT, "it was changed meanwhile");
  free(now);
  return err == OK ? write_value(db, op) : err;
}

static void free_plain(struct store_op *op) {
  free(op);
}

const struct store_op_kind op_setting_kind = {"setting", apply_setting, NULL, NULL, free_plain, false};

enum err setting_get(struct db *db, const char *key, char **value) {
  struct db_stmt *s = db_prepare(db, "SELECT value FROM settings WHERE key = $key");
  db_bind_text(s, "$key", key);
  enum db_step step = db_step(s);
  *value = step == DB_ROW ? mem_dup(db_text(s, 0)) : NULL;
  enum err err = sql_end(db, s, step);
  return err == OK && !*value ? ERR_NOT_FOUND : err;
}

enum err settings_each(struct db *db, const char *prefix, void (*fn)(void *, const char *, const char *),
                       void *arg) {
  struct db_stmt *s = db_prepare(
      db, "SELECT key, value FROM settings WHERE substr(key, 1, length($prefix)) = $prefix ORDER BY key");
  db_bind_text(s, "$prefix", prefix);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) fn(arg, db_text(s, 0), db_text(s, 1));
  return sql_end(db, s, step);
}

/* --- sessions --- */

static struct db_stmt *session_statement(struct db *db, const struct op_session *op) {
  if (op->what == SESSION_END_ALL) return db_prepare(db, "DELETE FROM sessions");
  struct db_stmt *s;
  if (op->what == SESSION_BEGIN)
    s = db_prepare(db, "INSERT INTO sessions (id, name, created_at, seen_at, expires_at)"
                       " VALUES ($id, $name, $now, $now, $expires)");
  else if (op->what == SESSION_SEEN)
    s = db_prepare(db, "UPDATE sessions SET seen_at = $now, expires_at = $expires WHERE id = $id");
  else
    s = db_prepare(db, "DELETE FROM sessions WHERE id = $id");
  db_bind_text(s, "$id", op->id);
  if (op->what == SESSION_BEGIN) db_bind_text(s, "$name", op->name);
  if (op->what != SESSION_END) {
    db_bind_int(s, "$now", clock_wall_ms());
    db_bind_int(s, "$expires", op->expires_at);
  }
  return s;
}

static enum err apply_session(struct db *db, struct store_op *base) {
  const struct op_session *op = (const struct op_session *)base;
  if (op->what == SESSION_BEGIN) { /* those that ended by themselves go with the next sign-in */
    struct db_stmt *s = db_prepare(db, "DELETE FROM sessions WHERE expires_at < $now");
    db_bind_int(s, "$now", clock_wall_ms());
    enum err err = db_run(s);
    if (err != OK) return err;
  }
  return db_run(session_statement(db, op));
}

const struct store_op_kind op_session_kind = {"session", apply_session, NULL, NULL, free_plain, false};

enum err session_get(struct db *db, const char *id, int64_t now_ms, int64_t *seen_at) {
  struct db_stmt *s = db_prepare(db, "SELECT seen_at FROM sessions WHERE id = $id AND expires_at > $now");
  db_bind_text(s, "$id", id);
  db_bind_int(s, "$now", now_ms);
  enum db_step step = db_step(s);
  *seen_at = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = sql_end(db, s, step);
  return err == OK && !*seen_at ? ERR_NOT_FOUND : err;
}
