/* preload_fs.c - an LD_PRELOAD library that makes the disk of a library (FS_DIR) fail, or writes down what reached it.
 *
 *   FS_FAIL=CALL:K[..M][:once],...   the K-th CALL (a name of `call_names`) on a file of FS_DIR fails, and all after it up to the M-th, or
 *                           only that with "once"; FS_ERRNO (5; 0: the program is killed there). While the file FS_HEALED exists nothing fails.
 *   FS_ROOM=FILE            while that file exists, so many bytes are free as it says
 *   FS_COUNT=FILE           at the end: "CALL N" for each call that was made
 *   FS_LOG=FILE             every write, truncation, sync, unlink and rename of files in FS_DIR, for crash_images.c, and the acknowledgements
 *                           that the program writes to descriptor FS_ACK. Records: see struct record there. */
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct record { /* followed by `n` bytes */
  char what, name[23];
  int64_t offset, n;
};

enum call {
  CALL_WRITE,
  CALL_PWRITE,
  CALL_SYNC,
  CALL_TRUNCATE,
  CALL_OPEN,
  CALL_UNLINK,
  CALL_RENAME,
  CALL_READ,
  CALL_MMAP,
  CALLS
};
static const char *const call_names[CALLS] = {"write",  "pwrite", "sync", "truncate", "open",
                                              "unlink", "rename", "read", "mmap"};

static struct {
  char dir[PATH_MAX], healed[PATH_MAX];
  size_t n_dir;
  struct {
    long from, to; /* 0: none */
  } fail[CALLS];
  int error, log_fd, ack_fd;
} set = {.log_fd = -1, .ack_fd = -1};
static atomic_long passes[CALLS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_renameat2)(int, const char *, int, const char *, unsigned);
static int (*real_link)(const char *, const char *);
static int (*real_open)(const char *, int, ...);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_statvfs)(const char *, struct statvfs *);

static void *find(const char *name) {
  return dlsym(RTLD_NEXT, name);
}

static void parse_one(const char *text) {
  for (int c = 0; c < CALLS; c++) {
    size_t n = strlen(call_names[c]);
    if (strncmp(text, call_names[c], n) != 0 || text[n] != ':') continue;
    char *end;
    set.fail[c].from = strtol(text + n + 1, &end, 10);
    set.fail[c].to = strncmp(end, "..", 2) == 0 ? strtol(end + 2, &end, 10) : LONG_MAX;
    if (strncmp(end, ":once", 5) == 0) set.fail[c].to = set.fail[c].from;
    return;
  }
  abort(); /* a test that fails nothing would pass */
}

static void parse(const char *list) {
  char copy[300], *rest = copy, *one;
  snprintf(copy, sizeof copy, "%s", list);
  while ((one = strsep(&rest, ",")) != NULL) parse_one(one);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FS_COUNT");
  FILE *f = path ? fopen(path, "we") : NULL;
  for (int c = 0; f && c < CALLS; c++) fprintf(f, "%s %ld\n", call_names[c], atomic_load(&passes[c]));
  if (f) fclose(f);
}

__attribute__((constructor)) static void begin(void) {
  *(void **)&real_write = find("write");
  *(void **)&real_pwrite = find("pwrite64");
  *(void **)&real_fsync = find("fsync");
  *(void **)&real_fdatasync = find("fdatasync");
  *(void **)&real_ftruncate = find("ftruncate64");
  *(void **)&real_unlink = find("unlink");
  *(void **)&real_rename = find("rename");
  *(void **)&real_renameat2 = find("renameat2");
  *(void **)&real_link = find("link");
  *(void **)&real_open = find("open64");
  *(void **)&real_read = find("read");
  *(void **)&real_pread = find("pread64");
  *(void **)&real_mmap = find("mmap64");
  *(void **)&real_statvfs = find("statvfs");
  const char *dir = getenv("FS_DIR"), *fail = getenv("FS_FAIL"), *error = getenv("FS_ERRNO"),
             *log = getenv("FS_LOG"), *ack = getenv("FS_ACK"), *healed = getenv("FS_HEALED");
  if (dir) set.n_dir = (size_t)snprintf(set.dir, sizeof set.dir, "%s/", dir);
  if (healed) snprintf(set.healed, sizeof set.healed, "%s", healed);
  set.error = error ? atoi(error) : EIO;
  if (fail && *fail) parse(fail);
  if (log) set.log_fd = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (ack) set.ack_fd = atoi(ack);
}

/* The file's name within the library, or NULL. */
static const char *name_of(int fd, char path[PATH_MAX]) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = set.n_dir ? readlink(link, path, PATH_MAX - 1) : -1;
  if (n <= 0) return NULL;
  path[n] = '\0';
  if ((size_t)n + 1 == set.n_dir && strncmp(path, set.dir, (size_t)n) == 0) return ".";
  return strncmp(path, set.dir, set.n_dir) == 0 ? path + set.n_dir : NULL;
}

static bool fails(enum call call, const char *name) {
  if (!name || strstr(name, "owner.json") || strcmp(name, "lock") == 0) return false;
  long n = atomic_fetch_add(&passes[call], 1) + 1;
  if (!set.fail[call].from || n < set.fail[call].from || n > set.fail[call].to) return false;
  if (*set.healed && access(set.healed, F_OK) == 0) return false;
  if (!set.error) kill(getpid(), SIGKILL);
  errno = set.error;
  return true;
}

static void note(char what, const char *name, int64_t offset, const void *data, size_t n) {
  if (set.log_fd < 0) return;
  struct record r = {.what = what, .offset = offset, .n = (int64_t)n};
  snprintf(r.name, sizeof r.name, "%.22s", name);
  struct iovec parts[2] = {{&r, sizeof r}, {(void *)(uintptr_t)data, n}};
  if (writev(set.log_fd, parts, data ? 2 : 1) < 0) abort();
  static const char zeros[8];
  if (data && n % 8 && real_write(set.log_fd, zeros, 8 - n % 8) < 0)
    abort(); /* records lie at multiples of 8 */
}

static ssize_t begin_note(void) {
  return set.log_fd >= 0 ? pthread_mutex_lock(&lock) : 0;
}
static void end_note(void) {
  if (set.log_fd >= 0) pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *data, size_t n) {
  char path[PATH_MAX];
  if (fd == set.ack_fd) { /* what it tells is what it believes durable now */
    begin_note();
    note('a', "", 0, data, n);
    end_note();
    return (ssize_t)n;
  }
  const char *name = name_of(fd, path);
  if (fails(CALL_WRITE, name)) return -1;
  begin_note();
  off_t end = name ? lseek(fd, 0, SEEK_END) : 0;
  ssize_t done = real_write(fd, data, n);
  if (name && done > 0) note('w', name, end, data, (size_t)done);
  end_note();
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off_t offset) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  /* The spool's are counted as "write": so one of the two files can fail without the other. */
  if (fails(name && strcmp(name, "spool") == 0 ? CALL_WRITE : CALL_PWRITE, name)) return -1;
  begin_note();
  ssize_t done = real_pwrite(fd, data, n, offset);
  if (name && done > 0) note('w', name, offset, data, (size_t)done);
  end_note();
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t offset) {
  return pwrite64(fd, data, n, offset);
}

static int sync_with(int (*real)(int), int fd) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (fails(CALL_SYNC, name)) return -1;
  begin_note();
  int rc = real(fd);
  if (name && rc == 0) note('s', name, 0, NULL, 0);
  end_note();
  return rc;
}
int fsync(int fd) {
  return sync_with(real_fsync, fd);
}
int fdatasync(int fd) {
  return sync_with(real_fdatasync, fd);
}

int ftruncate64(int fd, off_t size) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (fails(CALL_TRUNCATE, name)) return -1;
  begin_note();
  int rc = real_ftruncate(fd, size);
  if (name && rc == 0) note('t', name, size, NULL, 0);
  end_note();
  return rc;
}
int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}

static const char *within(const char *path) {
  return set.n_dir && strncmp(path, set.dir, set.n_dir) == 0 ? path + set.n_dir : NULL;
}

int statvfs(const char *path, struct statvfs *out) {
  int rc = real_statvfs(path, out);
  const char *room = getenv("FS_ROOM");
  FILE *f = rc == 0 && room ? fopen(room, "re") : NULL;
  unsigned long long left;
  if (f && fscanf(f, "%llu", &left) == 1) out->f_bavail = left / out->f_frsize;
  if (f) fclose(f);
  return rc;
}
int statvfs64(const char *path, struct statvfs64 *out) {
  return statvfs(path, (struct statvfs *)(void *)out); /* the same on 64 bits */
}

int unlink(const char *path) {
  if (fails(CALL_UNLINK, within(path))) return -1;
  begin_note();
  int rc = real_unlink(path);
  if (rc == 0 && within(path)) note('u', within(path), 0, NULL, 0);
  end_note();
  return rc;
}

int rename(const char *from, const char *to) {
  if (fails(CALL_RENAME, within(to))) return -1;
  return real_rename(from, to);
}
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  if (fails(CALL_RENAME, within(to))) return -1;
  return real_renameat2(from_dir, from, to_dir, to, flags);
}
int link(const char *from, const char *to) {
  if (fails(CALL_RENAME, within(to))) return -1;
  return real_link(from, to);
}

ssize_t read(int fd, void *data, size_t n) {
  char path[PATH_MAX];
  return fails(CALL_READ, name_of(fd, path)) ? -1 : real_read(fd, data, n);
}
ssize_t pread64(int fd, void *data, size_t n, off_t offset) {
  char path[PATH_MAX];
  return fails(CALL_READ, name_of(fd, path)) ? -1 : real_pread(fd, data, n, offset);
}
ssize_t pread(int fd, void *data, size_t n, off_t offset) {
  return pread64(fd, data, n, offset);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset) {
  char path[PATH_MAX];
  bool file = fd >= 0 && real_mmap; /* the loader's own come before us */
  return file && fails(CALL_MMAP, name_of(fd, path)) ? MAP_FAILED : real_mmap(at, n, prot, flags, fd, offset);
}

static int open_with(const char *path, int flags, mode_t mode) {
  if (fails(CALL_OPEN, within(path))) return -1;
  begin_note();
  int fd = real_open(path, flags, mode);
  if (fd >= 0 && within(path) && flags & O_TRUNC) note('t', within(path), 0, NULL, 0);
  end_note();
  return fd;
}
int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  return open_with(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  return open_with(path, flags, mode);
}
