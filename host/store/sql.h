/* sql.h - small things that the store's files share. */
#pragma once
#include <jansson.h>
#include "store/calls.h"
#include "store/events.h"
#include "store/states.h"
#include "store/sqlite/dialect.h"

/* A table `line(id)` for WITH RECURSIVE: the runs that `first` selects and those that they continue (retry_of). What a run has written,
 * proposed, asked and paid for is what its line has: whoever asks for "its own" asks for the line. */
#define RUN_LINE(first)                                                                                      \
  "line(id) AS (" first " UNION SELECT r.retry_of FROM runs r JOIN line ON r.id = line.id"                   \
  " WHERE r.retry_of IS NOT NULL)"

/* Is the document that the row of `artifacts` under the alias `a` names a file that an export makes of a book, or something that such a file is made
 * from? Names in between ("book/", "chapters0") come right after the last name that begins so. */
#define BOOK_FILE(a) "(" a ".name >= 'book.' AND " a ".name < 'book/' AND " a ".name <> 'book.json')"
#define BOOK_SOURCE(a)                                                                                       \
  "((" a ".name >= 'chapters/' AND " a ".name < 'chapters0') OR " a ".name IN ('cover', 'book.json'))"

/* The id of the blob with this content, made when there is none. `sha` may be NULL. */
enum err blob_put(struct db *db, const char *sha, const void *data, size_t n, int64_t *id);
/* One event inside another op's transaction. `data` is JSON text. */
enum err event_insert(struct db *db, int64_t run, struct event_place at, const char *kind, const char *data,
                      int64_t *id);
/* An event of kind "status": {"status":..} and what else is not NULL or 0. `error` is JSON or plain text. */
struct status_wait {
  enum run_wait kind;
  const char *what, *hint; /* wait_for and wait_hint of its row */
};
enum err event_status(struct db *db, int64_t run, enum run_status status, const struct status_wait *wait,
                      int64_t wake_at, const char *error);
/* Moves a run's sums by one call that ended: the one place where a call begins to count. (calls_lost.c) */
struct call_booking {
  const struct call_usage *usage;
  int64_t cost_nano;
  bool price_known;
};
enum err call_book(struct db *db, int64_t run, const struct call_booking *b);
/* The run's epoch grew to `epoch` (or the run ended, in the one before it): what older ones had sent and never ended is booked by estimate, as a cancelled call is.
 * Not what has a handle while the run has not ended (calls.h). *cost_nano (may be NULL): how much that was. */
enum err calls_presume(struct db *db, int64_t run, int64_t epoch, int64_t *cost_nano);
/* The end of a call comes after all: *was says that it had been presumed. Then it is as if it were still under way. */
enum err call_unpresume(struct db *db, int64_t run, int64_t id, bool *was);
/* Checks a run's fence: OK, or ERR_FENCED. */
enum err fence_check(struct db *db, int64_t run, int64_t epoch);
/* Writes `v` as canonical JSON into *result (replacing what is there), makes it the entry's result, and inserts the entry. Takes the
 * reference to v. */
enum err journal_insert_json(struct db *db, struct journal_entry *entry, json_t *v, char **result);
/* DB_FAILED -> the database's error, else OK. Resets the statement. */
enum err sql_end(struct db *db, struct db_stmt *s, enum db_step last);
/* Deaths of a run since its journal grew last, with `one_more` (0 or 1): *deaths and *mark are the row's, and come back moved. */
enum err run_count_deaths(struct db *db, int64_t id, int one_more, int64_t *deaths, int64_t *mark);
/* Makes a project. `base` is made a slug, unique by suffix. */
enum err project_make(struct db *db, const char *base, const char *title, const char *kind, int64_t parent,
                      int64_t *id);
/* The same for a project that has no title yet: `title` is a stand-in, and its slug follows the first title that a run sets. */
enum err project_make_provisional(struct db *db, const char *title, int64_t *id);
/* ERR_NOT_FOUND without an error text (project_find_id has one). */
enum err project_id_by_slug(struct db *db, const char *slug, int64_t *id);
/* A new version of an artifact inside another op's transaction: the head, or a proposal beside a head that its writer may not move. */
struct artifact_write {
  int64_t project, run; /* run 0: a person */
  int64_t seen;         /* the highest version number of it that the run has read or written */
  const char *name, *kind, *content;
  size_t n;
  int64_t number, version_id; /* out */
  bool proposal;              /* out: the head stays */
};
enum err artifact_write(struct db *db, struct artifact_write *w);
