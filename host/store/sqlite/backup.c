/* backup.c - a library as one file, and back.
 *
 *   backup_make:     snapshot -> copy to FILE.partial-PID -> check -> fsync -> FILE
 *   backup_restore:  check -> lock -> copy to quire.db.restoring -> new epochs -> check -> fsync -> fold the old one -> change places
 *
 * A copy is made under one snapshot: it cannot be half of two moments, and the row counts of both sides can be compared. No descriptor
 * of a library's quire.db is opened or closed here past the driver: that would drop the locks of this process's own connections. */
#include "store/upkeep/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/write/library.h"
#include "store/write/spool.h"
#include "store/schema.h"
#include "store/sqlite/sqlite.h"
#include "store/sql.h"
#include "store/upkeep/belongings.h"

enum { TABLES = 18 };

/* --- what is in a database --- */

struct counts {
  int64_t rows[TABLES];
};

/* The tables of schema 1, which every later one has too. */
static enum err count_tables(struct db *db, struct counts *out, struct error *e) {
  struct db_stmt *s = db_prepare(
      db,
      "SELECT count(*) FROM settings UNION ALL SELECT count(*) FROM sessions UNION ALL SELECT count(*) FROM blobs"
      " UNION ALL SELECT count(*) FROM projects UNION ALL SELECT count(*) FROM scripts"
      " UNION ALL SELECT count(*) FROM script_sets UNION ALL SELECT count(*) FROM script_set_files"
      " UNION ALL SELECT count(*) FROM runs UNION ALL SELECT count(*) FROM run_texts"
      " UNION ALL SELECT count(*) FROM journal UNION ALL SELECT count(*) FROM calls"
      " UNION ALL SELECT count(*) FROM call_blocks UNION ALL SELECT count(*) FROM reads"
      " UNION ALL SELECT count(*) FROM artifacts UNION ALL SELECT count(*) FROM artifact_versions"
      " UNION ALL SELECT count(*) FROM gates UNION ALL SELECT count(*) FROM notes UNION ALL SELECT count(*) FROM events");
  enum db_step step = DB_ROW;
  for (int i = 0; i < TABLES && (step = db_step(s)) == DB_ROW; i++) out->rows[i] = db_int(s, 0);
  enum err err = sql_end(db, s, step);
  return err == OK ? OK : db_error(db, e);
}

/* A library of this program or of an older one. */
static enum err check_ours(struct db *db, struct error *e) {
  enum err err = schema_version_check(db, e);
  if (err != ERR_CONFLICT) return err;
  if (e) *e = (struct error){0};
  return schema_is_empty(db) ? err_set(e, ERR_INVALID, "the file holds no library") : OK;
}

/* Is the file at `path` sound, and does it hold what was counted? */
static enum err check_copy(const char *path, const struct counts *expected, struct error *e) {
  struct db *db;
  struct counts counts = {0};
  enum err err = db_open(path, DB_READ_ONLY, &db, e);
  if (err != OK) return err;
  err = sqlite_check_pages(db, path, e);
  if (err == OK) err = count_tables(db, &counts, e);
  if (err == OK && memcmp(&counts, expected, sizeof counts) != 0)
    err = err_set(e, ERR_CORRUPT, "the copy %s does not hold as many rows as its source", path);
  db_close(db);
  return err;
}

/* --- files --- */

static enum err new_file(const char *path, struct error *e) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return err_errno(e, errno, "cannot make %s", path);
  close(fd);
  return OK;
}

static enum err sync_path(const char *path, int flags, struct error *e) {
  int fd = open(path, flags | O_CLOEXEC);
  enum err err = fd >= 0 && fsync(fd) == 0 ? OK : err_errno(e, errno, "cannot make %s durable", path);
  if (fd >= 0) close(fd);
  return err;
}

static enum err sync_directory_of(const char *path, struct error *e) {
  char *dir = mem_dup(path), *slash = strrchr(dir, '/');
  if (slash) slash[slash == dir ? 1 : 0] = '\0';
  enum err err = sync_path(slash ? dir : ".", O_RDONLY | O_DIRECTORY, e);
  free(dir);
  return err;
}

/* A new name for a file, never over another. Some file systems cannot promise that: there it is looked at before. */
static enum err rename_new(const char *from, const char *to, struct error *e) {
  int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
    errno = EEXIST;
    rc = access(to, F_OK) == 0 ? -1 : rename(from, to);
  }
  if (rc == 0) return OK;
  if (errno != EEXIST) return err_errno(e, errno, "cannot name %s", to);
  err_set(e, ERR_EXISTS, "%s exists already", to);
  err_hint(e, "choose another name; a backup never overwrites");
  return ERR_EXISTS;
}

static void remove_database(const char *path) {
  static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    char *name = mem_printf("%s%s", path, ends[i]);
    unlink(name);
    free(name);
  }
}

/* --- backup --- */

/* What lies in the spool was acknowledged, but no copy of the database holds it. */
static enum err check_spool(const char *library, struct error *e) {
  char *path = mem_printf("%s/spool", library);
  bool there = access(path, F_OK) == 0;
  free(path);
  if (!there) return OK;
  err_set(e, ERR_CONFLICT, "changes of %s are still in its spool, not in its database", library);
  err_hint(e, "when the database takes writes again a running `quire serve` brings them in; then back up");
  return ERR_CONFLICT;
}

/* One snapshot of `from`, counted and copied into the empty file `path`. */
static enum err copy_snapshot(struct db *from, const char *path, struct counts *counts, struct error *e) {
  enum err err = db_snapshot_begin(from);
  if (err != OK) return db_error(from, e);
  err = count_tables(from, counts, e);
  if (err == OK) err = sqlite_copy(from, path, e);
  db_snapshot_end(from);
  return err;
}

/* What lies beside the database of `library` goes into the copy, which is one plain file again. */
static enum err keep_belongings(const char *path, const char *library, struct error *e) {
  struct db *db;
  enum err err = db_open(path, DB_WRITER, &db, e);
  if (err != OK) return err;
  err = belongings_keep(db, library, e);
  if (err == OK && (err = sqlite_one_file(db)) != OK) db_error(db, e);
  db_close(db);
  return err;
}

static enum err write_backup(struct db *from, const char *library, const char *temp, const char *file,
                             struct error *e) {
  struct counts counts = {0};
  enum err err = copy_snapshot(from, temp, &counts, e);
  if (err == OK) err = check_copy(temp, &counts, e);
  if (err == OK) err = keep_belongings(temp, library, e);
  if (err == OK) err = sync_path(temp, O_RDONLY, e);
  if (err == OK) err = rename_new(temp, file, e);
  return err == OK ? sync_directory_of(file, e) : err;
}

enum err backup_make(const char *library, const char *file, struct error *e) {
  struct stat st;
  if (lstat(file, &st) == 0) {
    err_set(e, ERR_EXISTS, "%s exists already", file);
    err_hint(e, "choose another name; a backup never overwrites");
    return ERR_EXISTS;
  }
  enum err err = check_spool(library, e);
  if (err != OK) return err;
  char *path = mem_printf("%s/quire.db", library), *temp = mem_printf("%s.partial-%d", file, (int)getpid());
  struct db *db = NULL;
  err = db_open(path, DB_READ_ONLY, &db, e);
  if (err == OK) err = check_ours(db, e);
  if (err == OK && (err = new_file(temp, e)) == OK) {
    err = write_backup(db, library, temp, file, e);
    remove_database(temp);
  }
  db_close(db);
  free(temp);
  free(path);
  return err;
}

/* --- restore --- */

enum { EPOCH_LEAP = 1000 }; /* more lives than a run has between a backup and its restore */

/* May what lies at `path` be replaced? */
static enum err check_room(const char *path, bool replace, struct error *e) {
  if (replace || access(path, F_OK) != 0) return OK;
  struct db *db = NULL;
  struct error why = {0};
  int64_t runs = 0, unfinished = 0, documents = 0;
  enum err err = db_open(path, DB_READ_ONLY, &db, &why);
  if (err == OK) err = check_ours(db, &why);
  if (err == OK) {
    struct db_stmt *s = db_prepare(
        db, "SELECT count(*), count(*) - count(ended_at), (SELECT count(*) FROM artifacts) FROM runs");
    enum db_step step = db_step(s);
    runs = db_int(s, 0), unfinished = db_int(s, 1), documents = db_int(s, 2);
    err = sql_end(db, s, step);
    if (err != OK) db_error(db, &why);
  }
  db_close(db);
  if (err == OK && runs == 0 && documents == 0) return OK;
  if (err == OK)
    err_set(e, ERR_EXISTS,
            "there is a library already: %s holds %lld runs (%lld unfinished) and %lld documents", path,
            (long long)runs, (long long)unfinished, (long long)documents);
  else
    err_set(e, ERR_EXISTS, "there is a database already: %s (%s)", path, why.message);
  err_hint(
      e, "`quire restore --replace` puts the backup in its place and keeps it beside as quire.db.aside-TIME");
  return ERR_EXISTS;
}

static enum err new_epochs(struct db *db) {
  struct db_stmt *s = db_prepare(
      db,
      "INSERT INTO events (run_id, at, kind, data) SELECT id, $now, 'status',"
      " '{\"reason\":\"the library was restored from a backup\",\"status\":\"queued\"}' FROM runs WHERE status = 'running'");
  db_bind_int(s, "$now", clock_wall_ms());
  enum err err = db_run(s);
  if (err != OK) return err;
  s = db_prepare(
      db,
      "UPDATE runs SET epoch = epoch + $leap, status = CASE WHEN status = 'running' THEN 'queued' ELSE status END"
      " WHERE status IN " SQL_UNFINISHED);
  db_bind_int(s, "$leap", EPOCH_LEAP);
  if ((err = db_run(s)) != OK) return err;
  return db_run(
      db_prepare(db, "INSERT INTO settings (key, value) VALUES ('generation', '1')"
                     " ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"));
}

/* The copy becomes a library of this program, with a timeline of its own. */
static enum err renew(const char *path, const char *library, struct error *e) {
  struct db *db;
  enum err err = db_open(path, DB_WRITER, &db, e);
  if (err != OK) return err;
  err = schema_migrate(db, e);
  if (err == OK) {
    err = db_begin(db);
    if (err == OK) err = new_epochs(db);
    if (err == OK) err = belongings_unpack(db, library, e);
    if (err == OK) err = db_commit(db);
    if (err == OK) err = sqlite_fold_wal(db);
    if (err != OK && !(e && e->message[0])) db_error(db, e);
    db_rollback(db);
  }
  if (err == OK) err = sqlite_check_pages(db, path, e);
  db_close(db);
  return err;
}

static enum err prepare(struct db *from, const char *temp, const char *library, struct error *e) {
  struct counts counts = {0};
  remove_database(temp); /* of a restore that died */
  enum err err = new_file(temp, e);
  if (err == OK) err = copy_snapshot(from, temp, &counts, e);
  if (err == OK) err = check_copy(temp, &counts, e);
  if (err == OK) err = renew(temp, library, e);
  return err == OK ? sync_path(temp, O_RDONLY, e) : err;
}

/* The old library as one file: what lies in its spool and its WAL comes in first, so that no crash parts them from it. *whole: whether there is
 * a database that could take them. Nobody else may have it open. */
static enum err fold(const char *library, const char *path, bool *whole, struct error *e) {
  struct db *db = NULL;
  struct spool *spool = NULL;
  int64_t dropped = 0;
  *whole = access(path, F_OK) == 0;
  if (!*whole) return OK;
  enum err err = db_open(path, DB_WRITER, &db, e);
  if (err == OK) err = spool_open(library, &spool, e);
  if (err == OK && spool_pending(spool)) {
    err = schema_migrate(db, e);
    if (err == ERR_NEWER)
      err_hint(e, "what it acknowledged last lies in %s/spool: start it once, or move that file away",
               library);
    if (err == OK) err = spool_replay(spool, db, &dropped, e);
  }
  spool_close(spool);
  if (err == OK && (err = sqlite_one_file(db)) != OK) db_error(db, e);
  db_close(db);
  if (err == ERR_LOCKED) err_hint(e, "close the program that has it open, then restore again");
  if (err != ERR_CORRUPT) return err;
  *whole = false;
  if (e) *e = (struct error){0};
  return OK;
}

static enum err move_part(const char *library, const char *name, const char *aside, const char *end,
                          struct error *e) {
  char *from = mem_printf("%s/%s", library, name), *to = mem_printf("%s%s", aside, end);
  enum err err = OK;
  if (rename(from, to) != 0 && errno != ENOENT) err = err_errno(e, errno, "cannot move %s aside", from);
  free(from);
  free(to);
  return err;
}

/* There is a library at each moment: the new one, complete, takes the name aside, then the two change their names in one step. A file
 * system that knows no such step has a moment without. */
static enum err change_places(const char *temp, const char *path, const char *aside, struct error *e) {
  if (rename(temp, aside) == 0 && renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_EXCHANGE) == 0) return OK;
  int why = errno;
  rename(aside, temp);
  bool unknown = why == EINVAL || why == ENOSYS;
  if (unknown && rename(path, aside) == 0 && rename(temp, path) == 0) return OK;
  return err_errno(e, unknown ? errno : why, "cannot put %s in its place", path);
}

/* What cannot be opened (or is only a rest: a spool, a WAL) makes room with all that belongs to it. */
static enum err replace_rest(const char *library, const char *temp, const char *path, const char *aside,
                             struct error *e) {
  enum err err = move_part(library, "quire.db", aside, "", e);
  if (err == OK) err = move_part(library, "quire.db-wal", aside, "-wal", e);
  if (err == OK) err = move_part(library, "spool", aside, "-spool", e);
  if (err == OK && rename(temp, path) != 0) err = err_errno(e, errno, "cannot put %s in its place", path);
  return err;
}

static enum err put_in_place(const char *library, const char *temp, const char *path, struct error *e) {
  bool whole = false;
  enum err err = fold(library, path, &whole, e);
  if (err != OK) return err;
  char *index = mem_printf("%s-shm", path), /* of the old WAL */
      *aside = mem_printf("%s.aside-%lld", path, (long long)clock_wall_ms());
  unlink(index);
  err = whole ? change_places(temp, path, aside, e) : replace_rest(library, temp, path, aside, e);
  free(aside);
  free(index);
  if (err == OK) err = sync_directory_of(path, e);
  struct db *db = NULL; /* once as a writer: leaves the WAL that readers need to open it */
  if (err == OK) err = db_open(path, DB_WRITER, &db, e);
  db_close(db);
  return err;
}

static enum err restore_into(struct db *from, const char *library, bool replace, struct error *e) {
  int fd = -1;
  struct library_owner owner;
  char *path = mem_printf("%s/quire.db", library), *temp = mem_printf("%s/quire.db.restoring", library);
  enum err err = file_mkdirs(library, 0700, e);
  if (err == OK) err = library_check_filesystem(library, e);
  if (err == OK) err = library_lock(library, &fd, &owner, e);
  if (err == OK) err = check_room(path, replace, e);
  if (err == OK) {
    err = prepare(from, temp, library, e);
    if (err == OK) err = put_in_place(library, temp, path, e);
    remove_database(temp);
  }
  if (fd >= 0) close(fd);
  free(temp);
  free(path);
  return err;
}

enum err backup_restore(const char *file, const char *library, bool replace, struct error *e) {
  struct db *db;
  enum err err = db_open(file, DB_READ_ONLY, &db, e);
  if (err == ERR_NOT_FOUND) err_set(e, err, "there is no backup %s", file);
  if (err == OK) err = check_ours(db, e);
  if (err == OK) err = sqlite_check_pages(db, file, e);
  if (err == OK) err = restore_into(db, library, replace, e);
  db_close(db);
  return err;
}
