/* notify.c - sd_notify's protocol: one datagram of NAME=VALUE lines. */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The length of the address, 0 when it is none that we can reach. */
static socklen_t fill_address(struct sockaddr_un *to, const char *name) {
  size_t n = strlen(name);
  if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof to->sun_path) return 0;
  *to = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(to->sun_path, name, n);
  bool abstract = name[0] == '@';
  if (abstract) to->sun_path[0] = '\0';
  /* An abstract name ends where the length says: a NUL more would be another name. */
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (abstract ? 0 : 1));
}

bool notify_send(const char *state) {
  const char *name = getenv("NOTIFY_SOCKET");
  if (!name || !*name) return true;
  struct sockaddr_un to;
  socklen_t length = fill_address(&to, name);
  if (!length) return false;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  size_t n = strlen(state);
  ssize_t sent;
  do sent = sendto(fd, state, n, MSG_NOSIGNAL, (const struct sockaddr *)&to, length);
  while (sent < 0 && errno == EINTR);
  close(fd);
  return sent == (ssize_t)n;
}

uint64_t notify_watchdog_ns(void) {
  const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (!usec || (pid && *pid && strtoll(pid, NULL, 10) != getpid())) return 0;
  char *end;
  unsigned long long us = strtoull(usec, &end, 10);
  return *usec >= '0' && *usec <= '9' && !*end && us < UINT64_MAX / 1000 ? (uint64_t)us * 1000 : 0;
}

void notify_forget(void) {
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
}
