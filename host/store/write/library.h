/* library.h - the directory itself: its lock (an exclusive flock on `lock`, never unlinked, inode checked again after locking)
 * and owner.json (0600: pid, start time, boot id, address and token of the owner's HTTP API). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

struct library_owner {
  pid_t pid;
  pid_t guardian;   /* the process that restarts it; 0: none */
  char address[64]; /* "127.0.0.1:41234", empty while it does not listen yet */
  char token[65];
  char command[32]; /* "run" or "serve" */
  /* its process numbers are those of another container: not to be looked at, nor ended, from here */
  bool foreign;
};

/* --library, else $QUIRE_LIBRARY, else $XDG_DATA_HOME/quire, else ~/.local/share/quire. free() the result. */
char *library_path(const char *flag);
/* Takes the lock for the life of this process; *fd is the lock's descriptor. ERR_OWNED fills *owner when it can be read: also when the lock
 * is free (somebody removed its file), but the owner that owner.json names lives. */
enum err library_lock(const char *dir, int *fd, struct library_owner *owner, struct error *e);
/* The owner's look at its own lock, now and then: a lock file that somebody removed is made again. False: another host has it. */
bool library_keep_lock(const char *dir, int *fd);
/* Written atomically by the owner once it listens: into a spare file that then changes places with owner.json, so that a disk that has
 * become full since does not keep the next host from starting. */
enum err library_set_owner(const char *dir, const struct library_owner *owner, struct error *e);
/* By the owner, before it lets the lock go. */
void library_clear_owner(const char *dir);
/* OK: somebody holds the lock now, and *owner says who. ERR_NOT_FOUND: nobody does (so unfinished runs are interrupted). */
enum err library_get_owner(const char *dir, struct library_owner *owner, struct error *e);

/* ERR_INVALID when the database in `dir` is a link, or has a second name. */
enum err library_check_links(const char *dir, struct error *e);
/* ERR_IO when `dir` lies on a network file system, where SQLite's locks do not hold. The other two are its parts, for tests. */
enum err library_check_filesystem(const char *dir, struct error *e);
const char *library_network_magic(unsigned long magic); /* its name, or NULL */
bool library_network_fuse(const char *type);            /* "fuse.sshfs" */
