/* connection.c - accept, read a request, hand it over, write what comes back.
 *
 * A connection is READING until a request is whole, then BUSY until conn_end, then ENDING until the last byte has left;
 * then READING again, or closed. It is read in all states: that is how a client that goes away is noticed. A closed
 * connection's memory lives until the next pass of the loop, because it may be closed from inside its own handler. */
#include "rehearsal_server/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/list.h"
#include "base/mem.h"

enum { HEAD_MOST = 64 << 10, ACCEPTS_A_PASS = 256, BACKLOG = 4096, PIECE = 64 << 10 };

enum conn_state { READING, BUSY, ENDING };

struct listener {
  struct loop *loop;
  struct conn_handler handler;
  void *arg;
  struct watch watch;
  struct list conns;
  char address[64];
  char piece[PIECE];
};

struct conn {
  struct listener *listener;
  struct watch watch;
  struct list node;
  struct post post; /* frees it */
  enum conn_state state;
  struct buf in, out;
  size_t out_at; /* what of `out` has left */
  size_t used;   /* bytes of `in` that the request at hand has */
  bool close_after, continued, closed;
  bool taking; /* inside take_requests: an answer that is given at once does not go into it again */
  void *user;
};

/* ---- closing ---- */

static void free_closed(struct post *p) {
  struct conn *c = list_owner(p, struct conn, post);
  buf_release(&c->in);
  buf_release(&c->out);
  free(c);
}

void conn_close(struct conn *c) {
  if (c->closed) return;
  c->closed = true;
  (void)loop_watch(c->listener->loop, &c->watch, 0); /* it is closed next */
  close(c->watch.fd);
  list_remove(&c->node);
  c->post.fn = free_closed;
  loop_post(c->listener->loop, &c->post);
}

static void lose(struct conn *c) {
  struct listener *l = c->listener;
  if (c->closed) return;
  if (c->state != READING) l->handler.on_gone(l->arg, c);
  conn_close(c);
}

/* ---- writing ---- */

static void refuse(struct conn *c, int status, const char *why) {
  char text[200];
  int n = snprintf(text, sizeof text,
                   "HTTP/1.1 %d Refused\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s\n", status,
                   strlen(why) + 1, why);
  send(c->watch.fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
  conn_close(c);
}

static void flush(struct conn *c) {
  while (!c->closed && c->out_at < c->out.len) {
    ssize_t n =
        send(c->watch.fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (loop_watch(c->listener->loop, &c->watch, EPOLLIN | EPOLLOUT) != OK) lose(c);
      return;
    }
    if (n < 0) {
      lose(c);
      return;
    }
    c->out_at += (size_t)n;
  }
  if (c->closed) return;
  if ((c->watch.events & EPOLLOUT) && loop_watch(c->listener->loop, &c->watch, EPOLLIN) != OK) lose(c);
  buf_clear(&c->out);
  c->out_at = 0;
}

void conn_write(struct conn *c, const void *bytes, size_t n) {
  if (c->closed) return;
  if (buf_append(&c->out, bytes, n) != OK)
    lose(c);
  else if (c->out.len == n)
    flush(c);
}

static void take_requests(struct conn *c);

static void finish(struct conn *c) {
  struct listener *l = c->listener;
  if (c->closed || c->state != ENDING || c->out.len) return;
  l->handler.on_sent(l->arg, c);
  if (c->close_after) {
    conn_close(c);
    return;
  }
  buf_drop_front(&c->in, c->used);
  if (!c->in.len) buf_release(&c->in);
  c->used = 0;
  c->continued = false;
  c->state = READING;
}

void conn_end(struct conn *c) {
  if (c->closed || c->state != BUSY) return;
  c->state = ENDING;
  finish(c);
  if (!c->closed) take_requests(c);
}

/* ---- reading ---- */

bool conn_header(const struct conn_request *q, const char *name, char *out, size_t most) {
  size_t n = strlen(name);
  for (const char *line = q->headers; *line;) {
    const char *end = strchrnul(line, '\n');
    if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
      const char *value = line + n + 1;
      while (value < end && *value == ' ') value++;
      const char *last = end;
      while (last > value && (last[-1] == '\r' || last[-1] == ' ')) last--;
      snprintf(out, most, "%.*s", (int)(last - value), value);
      return true;
    }
    line = *end ? end + 1 : end;
  }
  return false;
}

/* The length of the body; -1: nothing that we take. */
static long long body_length(const struct conn_request *q) {
  char text[40], *end;
  if (conn_header(q, "Transfer-Encoding", text, sizeof text)) return -1;
  if (!conn_header(q, "Content-Length", text, sizeof text)) return 0;
  long long n = strtoll(text, &end, 10);
  return end == text || *end || n < 0 || n > MAX_REQUEST_BYTES ? -1 : n;
}

static void say_continue(struct conn *c, const struct conn_request *q) {
  char text[40];
  if (c->continued || !conn_header(q, "Expect", text, sizeof text)) return;
  c->continued = true;
  conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* Hands the next request over if it is whole. The request's strings are cut out of a copy of its head. */
static bool take_request(struct conn *c) {
  char *head_end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
  size_t n_head = head_end ? (size_t)(head_end - c->in.data) + 4 : c->in.len;
  if (n_head > HEAD_MOST) return refuse(c, 431, "the head of the request is too large"), false;
  if (!head_end) return false;
  char *head = mem_dup_n(c->in.data, n_head);
  struct conn_request q = {.method = head};
  char *space = strchr(head, ' '), *second = space ? strchr(space + 1, ' ') : NULL, *lf = strchr(head, '\n');
  bool ok = second && lf && second < lf && strncmp(second, " HTTP/1.1\r", 10) == 0;
  long long n_body = -1;
  if (ok) {
    *space = *second = *lf = '\0';
    q.target = space + 1;
    q.headers = lf + 1;
    n_body = body_length(&q);
  }
  bool whole = ok && n_body >= 0 && c->in.len - n_head >= (size_t)n_body;
  if (!ok) {
    refuse(c, 400, "only HTTP/1.1 is spoken here");
  } else if (n_body < 0) {
    refuse(c, 413, "send a body with a Content-Length below 16 MB");
  } else if (!whole) {
    say_continue(c, &q);
  } else {
    char connection[40];
    q.body = c->in.data + n_head;
    q.n_body = (size_t)n_body;
    c->used = n_head + (size_t)n_body;
    c->close_after =
        conn_header(&q, "Connection", connection, sizeof connection) && strcasecmp(connection, "close") == 0;
    c->state = BUSY;
    c->listener->handler.on_request(c->listener->arg, c, &q);
  }
  free(head);
  return whole;
}

static void take_requests(struct conn *c) {
  if (c->taking) return;
  c->taking = true;
  while (!c->closed && c->state == READING && c->in.len && take_request(c)) continue;
  c->taking = false;
}

/* True while there may be more. */
static bool read_some(struct conn *c) {
  struct listener *l = c->listener;
  ssize_t n = recv(c->watch.fd, l->piece, sizeof l->piece, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
  if (n <= 0 || buf_append(&c->in, l->piece, (size_t)n) != OK) {
    lose(c);
    return false;
  }
  return (size_t)n == sizeof l->piece;
}

static void on_ready(struct watch *w, uint32_t events) {
  struct conn *c = w->arg;
  if (events & EPOLLOUT) {
    flush(c);
    finish(c);
  }
  if (!c->closed && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
    while (read_some(c)) continue;
  take_requests(c);
}

/* ---- listening ---- */

static void on_client(struct watch *w, uint32_t events) {
  struct listener *l = w->arg;
  (void)events;
  for (int i = 0; i < ACCEPTS_A_PASS; i++) {
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct conn *c = mem_alloc(sizeof *c);
    c->listener = l;
    c->watch = (struct watch){.fd = fd, .fn = on_ready, .arg = c};
    buf_init(&c->in, MAX_REQUEST_BYTES + HEAD_MOST);
    buf_init(&c->out, MAX_JSON_BYTES);
    list_push_tail(&l->conns, &c->node);
    if (loop_watch(l->loop, &c->watch, EPOLLIN) != OK) conn_close(c);
  }
}

static enum err parse_address(const char *listen, struct sockaddr_in *out, struct error *e) {
  const char *colon = strrchr(listen, ':'), *port = colon ? colon + 1 : listen;
  char host[64], *end;
  size_t n = colon ? (size_t)(colon - listen) : 0;
  snprintf(host, sizeof host, "%.*s", n ? (int)n : 9, n ? listen : "127.0.0.1");
  unsigned long number = strtoul(port, &end, 10);
  *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
  bool known = inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &out->sin_addr) == 1;
  if (known && *port >= '0' && *port <= '9' && !*end && number <= 65535) return OK;
  err_set(e, ERR_INVALID, "'%s' is not an address to listen on", listen);
  err_hint(e, "write ADDR:PORT, for example 127.0.0.1:8421 (IPv4; port 0 takes a free one)");
  return ERR_INVALID;
}

static enum err open_socket(struct listener *l, const struct sockaddr_in *address, const char *listen_on,
                            struct error *e) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return err_errno(e, errno, "cannot open a socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in real;
  socklen_t n = sizeof real;
  if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, (struct sockaddr *)&real, &n) != 0) {
    enum err err = err_errno(e, errno, "cannot listen on %s", listen_on);
    close(fd);
    return err;
  }
  char host[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &real.sin_addr, host, sizeof host);
  snprintf(l->address, sizeof l->address, "%s:%d", host, ntohs(real.sin_port));
  l->watch = (struct watch){.fd = fd, .fn = on_client, .arg = l};
  return loop_watch(l->loop, &l->watch, EPOLLIN);
}

enum err listener_new(struct loop *loop, const char *listen_on, const struct conn_handler *handler, void *arg,
                      struct listener **out, struct error *e) {
  struct sockaddr_in address;
  *out = NULL;
  enum err err = parse_address(listen_on, &address, e);
  if (err) return err;
  struct listener *l = mem_alloc(sizeof *l);
  l->loop = loop;
  l->handler = *handler;
  l->arg = arg;
  list_init(&l->conns);
  err = open_socket(l, &address, listen_on, e);
  if (err) {
    free(l);
    return err;
  }
  *out = l;
  return OK;
}

void listener_free(struct listener *l) {
  if (!l) return;
  while (!list_empty(&l->conns)) lose(list_owner(l->conns.next, struct conn, node));
  loop_drain(l->loop);
  (void)loop_watch(l->loop, &l->watch, 0); /* it is closed next */
  close(l->watch.fd);
  free(l);
}

const char *listener_address(const struct listener *l) {
  return l->address;
}

void conn_set_user(struct conn *c, void *user) {
  c->user = user;
}

void *conn_user(const struct conn *c) {
  return c->user;
}
