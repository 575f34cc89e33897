/* wal.c - the write-ahead log between transactions: checkpoints, its room on the disk, who keeps it from starting over, and whether the files
 * are still the ones that others find. The writer's connection only.
 *
 *   db_settle -> (db_upkeep_due -> db_upkeep)* , db_in_place at any time */
#include "store/sqlite/connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/wal_reader.h"

enum {
  CHECKPOINT_PAGES = 1000, /* copy what no reader needs, whenever the WAL grew by this much */
  RESTART_PAGES = 4096,    /* 16 MB: also wait for readers a little, so that the WAL starts over */
  TRUNCATE_PAGES = 16384,  /* 64 MB: give the disk space back */
  WAL_ROOM = 8 << 20,      /* what a host that keeps up with its checkpoints needs */
  ALARM_PAGES = 32768,     /* 128 MB: say who is to blame */
  CHECKPOINT_PATIENCE_MS = 50
};

/* --- checkpoints --- */

static int on_wal(void *arg, sqlite3 *h, const char *name, int pages) {
  (void)h, (void)name;
  ((struct db *)arg)->wal_pages = pages;
  return SQLITE_OK;
}

void sqlite_watch_wal(struct db *db) {
  db->alarm_pages = ALARM_PAGES;
  sqlite3_wal_hook(db->h, on_wal, db);
}

/* RESTART (the WAL starts over, the file keeps its room) and TRUNCATE wait for readers up to the patience. */
static enum err checkpoint(struct db *db, int mode) {
  int pages = 0, copied = 0;
  if (sqlite3_wal_checkpoint_v2(db->h, "main", mode, &pages, &copied) != SQLITE_OK) {
    sqlite_note_failure(db);
    return db_error(db, NULL);
  }
  if (mode != SQLITE_CHECKPOINT_PASSIVE) db->wal_pages = 0;
  return OK;
}

enum err sqlite_fold_wal(struct db *db) {
  return checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
}

/* The log starts over when nobody reads from it. A reader that stays open makes it grow by what is written meanwhile, some 40 KB a commit; no
 * checkpoint helps against that, only the reader's end. Said once at ALARM_PAGES, then each time that it has doubled. */
static void alarm_wal(struct db *db, int pages) {
  char who[100] = "a reader stays open (another program on quire.db?)";
  char reader[64];
  if (wal_reader_find(db->path, reader, sizeof reader)) snprintf(who, sizeof who, "%s keeps reading", reader);
  log_warnx("store: the write-ahead log has %d MB, because %s; it shrinks when that ends", pages / 256, who);
  db->alarm_pages = 2 * pages;
}

bool db_upkeep_due(const struct db *db, enum db_moment moment) {
  int since = db->wal_pages < db->checkpointed_pages ? 0 : db->checkpointed_pages; /* 0: it started over */
  if (moment == DB_BUSY) return db->wal_pages - since >= CHECKPOINT_PAGES;
  return moment == DB_CLOSING || db->wal_pages > 0;
}

void db_upkeep(struct db *db, enum db_moment moment) {
  int pages = db->wal_pages, mode = SQLITE_CHECKPOINT_PASSIVE;
  if (moment == DB_CLOSING || pages >= TRUNCATE_PAGES)
    mode = SQLITE_CHECKPOINT_TRUNCATE;
  else if (moment == DB_IDLE || pages >= RESTART_PAGES)
    mode = SQLITE_CHECKPOINT_RESTART;
  db_set_patience(db, moment == DB_IDLE ? 0 : CHECKPOINT_PATIENCE_MS);
  enum err err = checkpoint(db, mode);
  if (moment == DB_CLOSING) return; /* the next host goes on where this one stopped */
  if (err != OK && err != ERR_LOCKED)
    log_warnx("store: the checkpoint failed (%s); it is tried again", err_name(err));
  if (err == ERR_LOCKED && pages >= db->alarm_pages) alarm_wal(db, pages);
  if (err == OK && mode != SQLITE_CHECKPOINT_PASSIVE) db->alarm_pages = ALARM_PAGES;
  db->checkpointed_pages = db->wal_pages;
}

/* --- the files --- */

/* An fsync of what lies in room that is there already takes half the time of one that makes the file longer. SQLite tells the end of the WAL
 * by checksums, never by the file's length, and it takes no locks on this file that closing could lose. */
static void make_room(const char *wal) {
  int fd = open(wal, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  struct stat st;
  if (fstat(fd, &st) == 0 && st.st_size < WAL_ROOM) {
    int rc = fallocate(fd, 0, 0, WAL_ROOM); /* a disk that cannot, or is full, is no reason to stop */
    (void)rc;
  }
  close(fd);
}

void db_settle(struct db *db) {
  static const char *const ends[] = {"", "-wal"};
  sqlite_forget_places(db);
  for (int i = 0; i < 2; i++) {
    struct place *p = &db->places[i];
    struct stat st;
    p->path = mem_printf("%s%s", db->path, ends[i]);
    if (i == 1) make_room(p->path);
    if (stat(p->path, &st) == 0) p->device = st.st_dev, p->inode = st.st_ino;
  }
}

enum err db_in_place(const struct db *db, struct error *e) {
  struct stat st;
  for (int i = 0; i < 2; i++) {
    const struct place *p = &db->places[i];
    if (!p->inode || (stat(p->path, &st) == 0 && st.st_ino == p->inode && st.st_dev == p->device)) continue;
    err_set(e, ERR_IO, "%s was moved or replaced while this host works on it; nothing can be saved now",
            p->path);
    err_hint(e, "put the file back, or stop this host and start it again with the one that is there");
    return ERR_IO;
  }
  return OK;
}

void sqlite_forget_places(struct db *db) {
  for (int i = 0; i < 2; i++) free(db->places[i].path);
  memset(db->places, 0, sizeof db->places);
}

void sqlite_pass_on(struct db *from, struct db *to) {
  memcpy(to->places, from->places, sizeof to->places);
  memset(from->places, 0, sizeof from->places);
  to->alarm_pages = from->alarm_pages;
}

static int64_t size_of(const char *place, const char *end) {
  char *path = mem_printf("%s%s", place, end);
  struct stat st;
  int64_t n = stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
  free(path);
  return n;
}

void db_sizes(const char *place, int64_t *database, int64_t *log) {
  *database = size_of(place, "");
  *log = size_of(place, "-wal");
}
