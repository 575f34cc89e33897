/* sqlite.h - what only SQLite can be asked: a library in one file, its pages, its write-ahead log. For files in store/sqlite/ (backup.c,
 * schema.c) and for tests; the rest of store/ knows db.h alone. */
#pragma once
#include "store/db.h"

/* Copies what `from` sees now into `path`, an empty file that the caller made: one plain file without a WAL, closed, not fsynced. Other
 * programs may write meanwhile; with a snapshot begun the copy is exactly that snapshot. The error names `path` when that is what failed. */
enum err sqlite_copy(struct db *from, const char *path, struct error *e);
/* All that is in the WAL moves into the file. Waits for readers up to the patience. */
enum err sqlite_fold_wal(struct db *db);
/* One file without a WAL beside it, which any reader can open. */
enum err sqlite_one_file(struct db *db);
/* ERR_CORRUPT, with what SQLite found first in the pages of `path`, which `db` has open. */
enum err sqlite_check_pages(struct db *db, const char *path, struct error *e);
