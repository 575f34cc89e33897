/* connection.c - what `serve` may do with a connection (door.h), on its worker. */
#include "http/connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "base/clock.h"

enum { SLOWEST_BYTES_A_MS = 16 };

ssize_t connection_send(struct connection *c, const char *bytes, size_t n) {
  ssize_t sent;
  do sent = send(c->watch.fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  return sent;
}

uint64_t connection_time_to_send(const struct connection *c, size_t n) {
  return clock_mono_ns() + ((uint64_t)c->door->settings.timeout_ms + n / SLOWEST_BYTES_A_MS) * 1000000;
}

const struct head *connection_head(const struct connection *c) {
  return &c->head;
}

int connection_refused(const struct connection *c, const char **why) {
  *why = c->why;
  return c->refused;
}

const char *connection_peer(const struct connection *c) {
  return c->peer;
}

void *connection_user(const struct connection *c) {
  return c->user;
}

void connection_set_user(struct connection *c, void *user) {
  c->user = user;
}

bool connection_want(struct connection *c, size_t n) {
  const char *expect = head_value(&c->head, "Expect");
  c->wanted = n;
  c->wants = c->in.len < n;
  if (c->wants && expect && strcasecmp(expect, "100-continue") == 0)
    connection_send(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  return !c->wants;
}

const char *connection_body(const struct connection *c, size_t *n) {
  *n = c->in.len < c->wanted ? c->in.len : c->wanted;
  return c->in.data;
}

bool connection_write(struct connection *c, const void *bytes, size_t n) {
  uint64_t until = connection_time_to_send(c, n);
  struct pollfd fds[2] = {{.fd = c->watch.fd, .events = POLLOUT}, {.fd = c->door->stop_fd, .events = POLLIN}};
  for (const char *at = bytes; n;) {
    ssize_t sent = connection_send(c, at, n);
    if (sent < 0) break;
    at += sent;
    n -= (size_t)sent;
    uint64_t now = clock_mono_ns();
    if (n == 0) return true;
    if (sent > 0) continue;
    if (c->door->closing || now >= until || poll(fds, 2, (int)((until - now) / 1000000) + 1) < 0) break;
  }
  if (n) c->end_after = true;
  return n == 0;
}

bool connection_write_last(struct connection *c, const void *bytes, size_t n) {
  ssize_t sent = connection_send(c, bytes, n);
  size_t left = sent > 0 ? n - (size_t)sent : n;
  if (sent >= 0 && left <= CONNECTION_LATER_BYTES &&
      buf_append(&c->out, (const char *)bytes + (n - left), left) == OK)
    return true;
  return sent >= 0 && connection_write(c, (const char *)bytes + (n - left), left);
}

void connection_end_after(struct connection *c) {
  c->end_after = true;
}
