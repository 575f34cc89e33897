/* copy.c - a database as one file. */
#include "store/sqlite/connection.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/mem.h"

enum { COPY_PAGES = 256 /* a slice of a copy */, COPY_PAUSE_MS = 5 };

/* All pages in slices. Busy is somebody else's lock on the source: tried again for as long as the source's patience. */
static int copy_pages(struct db *from, sqlite3_backup *copy) {
  uint64_t deadline = clock_mono_ns() + (uint64_t)from->patience_ms * 1000000;
  int rc;
  do {
    rc = sqlite3_backup_step(copy, COPY_PAGES);
    bool busy = rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
    if (busy && clock_mono_ns() < deadline) {
      nanosleep(&(struct timespec){0, COPY_PAUSE_MS * 1000000}, NULL);
      rc = SQLITE_OK;
    }
  } while (rc == SQLITE_OK);
  return rc;
}

enum err sqlite_copy(struct db *from, const char *path, struct error *e) {
  struct db *to = mem_alloc(sizeof *to);
  snprintf(to->path, sizeof to->path, "%s", path);
  to->broken.db = to;
  int rc = sqlite3_open_v2(path, &to->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK) {
    sqlite3_extended_result_codes(to->h, 1);
    sqlite3_backup *copy = sqlite3_backup_init(to->h, "main", from->h, "main");
    rc = copy ? copy_pages(from, copy) : SQLITE_ERROR;
    if (copy) rc = sqlite3_backup_finish(copy);
    /* The copied header says WAL; one plain file is what a person can carry away. */
    if (rc == SQLITE_OK) rc = sqlite3_exec(to->h, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
  }
  enum err err = OK;
  if (rc != SQLITE_OK) {
    sqlite_note_failure(to);
    err = db_error(to, e);
  }
  db_close(to);
  return err;
}

enum err sqlite_one_file(struct db *db) {
  return db_exec(db, "PRAGMA journal_mode = DELETE");
}

enum err sqlite_check_pages(struct db *db, const char *path, struct error *e) {
  struct db_stmt *s = db_prepare(db, "PRAGMA integrity_check(1)");
  enum db_step step = db_step(s);
  const char *text = step == DB_ROW ? db_text(s, 0) : NULL;
  enum err err = OK;
  if (step == DB_ROW && (!text || strcmp(text, "ok") != 0))
    err = err_set(e, ERR_CORRUPT, "%s is damaged (%s)", path, text ? text : "?");
  db_reset(s);
  return step == DB_FAILED ? db_error(db, e) : err;
}
