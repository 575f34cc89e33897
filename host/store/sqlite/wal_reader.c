/* wal_reader.c - a reader of SQLite's WAL holds a shared lock on one of the five bytes 123..127 of the -shm file for as long as its transaction is open.
 * The kernel lists who does. (Asking by fcntl would need a descriptor of our own, and closing that would drop the locks that SQLite holds in this
 * process.) */
#include "store/sqlite/wal_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/mem.h"

enum { READ_FIRST = 123, READ_LAST = 127 };

struct lock {
  long pid;
  unsigned major, minor;
  unsigned long long inode, start;
};

/* "2: POSIX  ADVISORY  READ 6573 fe:00:11010368 124 124" */
static bool read_lock(const char *line, struct lock *out) {
  return sscanf(line, "%*d: POSIX ADVISORY READ %ld %x:%x:%llu %llu", &out->pid, &out->major, &out->minor,
                &out->inode, &out->start) == 5;
}

static void name_of(long pid, char *out, size_t max) {
  char path[40], name[64] = "";
  snprintf(path, sizeof path, "/proc/%ld/comm", pid);
  FILE *f = fopen(path, "re");
  if (f && !fgets(name, sizeof name, f)) name[0] = '\0';
  if (f) fclose(f);
  name[strcspn(name, "\n")] = '\0';
  snprintf(out, max, name[0] ? "process %ld (%s)" : "process %ld", pid, name);
}

bool wal_reader_find(const char *db_path, char *out, size_t max) {
  char *shm = mem_printf("%s-shm", db_path), line[200];
  struct stat st;
  bool there = stat(shm, &st) == 0, found = false;
  free(shm);
  FILE *f = there ? fopen("/proc/locks", "re") : NULL;
  while (f && !found && fgets(line, sizeof line, f)) {
    struct lock l;
    found = read_lock(line, &l) && l.pid > 0 && l.pid != getpid() && l.inode == st.st_ino &&
            l.major == major(st.st_dev) && l.minor == minor(st.st_dev) && l.start >= READ_FIRST &&
            l.start <= READ_LAST;
    if (found) name_of(l.pid, out, max);
  }
  if (f) fclose(f);
  return found;
}
