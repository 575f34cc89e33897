/* preload_clock.c - an LD_PRELOAD library that moves the wall clock of a process that runs: CLOCK_FILE holds so many seconds to add, in text. Neither the
 * monotonic clock nor any timer moves, as when somebody sets the machine's time. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
  const char *path = getenv("CLOCK_FILE");
  char text[24] = "";
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) text[0] = '\0';
  if (fd >= 0) close(fd);
  return atol(text);
}

int clock_gettime(clockid_t id, struct timespec *out) {
  long rc = syscall(SYS_clock_gettime, id, out);
  if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) out->tv_sec += shift();
  return (int)rc;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
