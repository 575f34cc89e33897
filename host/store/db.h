/* db.h - the driver boundary: what the rest of store/ may ask of a database. Transactions, statements, errors, and upkeep in words that hold
 * for any of them. sqlite/ is the one driver now; what only it can do stands in sqlite/sqlite.h, and the words of its SQL that others
 * spell differently in sqlite/dialect.h. tests/unit/test_store_driver.c runs the store's rules on another driver, in memory.
 *
 * One connection belongs to one thread at a time. Statements are prepared once per connection and SQL text (the text's
 * address is the key, so pass string literals). Parameters are bound by name ("$run"), never by position.
 *
 *   struct db_stmt *s = db_prepare(db, "SELECT title FROM projects WHERE id = $id");
 *   db_bind_int(s, "$id", 7);
 *   while ((e = db_step(s)) == DB_ROW) use(db_text(s, 0));
 *   db_reset(s);                         // always: an open statement keeps the moment that it reads from alive
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

/* `place` says where, in the driver's own terms (the store hands on what it was given). The error says what to do. */
enum err db_open(const char *place, enum db_mode mode, struct db **out, struct error *e);
void db_close(struct db *db);
/* For a writer, after an I/O error: what the driver remembers may be wrong, so a fresh connection takes *db's place. On failure *db stays. */
enum err db_reopen(struct db **db, struct error *e);
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
/* The same for an INSERT of one row; *id (may be NULL) is the new row's, 0 when it failed. */
enum err db_insert(struct db_stmt *s, int64_t *id);
int64_t db_int(struct db_stmt *s, int column);
const char *db_text(struct db_stmt *s, int column); /* NULL for NULL; valid until the next step or reset */
const void *db_blob(struct db_stmt *s, int column, size_t *n);
bool db_is_null(struct db_stmt *s, int column);
/* One value from `at` on, part by part, without all of it in memory, until `take` has enough (false) or it ends. ERR_NOT_FOUND: no such row. */
enum err db_read_parts(struct db *db, const char *table, const char *column, int64_t row, size_t at,
                       bool (*take)(void *arg, const char *bytes, size_t n), void *arg);
int64_t db_changes(struct db *db);
enum err db_exec(struct db *db, const char *sql); /* several statements, no parameters */
/* The last failure as our error: locked, full, read-only, corrupt, io, ... with the driver's own words and what to do. */
weak_err db_error(struct db *db, struct error *e);

/* A transaction for writing, tagged with where it began for the longest-hold metric and the log. */
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

/* Upkeep, the writer's alone, between transactions: what a database wants done while its writer is busy (between two groups), idle, or about
 * to close it. db_upkeep logs what fails, and may change the patience. */
enum db_moment { DB_BUSY, DB_IDLE, DB_CLOSING };
bool db_upkeep_due(const struct db *db, enum db_moment moment);
void db_upkeep(struct db *db, enum db_moment moment);
/* Once, when the schema is there: the writer takes the room it needs and remembers where it works. From then on db_in_place fails (ERR_IO)
 * when what this connection writes is not what others find: nothing may be acknowledged then. */
void db_settle(struct db *db);
enum err db_in_place(const struct db *db, struct error *e);
/* Bytes of the database at `place`, and of what is not in it yet. Any thread. */
void db_sizes(const char *place, int64_t *database, int64_t *log);

/* One snapshot for several reads: from begin to end this connection sees the database as it was at begin. End it soon: it keeps old versions of rows alive. */
enum err db_snapshot_begin(struct db *db);
void db_snapshot_end(struct db *db);
