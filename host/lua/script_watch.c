/* script_watch.c - a list of places with their stamps, and an inotify descriptor for those that the kernel tells of.
 *
 * Each place is stamped before it is read, and each folder watched before that, so that what changes in between is seen at the next look.
 * A full queue of events, an event that nobody can place and a watch that ended all mean: changed. */
#include "lua/script_watch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"

struct place {
  char *path;
  bool there, leads_only; /* leads_only: no more than that the path leads to the same folder counts */
  dev_t dev;
  ino_t ino;
  off_t size;
  struct timespec written, changed;
};

struct script_watch {
  int fd; /* -1: nothing is told */
  struct place *places;
  size_t n;
  bool differs;
};

struct script_watch *script_watch_new(bool told) {
  struct script_watch *w = mem_alloc(sizeof *w);
  w->fd = told ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
  return w;
}

void script_watch_free(struct script_watch *w) {
  if (!w) return;
  if (w->fd >= 0) close(w->fd);
  for (size_t i = 0; i < w->n; i++) free(w->places[i].path);
  free(w->places);
  free(w);
}

/* ---- places */

static int64_t ms_of(struct timespec t) {
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t disk_ms(void) { /* never shifted, as the files' own times are not */
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return ms_of(now);
}

static bool is_recent(const struct place *p) {
  int64_t settled = disk_ms() - RECENT_MS;
  return ms_of(p->written) > settled || ms_of(p->changed) > settled;
}

static void stamp(struct place *p) {
  struct stat st;
  p->there = stat(p->path, &st) == 0;
  if (!p->there) return;
  p->dev = st.st_dev;
  p->ino = st.st_ino;
  p->size = st.st_size;
  p->written = st.st_mtim;
  p->changed = st.st_ctim;
}

static bool equal_times(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_place(const struct place *p) {
  struct place now = *p;
  stamp(&now);
  if (now.there != p->there) return false;
  if (!p->there) return true;
  if (now.dev != p->dev || now.ino != p->ino) return false;
  return p->leads_only || (now.size == p->size && equal_times(now.written, p->written) &&
                           equal_times(now.changed, p->changed));
}

static void add_place(struct script_watch *w, const char *path, bool leads_only) {
  w->places = mem_grow(w->places, (w->n + 1) * sizeof *w->places);
  struct place *p = &w->places[w->n++];
  *p = (struct place){.path = mem_dup(path), .leads_only = leads_only};
  stamp(p);
  if (p->there && !leads_only && is_recent(p)) w->differs = true;
}

/* ---- what the kernel tells */

/* File systems whose changes all pass this kernel. */
static bool is_local(const char *path) {
  static const unsigned long local[] = {
      0xEF53,     /* ext2, ext3, ext4 */
      0x58465342, /* XFS */
      0x9123683E, /* Btrfs */
      0xF2F52010, /* F2FS */
      0x2FC12FC1, /* ZFS */
      0x01021994, /* tmpfs */
  };
  struct statfs fs;
  if (statfs(path, &fs) != 0) return false;
  for (size_t i = 0; i < sizeof local / sizeof *local; i++)
    if ((unsigned long)fs.f_type == local[i]) return true;
  return false;
}

static const uint32_t changes = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

bool script_watch_dir(struct script_watch *w, const char *path) {
  bool told = w->fd >= 0 && is_local(path) && inotify_add_watch(w->fd, path, changes | IN_ONLYDIR) >= 0;
  add_place(w, path, told);
  return told;
}

/* Itself too, not only by its folder: that hears nothing of a file which gets a second name elsewhere and is written by it. */
void script_watch_file(struct script_watch *w, const char *path, bool told) {
  struct stat st;
  bool plain = lstat(path, &st) == 0 && S_ISREG(st.st_mode);
  if (!told || !plain || inotify_add_watch(w->fd, path, changes) < 0) add_place(w, path, false);
}

/* Hidden files are no scripts: an editor's notes beside one change nothing. */
static bool matters(const struct inotify_event *event) {
  return event->len == 0 || event->name[0] != '.';
}

static bool any_event(int fd) {
  union {
    char bytes[4096];
    struct inotify_event aligned;
  } b;
  ssize_t n;
  while ((n = read(fd, b.bytes, sizeof b.bytes)) > 0) {
    for (ssize_t at = 0; at < n;) {
      const struct inotify_event *event = (const void *)(b.bytes + at);
      if (matters(event)) return true;
      at += (ssize_t)(sizeof *event + event->len);
    }
  }
  return n == 0 || errno != EAGAIN;
}

bool script_watch_same(struct script_watch *w) {
  if (!w->differs && w->fd >= 0) w->differs = any_event(w->fd);
  for (size_t i = 0; i < w->n && !w->differs; i++) w->differs = !same_place(&w->places[i]);
  return !w->differs;
}
