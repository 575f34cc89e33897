/* query.c - one statement, read-only three times over: the file is opened so, query_only is on, and sqlite3_stmt_readonly is asked. */
#include "store/upkeep/query.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum { PATIENCE_MS = 5000, LOOK_STEPS = 100000 /* of SQLite's machine, between two looks at the clock */ };

static enum err wrong(sqlite3 *h, struct error *e) {
  err_set(e, ERR_INVALID, "the database says: %s", sqlite3_errmsg(h));
  err_hint(e, "documented views: v_runs, v_calls, v_artifacts");
  return ERR_INVALID;
}

/* 1: stop. */
static int time_is_over(void *until_ns) {
  return clock_mono_ns() >= *(const uint64_t *)until_ns;
}

/* Blanks, semicolons and comments may follow a statement. */
static bool is_blank(const char *sql) {
  for (;;) {
    sql += strspn(sql, " \t\r\n;");
    const char *end = strncmp(sql, "--", 2) == 0   ? strchr(sql, '\n')
                      : strncmp(sql, "/*", 2) == 0 ? strstr(sql, "*/")
                                                   : sql;
    if (!end) return true; /* a comment to the end */
    if (end == sql) return !*sql;
    sql = end + (*end == '\n' ? 1 : 2);
  }
}

static void read_cell(sqlite3_stmt *s, int i, struct query_cell *cell) {
  *cell = (struct query_cell){.kind = QUERY_NULL};
  switch (sqlite3_column_type(s, i)) {
  case SQLITE_NULL: return;
  case SQLITE_INTEGER:
    cell->kind = QUERY_INT;
    cell->integer = sqlite3_column_int64(s, i);
    break;
  case SQLITE_FLOAT:
    cell->kind = QUERY_REAL;
    cell->real = sqlite3_column_double(s, i);
    break;
  default: cell->kind = QUERY_TEXT;
  }
  cell->text = (const char *)sqlite3_column_text(s, i);
}

static enum err step_all(sqlite3 *h, sqlite3_stmt *s, int64_t most_ms,
                         void (*fn)(void *, const char *const *, const struct query_cell *, size_t),
                         void *arg, struct error *e) {
  const char *names[QUERY_COLUMNS];
  struct query_cell cells[QUERY_COLUMNS];
  int n = sqlite3_column_count(s), code;
  if (n > QUERY_COLUMNS) n = QUERY_COLUMNS;
  for (int i = 0; i < n; i++) names[i] = sqlite3_column_name(s, i);
  while ((code = sqlite3_step(s)) == SQLITE_ROW) {
    for (int i = 0; i < n; i++) read_cell(s, i, &cells[i]);
    fn(arg, names, cells, (size_t)n);
  }
  if (code == SQLITE_INTERRUPT) {
    err_set(e, ERR_LIMIT, "the query took longer than %.0f s and was ended", (double)most_ms / 1e3);
    err_hint(e, "ask for less, or give it more time: --max-wait 10m");
    return ERR_LIMIT;
  }
  return code == SQLITE_DONE ? OK : wrong(h, e);
}

enum err query_each(const char *dir, const char *sql, int64_t most_ms,
                    void (*fn)(void *, const char *const *, const struct query_cell *, size_t), void *arg,
                    struct error *e) {
  char *path = mem_printf("%s/quire.db", dir);
  sqlite3 *h = NULL;
  sqlite3_stmt *s = NULL;
  const char *rest = "";
  uint64_t until = clock_mono_ns() + (uint64_t)most_ms * 1000000;
  enum err err = OK;
  if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    err = err_set(e, ERR_IO, "cannot open %s: %s", path, h ? sqlite3_errmsg(h) : "no memory");
  } else {
    sqlite3_busy_timeout(h, PATIENCE_MS);
    sqlite3_exec(h, "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;", NULL, NULL, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_progress_handler(h, LOOK_STEPS, time_is_over, &until);
    if (sqlite3_prepare_v2(h, sql, -1, &s, &rest) != SQLITE_OK)
      err = wrong(h, e);
    else if (!s)
      err = err_set(e, ERR_INVALID, "the query is empty");
    else if (!sqlite3_stmt_readonly(s) || sqlite3_column_count(s) == 0)
      err = err_set(e, ERR_INVALID, "`quire sql` only reads: this statement would change something");
    else if (!is_blank(rest))
      err = err_set(e, ERR_INVALID, "`quire sql` answers one statement, and here a second one follows: %.60s",
                    rest + strspn(rest, " \t\r\n"));
    else
      err = step_all(h, s, most_ms, fn, arg, e);
  }
  sqlite3_finalize(s);
  sqlite3_close(h);
  free(path);
  return err;
}
