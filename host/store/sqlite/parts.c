/* parts.c - a large value part by part: db_read_parts of db.h. The thread of the connection. */
#include "store/sqlite/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

enum { PART_BYTES = 64 << 10 };

/* Opening it again walks to `at` page by page, so one call should take much. */
enum err db_read_parts(struct db *db, const char *table, const char *column, int64_t row, size_t at,
                       bool (*take)(void *arg, const char *bytes, size_t n), void *arg) {
  sqlite3_blob *blob = NULL;
  if (db->closed) return db_error(db, NULL);
  errno = 0;
  int rc = sqlite3_blob_open(db->h, "main", table, column, row, 0, &blob);
  bool there = rc == SQLITE_OK;
  char *part = mem_alloc(PART_BYTES);
  for (size_t size = there ? (size_t)sqlite3_blob_bytes(blob) : 0, n; at < size && rc == SQLITE_OK; at += n) {
    n = size - at < PART_BYTES ? size - at : PART_BYTES;
    rc = sqlite3_blob_read(blob, part, (int)n, (int)at);
    if (rc == SQLITE_OK && !take(arg, part, n)) break;
  }
  free(part);
  if (rc != SQLITE_OK) sqlite_note_failure(db);
  sqlite3_blob_close(blob);
  if (!there && rc == SQLITE_ERROR) return ERR_NOT_FOUND;
  return rc == SQLITE_OK ? OK : db_error(db, NULL);
}
