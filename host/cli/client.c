/* client.c - one request, one answer, then the connection is closed. */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/exit.h"

enum {
  LOOK_MS = 1000,       /* how often it looks whether the owner is stopped */
  ANSWER_S = 300,       /* an owner whose database is locked answers after minutes */
  MOST_HEAD = 64 << 10, /* bytes of status line and headers */
  REACH_MS = 3000
};

/* "127.0.0.1:8080", "[::1]:8080"; an owner that listens on all addresses is reached by loopback. */
static int dial(const char *address) {
  char host[64];
  const char *colon = strrchr(address, ':');
  if (!colon || (size_t)(colon - address) >= sizeof host) return -1;
  snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
  char *name = host;
  size_t n = strlen(host);
  if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
    host[n - 1] = '\0';
    name++;
  }
  if (strcmp(name, "0.0.0.0") == 0 || !*name) name = memcpy(host, "127.0.0.1", 10);
  if (strcmp(name, "::") == 0) name = memcpy(host, "::1", 4);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                  *found = NULL;
  if (getaddrinfo(name, colon + 1, &hints, &found) != 0) return -1;
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

/* Is the process stopped (Ctrl-Z, SIGSTOP)? */
static bool stopped(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return false;
  text[n] = '\0';
  const char *p = strrchr(text, ')');
  return p && p[1] == ' ' && (p[2] == 'T' || p[2] == 't');
}

static bool send_all(int fd, const char *data, size_t n) {
  while (n > 0) {
    ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    n -= (size_t)sent;
  }
  return true;
}

/* Where the body starts and how long it is (-1: until the end). False: the head is not complete yet. */
static bool parse_head(const struct buf *b, int *status, size_t *body, long long *length) {
  const char *end = strstr(b->data, "\r\n\r\n");
  if (!end) return false;
  *body = (size_t)(end - b->data) + 4;
  *length = -1;
  *status = 0;
  const char *space = strchr(b->data, ' ');
  if (space && space < end) *status = atoi(space + 1);
  for (const char *line = strstr(b->data, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n"))
    if (strncasecmp(line + 2, "Content-Length:", 15) == 0) *length = strtoll(line + 17, NULL, 10);
  return true;
}

static enum err owner_stopped(const struct library_owner *owner, struct error *e) {
  err_set(e, ERR_OWNED, "the library's owner (process %d) is stopped, so it cannot answer", (int)owner->pid);
  err_hint(e, "`kill -CONT %d` or `fg` in its shell continues it; `--take-over` ends it", (int)owner->pid);
  return ERR_OWNED;
}

/* Reads the whole answer into `b`. */
static enum err receive(int fd, const struct library_owner *owner, struct buf *b, int *status, size_t *body,
                        struct error *e) {
  uint64_t deadline = clock_mono_ns() + (uint64_t)ANSWER_S * 1000000000;
  long long length = -1;
  bool head = false;
  char chunk[16384];
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = poll(&p, 1, LOOK_MS);
    if (ready <= 0) {
      if (stopped(owner->pid)) return owner_stopped(owner, e);
      if (clock_mono_ns() > deadline)
        return err_set(e, ERR_UNAVAILABLE, "the library's owner (process %d) did not answer within %d s",
                       (int)owner->pid, ANSWER_S);
      continue;
    }
    ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0 && buf_append(b, chunk, (size_t)n) != OK)
      return err_set(e, ERR_LIMIT, "the owner's answer is too large");
    if (!head) head = parse_head(b, status, body, &length);
    if (!head && b->len > MOST_HEAD)
      return err_set(e, ERR_UNAVAILABLE, "what listens at %s does not speak HTTP", owner->address);
    bool whole = head && length >= 0 && b->len >= *body + (size_t)length;
    if (whole || (n <= 0 && head && length < 0)) return OK;
    if (n <= 0)
      return err_set(e, ERR_UNAVAILABLE, "the library's owner (process %d) closed the connection",
                     (int)owner->pid);
  }
}

/* The server had no thread for us and did nothing: http/server.c refuses so before it looks at a request. */
static bool crowded(const json_t *answer, int status) {
  return status == 503 && strcmp(jsonx_str(json_object_get(answer, "error"), "code", ""), "busy") == 0;
}

/* {"error":{"code","message","hint"}} as our error. */
static enum err remote_error(const json_t *answer, int status, struct error *e) {
  const json_t *error = json_object_get(answer, "error");
  if (!json_is_object(error)) return err_set(e, ERR_IO, "the library's owner answered with HTTP %d", status);
  enum err code = exit_err_named(jsonx_str(error, "code", "io"));
  err_set(e, code, "%s", jsonx_str(error, "message", "the owner refused"));
  const char *hint = jsonx_str(error, "hint", NULL);
  if (hint) err_hint(e, "%s", hint);
  return code;
}

static void request_text(struct buf *b, const struct library_owner *owner, const char *method,
                         const char *path, const json_t *body) {
  char *text = body ? jsonx_dumps(body) : mem_dup("");
  if (!text) text = mem_dup("");
  buf_printf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n",
             method, path, owner->address, owner->token);
  buf_printf(b, "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             strlen(text));
  buf_puts(b, text);
  free(text);
}

enum err client_call(const struct library_owner *owner, const char *method, const char *path,
                     const json_t *body, json_t **out, enum client_end *end, struct error *e) {
  *out = NULL;
  *end = CLIENT_NOT_SENT;
  if (stopped(
          owner
              ->pid)) /* what is sent now would be done when it goes on, long after we said that it was refused */
    return owner_stopped(owner, e);
  int fd = dial(owner->address);
  if (fd < 0)
    return err_set(e, ERR_UNAVAILABLE, "the library's owner (process %d) cannot be reached at %s",
                   (int)owner->pid, owner->address);
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES + MOST_HEAD);
  request_text(&b, owner, method, path, body);
  bool sent = send_all(fd, b.data, b.len);
  buf_clear(&b);
  *end = CLIENT_CUT;
  int status = 0;
  size_t at = 0;
  /* A server that refuses a large body answers and closes before it was sent whole, so the answer is read anyway. */
  enum err err = receive(fd, owner, &b, &status, &at, e);
  close(fd);
  if (err == OK) {
    *end = CLIENT_ANSWERED;
    err = jsonx_parse(b.data + at, b.len - at, "the owner's answer", out, e);
    if (crowded(*out, status)) *end = CLIENT_CROWDED;
    if (status < 200 || status > 299) {
      err = remote_error(*out, status, e);
      json_decref(*out);
      *out = NULL;
    }
  } else if (!sent && b.len == 0) {
    *end = CLIENT_NOT_SENT;
  }
  buf_release(&b);
  return err;
}

/* ---- is anybody there? */

static bool behind_proxy(void) {
  static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  bool any = false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) any = any || getenv(names[i]);
  return any;
}

/* "http://[::1]:8080/v1" -> "::1", "8080". False: no http address. */
static bool host_and_port(const char *url, char host[256], char port[8]) {
  bool tls = strncmp(url, "https://", 8) == 0;
  if (!tls && strncmp(url, "http://", 7) != 0) return false;
  const char *p = url + (tls ? 8 : 7), *end = p + strcspn(p, "/?#");
  for (const char *at = p; at < end; at++)
    if (*at == '@') p = at + 1;
  bool v6 = *p == '[';
  p += v6;
  size_t n = strcspn(p, v6 ? "]" : ":/?#");
  const char *colon = p + n + (v6 && p[n]);
  snprintf(host, 256, "%.*s", (int)n, p);
  snprintf(port, 8, "%s", tls ? "443" : "80");
  if (*colon == ':') snprintf(port, 8, "%.*s", (int)strspn(colon + 1, "0123456789"), colon + 1);
  return true;
}

static bool connects(const struct addrinfo *to) {
  int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed = 0;
  socklen_t size = sizeof failed;
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  bool there = fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 ||
                           (errno == EINPROGRESS && poll(&p, 1, REACH_MS) == 1 &&
                            getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0));
  if (fd >= 0) close(fd);
  return there;
}

bool client_reaches(const char *url) {
  char host[256], port[8];
  if (behind_proxy() || !url || !host_and_port(url, host, port)) return true;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  if (getaddrinfo(host, port, &hints, &found) != 0) return false;
  bool there = false;
  for (const struct addrinfo *a = found; a && !there; a = a->ai_next) there = connects(a);
  freeaddrinfo(found);
  return there;
}
