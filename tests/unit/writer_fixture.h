/* writer_fixture.h - a disk that takes only so much of a spool, and a program beside this one that holds the library's lock. */
#pragma once
#include "store_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* --- a disk that takes so much more of a spool, and may refuse to cut it: these stand for libc's in this program --- */

static atomic_llong room = INT64_MAX;
static atomic_bool no_cutting;

static inline long disk_write(int fd, const void *data, size_t n, off_t at) {
  char path[64], name[256] = {0};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (readlink(path, name, sizeof name - 1) > 0 && strstr(name, "/spool")) {
    if (room < (long long)n) n = (size_t)room;
    room -= (long long)n;
    errno = ENOSPC;
    if (n == 0) return -1;
  }
  return at < 0 ? syscall(SYS_write, fd, data, n) : syscall(SYS_pwrite64, fd, data, n, at);
}

ssize_t write(int fd, const void *data, size_t n) {
  return disk_write(fd, data, n, -1);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
  return disk_write(fd, data, n, at);
}

int ftruncate(int fd, off_t length) {
  errno = EIO;
  return no_cutting ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

/* --- another program that holds the write lock: this test's own binary, started again --- */

struct locker {
  pid_t pid;
  int hold; /* closed: lets go */
};

static inline int locker_main(const char *path) {
  sqlite3 *h;
  if (sqlite3_open(path, &h) != SQLITE_OK) return 1;
  sqlite3_busy_timeout(h, 2000);
  if (sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) return 1;
  if (write(1, "L", 1) != 1) return 1;
  char c;
  while (read(0, &c, 1) > 0) continue;
  sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL);
  _exit(0); /* without sqlite3_close: as a killed program would */
}

static inline pid_t start_self(const char *mode, const char *arg, const char *failpoints, int *in, int *out) {
  int to[2], from[2];
  assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    if (failpoints) setenv("QUIRE_FAILPOINT", failpoints, 1);
    execl("/proc/self/exe", "self", mode, arg, (char *)NULL);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  *in = to[1];
  *out = from[0];
  return pid;
}

static inline struct locker lock_from_outside(const struct fixture *f) {
  char *path = mem_printf("%s/quire.db", f->dir);
  struct locker l;
  int out;
  l.pid = start_self("locker", path, NULL, &l.hold, &out);
  char c = 0;
  assert_int_equal(read(out, &c, 1), 1);
  close(out);
  free(path);
  return l;
}

static inline void let_go(struct locker *l) {
  close(l->hold);
  waitpid(l->pid, NULL, 0);
}

static inline int exit_of(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void wait_healthy(struct store *s) {
  for (int i = 0; i < 500 && !store_healthy(s); i++) usleep(10000);
  assert_true(store_healthy(s));
}

static inline void wait_unhealthy(struct store *s) {
  for (int i = 0; i < 500 && store_healthy(s); i++) usleep(10000);
  assert_false(store_healthy(s));
}

static inline bool has_spool(const struct fixture *f) {
  char *path = mem_printf("%s/spool", f->dir);
  bool has = access(path, F_OK) == 0;
  free(path);
  return has;
}

struct posted {
  struct op_journal op;
  atomic_int *clock;
  int place;
};

static inline void note_place(struct store_op *base) {
  struct posted *p = base->owner;
  p->place = ++*p->clock;
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CASE_DIR(name) cmocka_unit_test_setup_teardown(name, setup_dir, teardown)
