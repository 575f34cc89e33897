/* connection.h - a connection to SQLite, for the files of the driver only. */
#pragma once
#include <sqlite3.h>
#include <sys/types.h>
#include "store/sqlite/sqlite.h"

enum {
  STATEMENT_SLOTS = 512, /* a power of two; about a hundred are used */
  NAME_SLOTS = 64        /* a power of two; the widest statement has about 25 parameters */
};

/* A file as it was when the writer settled in. */
struct place {
  char *path;
  dev_t device;
  ino_t inode; /* 0: it was not there */
};

struct db_stmt {
  sqlite3_stmt *s; /* NULL: could not be prepared; every step fails */
  const char *sql;
  struct db *db;
  bool temporary;
  struct {
    const char *name;
    int index;
  } names[NAME_SLOTS];
};

struct db {
  sqlite3 *h;
  /* it could not be opened, for this reason: `h` is NULL, and all that is asked of it fails with that */
  struct error *closed;
  struct db_stmt *statements[STATEMENT_SLOTS];
  struct db_stmt broken;
  /* The last failure, kept because the roll-back after it overwrites SQLite's own record. */
  int code, system_errno;
  char message[256];
  char path[512];
  /* The busy handler: until when to try for a lock. */
  int64_t patience_ms;
  uint64_t deadline_ns;
  uint32_t jitter;
  int64_t busy_waits, busy_ns;
  /* wal.c's: pages in the WAL as of the last commit, those at the last checkpoint, and from how many on somebody is named. */
  int wal_pages, checkpointed_pages, alarm_pages;
  struct place places[2];
  const char *begin_file;
  int begin_line;
  uint64_t begin_ns;
};

/* Keeps what SQLite says of its last failure for db_error. */
void sqlite_note_failure(struct db *db);
/* From here on the connection counts the pages of its WAL. */
void sqlite_watch_wal(struct db *db);
/* What wal.c holds passes from one connection to the next (db_reopen), or is freed with the last. */
void sqlite_pass_on(struct db *from, struct db *to);
void sqlite_forget_places(struct db *db);
