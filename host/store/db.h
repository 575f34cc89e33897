/* db.h - the driver boundary: what the rest of store/ may ask of a database. db_sqlite.c now, db_postgres.c later.
 *
 * One connection belongs to one thread at a time. Statements are prepared once per connection and SQL text (the text's
 * address is the key, so pass string literals). Parameters are bound by name ("$run"): SQLite numbers $n by first
 * appearance, so never by position.
 *
 *   struct db_stmt *s = db_prepare(db, "SELECT title FROM projects WHERE id = $id");
 *   db_bind_int(s, "$id", 7);
 *   while ((e = db_step(s)) == DB_ROW) use(db_text(s, 0));
 *   db_reset(s);                         // always, or the reader pins the WAL
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct db;
struct db_stmt;
enum db_mode { DB_READ_ONLY, DB_WRITER };
enum db_step { DB_ROW, DB_DONE, DB_FAILED };

enum err db_open(const char *path, enum db_mode mode, struct db **out, struct error *e);
void db_close(struct db *db);
/* A connection that could not be opened: each statement, and whatever else is asked of it, fails with this reason. */
struct db *db_unopened(const struct error *why);
bool db_works(const struct db *db); /* false: it is such a one */
/* Never NULL: when the database cannot even be asked (damaged, locked), the statement's first step fails. A wrong statement is fatal(). */
struct db_stmt *db_prepare(struct db *db, const char *sql);
void db_bind_int(struct db_stmt *s, const char *name, int64_t v);
void db_bind_null(struct db_stmt *s, const char *name);
void db_bind_id(struct db_stmt *s, const char *name, int64_t v); /* 0 binds NULL */
void db_bind_text(struct db_stmt *s, const char *name,
                  const char *v); /* NULL binds NULL; must stay until db_reset */
void db_bind_text_n(struct db_stmt *s, const char *name, const char *v, size_t n);
void db_bind_blob(struct db_stmt *s, const char *name, const void *v, size_t n);
enum db_step db_step(struct db_stmt *s);
void db_reset(struct db_stmt *s);
/* Runs a statement without rows to its end and resets it. */
enum err db_run(struct db_stmt *s);
int64_t db_int(struct db_stmt *s, int column);
const char *db_text(struct db_stmt *s, int column); /* NULL for NULL; valid until the next step or reset */
const void *db_blob(struct db_stmt *s, int column, size_t *n);
bool db_is_null(struct db_stmt *s, int column);
int64_t db_changes(struct db *db);
int64_t db_last_id(struct db *db);
enum err db_exec(struct db *db, const char *sql); /* several statements, no parameters */
/* The last failure as our error: locked, full, read-only, corrupt, io, ... with the driver's own words and what to do. */
enum err db_error(struct db *db, struct error *e);

/* A transaction for writing (BEGIN IMMEDIATE), tagged with where it began for the longest-hold metric and the log. */
#define db_begin(db) db_begin_at((db), __FILE__, __LINE__)
enum err db_begin_at(struct db *db, const char *file, int line);
enum err db_commit(struct db *db);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);

/* One savepoint inside a transaction: keep what was done since, or undo it. */
enum err db_savepoint(struct db *db);
enum err db_savepoint_keep(struct db *db);
enum err db_savepoint_undo(struct db *db);

/* How long a connection tries for a lock before ERR_LOCKED (5 s at birth), and how often it had to sleep for one. */
void db_set_patience(struct db *db, int64_t ms);
int64_t db_busy_waits(const struct db *db);
int64_t db_busy_us(const struct db *db); /* how long it slept for them */

/* The writer's alone. Pages in the WAL that are not copied yet, as of the last commit; RESTART (the WAL starts over, the file keeps its
 * room) and TRUNCATE wait for readers up to the patience. */
enum db_checkpoint { DB_CHECKPOINT_PASSIVE, DB_CHECKPOINT_RESTART, DB_CHECKPOINT_TRUNCATE };
int db_wal_pages(const struct db *db);
enum err db_checkpoint(struct db *db, enum db_checkpoint how);
/* Gives the WAL's file this many bytes of the disk, where the file system can: an fsync of what lies in room that is there already takes half
 * the time of one that makes the file longer. */
void db_wal_room(struct db *db, int64_t bytes);

/* One snapshot for several reads: from begin to end this connection sees the database as it was at begin. End it soon: it pins the WAL. */
enum err db_snapshot_begin(struct db *db);
void db_snapshot_end(struct db *db);
/* Copies what `from` sees now into `path`, an empty file that the caller made: one plain file without a WAL, closed, not fsynced. Other
 * programs may write meanwhile; with a snapshot begun the copy is exactly that snapshot. The error names `path` when that is what failed. */
enum err db_copy(struct db *from, const char *path, struct error *e);
