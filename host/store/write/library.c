/* library.c - who owns a library.
 *
 * The lock is an flock on DIR/lock, held by its open description: it outlives nothing and needs no clean-up, so a lock that can
 * be taken proves that its last owner is dead. The file is never unlinked; should somebody replace it, the inode is compared after
 * locking. The owner writes its pid into the lock file, and all else into owner.json once it listens. */
#include "store/write/library.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"

enum {
  OWNER_BYTES =
      1024, /* of owner.json, whatever it says: each life writes over the room that an earlier one has */
  LOCK_TRIES = 6,       /* somebody who only looks holds a shared lock for a moment */
  LOCK_TRIES_DEAD = 60, /* a killed owner's lock is freed just after its death */
  LOCK_PAUSE_MS = 5
};

char *library_path(const char *flag) {
  const char *value = flag && *flag ? flag : getenv("QUIRE_LIBRARY");
  if (value && *value) return mem_dup(value);
  value = getenv("XDG_DATA_HOME");
  if (value && *value == '/') return mem_printf("%s/quire", value);
  value = getenv("HOME");
  return mem_printf("%s/.local/share/quire", value && *value ? value : ".");
}

/* --- which file systems can hold a library --- */

static const struct {
  unsigned long magic;
  const char *name;
} network[] = {{0x6969, "NFS"},      {0x517B, "SMB"},      {0xFF534D42, "CIFS"},  {0xFE534D42, "SMB2"},
               {0x5346414F, "AFS"},  {0x73757245, "Coda"}, {0x00C36400, "Ceph"},  {0x0BD00BD0, "Lustre"},
               {0x47504653, "GPFS"}, {0x564C, "NCP"},      {0x19830326, "BeeGFS"}};
enum { FUSE_MAGIC = 0x65735546 };

const char *library_network_magic(unsigned long magic) {
  for (size_t i = 0; i < sizeof network / sizeof network[0]; i++)
    if (network[i].magic == (magic & 0xFFFFFFFFu)) return network[i].name;
  return NULL;
}

bool library_network_fuse(const char *type) {
  static const char *const types[] = {"fuse.sshfs",     "fuse.rclone",       "fuse.s3fs",  "fuse.gcsfuse",
                                      "fuse.glusterfs", "fuse.ceph",         "fuse.davfs", "fuse.curlftpfs",
                                      "fuse.juicefs",   "fuse.mountpoint-s3"};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i], type) == 0) return true;
  return false;
}

/* FUSE is local disks (ntfs-3g) and networks (sshfs) alike; the mount table tells which. */
static bool fuse_type(dev_t device, char *type, size_t max) {
  FILE *f = fopen("/proc/self/mountinfo", "re");
  char line[4096];
  bool found = false;
  while (f && !found && fgets(line, sizeof line, f)) {
    unsigned major_number, minor_number;
    const char *dash = strstr(line, " - ");
    if (!dash || sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) != 2) continue;
    if (major_number != major(device) || minor_number != minor(device)) continue;
    snprintf(type, max, "%.*s", (int)strcspn(dash + 3, " "), dash + 3);
    found = true;
  }
  if (f) fclose(f);
  return found;
}

enum err library_check_filesystem(const char *dir, struct error *e) {
  struct statfs fs;
  struct stat st;
  if (statfs(dir, &fs) != 0 || stat(dir, &st) != 0) return err_errno(e, errno, "cannot look at %s", dir);
  char type[64];
  const char *name = library_network_magic((unsigned long)fs.f_type);
  if (!name && (unsigned long)fs.f_type == FUSE_MAGIC && fuse_type(st.st_dev, type, sizeof type) &&
      library_network_fuse(type))
    name = type;
  if (!name) return OK;
  enum err err = err_set(e, ERR_IO, "%s lies on a network file system (%s), where SQLite's locks do not hold",
                         dir, name);
  err_hint(e, "put the library on a local disk: --library DIR or QUIRE_LIBRARY=DIR");
  return err;
}

/* A second name of the database has a write-ahead log of its own, and a lock of its own in its directory: two hosts would write. */
enum err library_check_links(const char *dir, struct error *e) {
  struct stat st;
  char *path = mem_printf("%s/quire.db", dir);
  bool there = lstat(path, &st) == 0, link = there && S_ISLNK(st.st_mode);
  enum err err = OK;
  if (link || (there && st.st_nlink > 1)) {
    err = err_set(e, ERR_INVALID, "%s %s, and a library's database must have one name only", path,
                  link ? "is a symbolic link" : "has another name somewhere (a hard link)");
    err_hint(e, link ? "move the file itself here, or name its directory: --library DIR"
                     : "with no quire running: cp quire.db copy && mv copy quire.db");
  }
  free(path);
  return err;
}

/* --- the owner --- */

static int64_t start_time_of(pid_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = '\0';
  /* the command's name may hold anything; field 22 is the 20th after it */
  const char *p = strrchr(text, ')');
  for (int field = 2; p && field < 22; field++) p = strchr(p + 1, ' ');
  return p ? strtoll(p + 1, NULL, 10) : 0;
}

static void boot_id(char out[64]) {
  out[0] = '\0';
  FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
  if (!f) return;
  if (fgets(out, 64, f)) out[strcspn(out, "\n")] = '\0';
  fclose(f);
}

static bool alive(pid_t pid) {
  return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* Killed, but still being taken apart (on a busy machine for a good while): it holds its lock until that is done. */
static bool dying(pid_t pid) {
  enum { EXITING = 0x4, SIGNALED = 0x400 }; /* the kernel's PF_... */
  char path[64], line[1024];
  bool yes = false;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *f = fopen(path, "re");
  const char *p = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
  char state = 0;
  unsigned long flags = 0;
  if (p && sscanf(p + 1, " %c %*d %*d %*d %*d %*d %lu", &state, &flags) == 2)
    yes = state == 'Z' || state == 'X' || flags & (EXITING | SIGNALED);
  if (f) fclose(f);
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  f = yes ? NULL : fopen(path, "re");
  while (f && !yes && fgets(line, sizeof line, f))
    yes = (strncmp(line, "ShdPnd:", 7) == 0 || strncmp(line, "SigPnd:", 7) == 0) &&
          strtoull(line + 7, NULL, 16) >> (SIGKILL - 1) & 1;
  if (f) fclose(f);
  return yes;
}

/* Where process numbers mean the same: the pid namespace. */
static void numbers_of(char out[64]) {
  ssize_t n = readlink("/proc/self/ns/pid", out, 63);
  out[n > 0 ? n : 0] = '\0';
}

/* The pid in the lock file is always the last owner's (lock_fd -1: it is not asked); owner.json may still be that of the one before. */
static void read_owner(const char *dir, int lock_fd, struct library_owner *owner) {
  *owner = (struct library_owner){0};
  char text[32] = {0};
  if (pread(lock_fd, text, sizeof text - 1, 0) > 0) owner->pid = (pid_t)strtol(text, NULL, 10);
  struct buf b;
  buf_init(&b, 65536);
  char *path = mem_printf("%s/owner.json", dir);
  json_t *v = NULL;
  if (buf_read_file(&b, path, NULL) == OK && jsonx_parse(b.data, b.len, "owner.json", &v, NULL) == OK) {
    char boot[64], numbers[64];
    boot_id(boot);
    numbers_of(numbers);
    pid_t pid = (pid_t)jsonx_int(v, "pid", 0);
    bool foreign = strcmp(jsonx_str(v, "pid_namespace", numbers), numbers) != 0;
    bool same = pid > 0 && (owner->pid == 0 || owner->pid == pid) &&
                strcmp(jsonx_str(v, "boot", ""), boot) == 0 &&
                (foreign || !alive(pid) || jsonx_int(v, "started", 0) == start_time_of(pid));
    if (same) {
      owner->pid = pid;
      owner->foreign = foreign;
      owner->guardian = (pid_t)jsonx_int(v, "guardian", 0);
      snprintf(owner->address, sizeof owner->address, "%s", jsonx_str(v, "address", ""));
      snprintf(owner->token, sizeof owner->token, "%s", jsonx_str(v, "token", ""));
      snprintf(owner->command, sizeof owner->command, "%s", jsonx_str(v, "command", ""));
    }
  }
  json_decref(v);
  free(path);
  buf_release(&b);
}

/* A lock file that somebody removed proves nothing: an owner that owner.json names, and that lives, still owns. */
static bool named_alive(const char *dir, struct library_owner *owner) {
  read_owner(dir, -1, owner);
  return owner->pid > 0 && owner->pid != getpid() && !owner->foreign && alive(owner->pid) &&
         !dying(owner->pid);
}

static enum err owned(const char *dir, const struct library_owner *o, struct error *e) {
  if (o->pid <= 0) {
    err_set(e, ERR_OWNED, "the library %s belongs to another quire that is running now", dir);
  } else {
    err_set(e, ERR_OWNED, "the library %s belongs to another quire (process %d%s%s%s%s%s)", dir, (int)o->pid,
            o->foreign ? " of another container" : "", *o->command ? ", quire " : "", o->command,
            *o->address ? ", at " : "", o->address);
  }
  err_hint(e, o->foreign ? "use that one, or stop it where it runs"
                         : "use that one, or stop it first; `--take-over` ends it, also when it is stopped");
  return ERR_OWNED;
}

/* Always as long, over what stands there: a full disk has no room for a new one. */
static void note_pid(int fd) {
  char text[32];
  int n = snprintf(text, sizeof text, "%-15d\n", (int)getpid());
  if (pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n) != 0) (void)!ftruncate(fd, 0);
}

static int open_lock(const char *dir, int flags, struct error *e) {
  char *path = mem_printf("%s/lock", dir);
  int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) err_errno(e, errno, "cannot open the library's lock %s", path);
  free(path);
  return fd;
}

/* Is what we locked still what others will find under the name? */
static bool still_named(const char *dir, int fd) {
  char *path = mem_printf("%s/lock", dir);
  struct stat mine, named;
  bool same = fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
              mine.st_dev == named.st_dev;
  free(path);
  return same;
}

enum err library_lock(const char *dir, int *fd, struct library_owner *owner, struct error *e) {
  *owner = (struct library_owner){0};
  for (int attempt = 1;; attempt++) {
    *fd = open_lock(dir, O_RDWR | O_CREAT, e);
    if (*fd < 0) return e && e->code ? e->code : ERR_IO;
    int got = flock(*fd, LOCK_EX | LOCK_NB);
    bool named = got == 0 && still_named(dir, *fd), lives = named && named_alive(dir, owner);
    if (named && !lives) {
      *owner = (struct library_owner){0};
      note_pid(*fd);
      return OK;
    }
    int why = errno;
    if (got != 0) read_owner(dir, *fd, owner);
    close(*fd);
    *fd = -1;
    if (lives) return owned(dir, owner, e);
    if (got != 0 && why != EWOULDBLOCK && why != EINTR)
      return err_errno(e, why, "cannot lock the library %s", dir);
    bool dead = owner->pid > 0 && !owner->foreign && (!alive(owner->pid) || dying(owner->pid));
    if (attempt >= (dead ? LOCK_TRIES_DEAD : LOCK_TRIES)) return owned(dir, owner, e);
    nanosleep(&(struct timespec){0, LOCK_PAUSE_MS * 1000000}, NULL);
  }
}

bool library_keep_lock(const char *dir, int *fd) {
  if (still_named(dir, *fd)) return true;
  int fresh = open_lock(dir, O_RDWR | O_CREAT, NULL);
  bool got = fresh >= 0 && flock(fresh, LOCK_EX | LOCK_NB) == 0;
  bool others = fresh >= 0 && !got && errno == EWOULDBLOCK;
  if (got) {
    log_warnx("somebody removed %s/lock, which keeps a second host from this library; it is created again",
              dir);
    note_pid(fresh);
    close(*fd);
    *fd = fresh;
  } else if (fresh >= 0) {
    close(fresh);
  }
  return !others;
}

/* In place where the file is there. */
static bool write_owner(const char *path, const char *text) {
  char padded[OWNER_BYTES + 1];
  snprintf(padded, sizeof padded, "%-*s\n", OWNER_BYTES - 1, text);
  int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool good = fd >= 0 && pwrite(fd, padded, OWNER_BYTES, 0) == OWNER_BYTES &&
              ftruncate(fd, OWNER_BYTES) == 0 && fsync(fd) == 0;
  int why = errno;
  if (fd >= 0) close(fd);
  errno = why;
  return good;
}

/* The names change places, so that the room of both files is kept. */
static bool swap(const char *spare, const char *path) {
  return renameat2(AT_FDCWD, spare, AT_FDCWD, path, RENAME_EXCHANGE) == 0 || rename(spare, path) == 0;
}

enum err library_set_owner(const char *dir, const struct library_owner *owner, struct error *e) {
  char boot[64], numbers[64];
  boot_id(boot);
  numbers_of(numbers);
  json_t *v =
      json_pack("{s:i,s:i,s:I,s:s,s:s,s:s,s:s,s:s}", "pid", (int)owner->pid, "guardian", (int)owner->guardian,
                "started", (json_int_t)start_time_of(owner->pid), "boot", boot, "pid_namespace", numbers,
                "address", owner->address, "token", owner->token, "command", owner->command);
  char *text = jsonx_dumps(v), *path = mem_printf("%s/owner.json", dir),
       *spare = mem_printf("%s/owner.json.new", dir);
  json_decref(v);
  enum err err = OK;
  if (!write_owner(spare, text) || !swap(spare, path)) err = err_errno(e, errno, "cannot write %s", path);
  if (err == OK && access(spare, F_OK) != 0)
    write_owner(spare, ""); /* none was there yet: the next life's room */
  free(text);
  free(path);
  free(spare);
  return err;
}

void library_clear_owner(const char *dir) {
  char *path = mem_printf("%s/owner.json", dir);
  unlink(path);
  free(path);
}

enum err library_get_owner(const char *dir, struct library_owner *owner, struct error *e) {
  *owner = (struct library_owner){0};
  struct error ignored = {0};
  int fd = open_lock(dir, O_RDONLY, e ? e : &ignored);
  if (fd < 0 && errno != ENOENT) return ERR_IO;
  enum err err = OK;
  if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0) {
    if (fd >= 0) flock(fd, LOCK_UN);
    if (!named_alive(dir, owner)) err = err_set(e, ERR_NOT_FOUND, "no host owns the library %s", dir);
  } else {
    read_owner(dir, fd, owner);
  }
  if (fd >= 0) close(fd);
  return err;
}
