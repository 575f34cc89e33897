/* wire.h - a raw HTTP client for tests: sends exactly the bytes it is given and waits no longer than ten seconds. */
#pragma once
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"

static inline int wire_connect(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct timeval patience = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail_msg("cannot connect to port %d", port);
  return fd;
}

static inline void wire_send(int fd, const void *bytes, size_t n) {
  for (const char *at = bytes; n;) {
    ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += sent;
    n -= (size_t)sent;
  }
}

static inline void wire_puts(int fd, const char *text) {
  wire_send(fd, text, strlen(text));
}

/* Reads until the other side closes, or until `enough` stands in what came (NULL: never). */
static inline bool wire_read(int fd, struct buf *in, const char *enough) {
  char piece[16384];
  for (;;) {
    if (enough && in->len && strstr(in->data, enough)) return true;
    ssize_t n = recv(fd, piece, sizeof piece, 0);
    if (n <= 0) return n == 0 && !enough;
    if (buf_append(in, piece, (size_t)n)) return false;
  }
}

/* One request on a connection of its own, all of the answer as text; free() it. */
static inline char *wire_ask(int port, const char *request) {
  struct buf in;
  buf_init(&in, 64 << 20);
  int fd = wire_connect(port);
  wire_puts(fd, request);
  shutdown(fd, SHUT_WR);
  wire_read(fd, &in, NULL);
  close(fd);
  return buf_take(&in);
}

static inline int wire_status(const char *answer) {
  return strncmp(answer, "HTTP/1.", 7) == 0 ? atoi(answer + 9) : 0;
}

/* Where the body begins. */
static inline const char *wire_body(const char *answer) {
  const char *end = strstr(answer, "\r\n\r\n");
  return end ? end + 4 : "";
}
