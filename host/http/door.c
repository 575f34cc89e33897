/* door.c - see door.h.
 *
 *   accept -> HEAD -> (lane -> serve -> [BODY -> lane -> serve] -> [OUT] -> HEAD)* -> LAST -> closed
 *
 * A connection belongs to one side at a time: to the door's thread while it waits (it is watched, has a timer and stands in `waiting`), to a
 * worker while it is BUSY. It changes hands through a lane's queue and back through a post. Only the door's thread closes and frees.
 *
 * A connection that is closed with bytes unread sends a reset, which may overtake the answer: so the end is told first (LAST), and what still
 * comes is thrown away until the client has closed too, or its time is over. */
#include "http/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"

enum {
  WAITING_MOST = 1024,     /* connections that wait, in all */
  WAITING_OF_A_PEER = 128, /* the same of one address */
  QUEUED_MOST = 1024,      /* whole requests that no worker has taken yet */
  URGENT_THREADS = 2,
  BACKLOG = 1024,
  ACCEPTS_A_PASS = 64,
  BODY_TIME_FACTOR = 6, /* a body may take as many timeouts in all */
  KEPT_MS = 30000,      /* until the next request begins */
  LAST_MS = 1000,
  NO_ROOM_MS = 100
};

static uint64_t after_ms(uint64_t ms) {
  return clock_mono_ns() + ms * 1000000;
}

/* ---- closing ---- */

static void connection_free(struct connection *c) {
  list_remove(&c->node);
  close(c->watch.fd);
  buf_release(&c->in);
  buf_release(&c->out);
  free(c->text);
  free(c);
}

/* Of one that waits. */
static void leave(struct connection *c) {
  loop_watch(c->door->loop, &c->watch, 0);
  timer_clear(c->door->loop, &c->timer);
  list_remove(&c->node);
  c->door->n_waiting--;
}

static void drop(struct connection *c) {
  const struct door_settings *s = &c->door->settings;
  if (c->user && s->drop) s->drop(c, s->arg);
  c->user = NULL;
}

static void let_go(struct connection *c) {
  leave(c);
  drop(c);
  connection_free(c);
}

/* ---- waiting ---- */

/* The oldest that waits, of an address or of all; those without a request under way go first. */
static struct connection *oldest(struct door *d, const in_addr_t *address) {
  struct connection *found = NULL;
  for (struct list *n = d->waiting.next; n != &d->waiting; n = n->next) {
    struct connection *c = list_owner(n, struct connection, node);
    if (address && c->address != *address) continue;
    if (c->state == HEAD || c->state == LAST) return c;
    if (!found) found = c;
  }
  return found;
}

static int waiting_of(const struct door *d, in_addr_t address) {
  int n = 0;
  for (const struct list *at = d->waiting.next; at != &d->waiting; at = at->next)
    n += list_owner(at, struct connection, node)->address == address;
  return n;
}

static void make_room(struct door *d, in_addr_t address) {
  if (waiting_of(d, address) >= WAITING_OF_A_PEER)
    let_go(oldest(d, &address));
  else if (d->n_waiting >= WAITING_MOST)
    let_go(oldest(d, NULL));
}

static void wait_for(struct connection *c, enum connection_state state, uint64_t until) {
  struct door *d = c->door;
  make_room(d, c->address);
  c->state = state;
  list_push_tail(&d->waiting, &c->node);
  d->n_waiting++;
  timer_set(d->loop, &c->timer, until);
  if (loop_watch(d->loop, &c->watch, state == OUT ? EPOLLOUT : EPOLLIN) != OK) let_go(c);
}

static void wait_for_last(struct connection *c) {
  shutdown(c->watch.fd, SHUT_WR);
  wait_for(c, LAST, after_ms(LAST_MS));
}

/* ---- to a worker ---- */

/* Without a worker: what fits into the socket's buffer, or nothing. */
static void refuse_busy(struct connection *c) {
  static const char body[] =
      "{\"error\":{\"code\":\"busy\",\"hint\":\"try again in some seconds\",\"message\":\"too many requests\"}}";
  char text[400];
  int n =
      snprintf(text, sizeof text,
               "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
               "Retry-After: 5\r\nConnection: close\r\n\r\n%s",
               sizeof body - 1, body);
  connection_send(c, text, (size_t)n);
  drop(c);
  wait_for_last(c);
}

/* The connection waits no more. */
static void hand_over(struct connection *c) {
  struct door *d = c->door;
  bool urgent = !c->refused && d->settings.urgent && d->settings.urgent(&c->head, d->settings.arg);
  c->state = BUSY;
  if (!lane_give(urgent ? &d->urgent : &d->lane, &c->node)) refuse_busy(c);
}

/* What is in `in` may be a whole head. False: not yet. */
static bool take_head(struct connection *c) {
  size_t blank = 0;
  while (blank + 1 < c->in.len && c->in.data[blank] == '\r' && c->in.data[blank + 1] == '\n') blank += 2;
  if (blank) buf_drop_front(&c->in, blank);
  size_t n = head_end(c->in.data, c->in.len);
  if (!n && c->in.len < HEAD_MOST_BYTES) return false;
  c->text = mem_dup_n(c->in.data, n);
  c->refused = n && n <= HEAD_MOST_BYTES ? head_read(c->text, n, &c->head, &c->why) : 431;
  if (!n || n > HEAD_MOST_BYTES) {
    c->head = (struct head){.method = "", .path = "", .last = true};
    c->why = "the head of the request is too large";
  }
  c->end_after = c->head.last;
  buf_drop_front(&c->in, n);
  return true;
}

static void next_request(struct connection *c) {
  free(c->text);
  c->text = NULL;
  c->user = NULL;
  c->wanted = 0;
  c->again = c->in.len == 0;
  if (c->again) buf_release(&c->in);
  if (take_head(c))
    hand_over(c);
  else
    wait_for(c, HEAD, after_ms(c->in.len ? (uint64_t)c->door->settings.timeout_ms : KEPT_MS));
}

/* ---- what comes in ---- */

static void come_head(struct connection *c, size_t n) {
  bool first = c->in.len == 0 && c->again;
  if (buf_append(&c->in, c->door->piece, n) != OK) {
    let_go(c);
  } else if (take_head(c)) {
    leave(c);
    hand_over(c);
  } else if (first) { /* of a kept connection's next request: its time begins now */
    c->again = false;
    timer_set(c->door->loop, &c->timer, after_ms((uint64_t)c->door->settings.timeout_ms));
  }
}

static void come_body(struct connection *c, size_t n) {
  uint64_t until = after_ms((uint64_t)c->door->settings.timeout_ms);
  if (buf_append(&c->in, c->door->piece, n) != OK || c->in.len >= c->wanted) {
    leave(c);
    hand_over(c);
  } else {
    timer_set(c->door->loop, &c->timer, until < c->body_until ? until : c->body_until);
  }
}

static void come(struct connection *c) {
  size_t most = PIECE_BYTES;
  if (c->state == HEAD) most = HEAD_MOST_BYTES;
  if (c->state == BODY && c->wanted - c->in.len < most) most = c->wanted - c->in.len;
  ssize_t n = recv(c->watch.fd, c->door->piece, most, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0 && c->state == HEAD) {
    come_head(c, (size_t)n);
  } else if (n > 0 && c->state == BODY) {
    come_body(c, (size_t)n);
  } else if (n == 0 &&
             c->state == BODY) { /* the client has said all: it may still read why that is too little */
    leave(c);
    hand_over(c);
  } else if (n <= 0) {
    let_go(c);
  }
}

/* ---- what goes out ---- */

static void answered(struct connection *c) {
  buf_release(&c->out);
  c->out_at = 0;
  if (c->end_after) {
    wait_for_last(c);
    return;
  }
  buf_drop_front(&c->in, c->wanted < c->in.len ? c->wanted : c->in.len);
  next_request(c);
}

static void flush(struct connection *c) {
  ssize_t n = connection_send(c, c->out.data + c->out_at, c->out.len - c->out_at);
  if (n < 0) {
    let_go(c);
    return;
  }
  c->out_at += (size_t)n;
  if (c->out_at < c->out.len) return;
  leave(c);
  answered(c);
}

static void on_ready(struct watch *w, uint32_t events) {
  struct connection *c = w->arg;
  (void)events;
  if (c->state == OUT)
    flush(c);
  else
    come(c);
}

static void on_timer(struct timer *t) {
  struct connection *c = t->arg;
  if (c->state != BODY) {
    let_go(c);
    return;
  }
  leave(c);
  hand_over(c);
}

/* ---- from a worker ---- */

static void on_back(struct post *p) {
  struct connection *c = list_owner(p, struct connection, back);
  struct door *d = c->door;
  if (d->closing) {
    drop(c);
    connection_free(c);
  } else if (c->wants) {
    c->wants = false;
    c->body_until = after_ms((uint64_t)d->settings.timeout_ms * BODY_TIME_FACTOR);
    wait_for(c, BODY, after_ms((uint64_t)d->settings.timeout_ms));
  } else if (c->out.len > c->out_at) {
    wait_for(c, OUT, connection_time_to_send(c, c->out.len - c->out_at));
  } else {
    answered(c);
  }
}

static void serve(struct list *item, void *arg) {
  struct door *d = arg;
  struct connection *c = list_owner(item, struct connection, node);
  d->settings.serve(c, d->settings.arg);
  c->back.fn = on_back;
  loop_post(d->loop, &c->back);
}

/* ---- the listener ---- */

static void begin(struct door *d, int fd, const struct sockaddr_in *from) {
  struct connection *c = mem_alloc(sizeof *c);
  *c = (struct connection){.door = d, .address = from->sin_addr.s_addr};
  c->watch = (struct watch){.fd = fd, .fn = on_ready, .arg = c};
  c->timer = (struct timer){.fn = on_timer, .arg = c};
  list_init(&c->node);
  inet_ntop(AF_INET, &from->sin_addr, c->peer, sizeof c->peer);
  buf_init(&c->in, MAX_HTTP_BODY_BYTES + HEAD_MOST_BYTES);
  buf_init(&c->out, CONNECTION_LATER_BYTES);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  wait_for(c, HEAD, after_ms((uint64_t)d->settings.timeout_ms));
}

/* No descriptor is left: one that waits gives its own, or the next look is a little later. */
static void find_room(struct door *d) {
  struct connection *c = oldest(d, NULL);
  if (c) {
    let_go(c);
    return;
  }
  loop_watch(d->loop, &d->listener, 0);
  timer_set(d->loop, &d->room, after_ms(NO_ROOM_MS));
}

static void on_room(struct timer *t) {
  struct door *d = t->arg;
  loop_watch(d->loop, &d->listener, EPOLLIN);
}

static void on_accept(struct watch *w, uint32_t events) {
  struct door *d = w->arg;
  (void)events;
  for (int i = 0; i < ACCEPTS_A_PASS; i++) {
    struct sockaddr_in from = {0};
    socklen_t n = sizeof from;
    int fd = accept4(w->fd, (struct sockaddr *)(void *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      begin(d, fd, &from);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) find_room(d);
    if (errno != ECONNABORTED && errno != EINTR) return;
  }
}

static enum err listen_on(struct door *d, struct error *e) {
  const struct door_settings *s = &d->settings;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
  socklen_t n = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  d->listener = (struct watch){.fd = fd, .fn = on_accept, .arg = d};
  inet_pton(AF_INET, s->host, &at.sin_addr);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)&at, n) == 0 && listen(fd, BACKLOG) == 0 &&
      getsockname(fd, (struct sockaddr *)(void *)&at, &n) == 0 &&
      loop_watch(d->loop, &d->listener, EPOLLIN) == OK) {
    d->port = ntohs(at.sin_port);
    return OK;
  }
  err_set(e, ERR_IO, "cannot listen on %s:%d: %s", s->host, s->port, strerror(errno));
  err_hint(e, "another program may have the port; choose another, or 0 for a free one");
  return ERR_IO;
}

/* ---- life ---- */

static void *wait_for_all(void *arg) {
  loop_run(((struct door *)arg)->loop);
  return NULL;
}

static void free_all(struct list *connections) {
  struct list *n;
  while ((n = list_pop_head(connections)) != NULL) {
    struct connection *c = list_owner(n, struct connection, node);
    drop(c);
    connection_free(c);
  }
}

static void door_free(struct door *d) {
  free_all(&d->lane.queue);
  free_all(&d->urgent.queue);
  free_all(&d->waiting);
  lane_release(&d->lane);
  lane_release(&d->urgent);
  if (d->listener.fd >= 0) close(d->listener.fd);
  if (d->stop_fd >= 0) close(d->stop_fd);
  loop_free(d->loop);
  free(d);
}

enum err door_open(const struct door_settings *settings, struct door **out, struct error *e) {
  struct door *d = mem_alloc(sizeof *d);
  *out = NULL;
  d->settings = *settings;
  d->loop = loop_new();
  d->room = (struct timer){.fn = on_room, .arg = d};
  d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  list_init(&d->waiting);
  lane_init(&d->lane, settings->threads, QUEUED_MOST, serve, d);
  lane_init(&d->urgent, URGENT_THREADS, QUEUED_MOST, serve, d);
  enum err err = listen_on(d, e);
  if (err == OK && (d->stop_fd < 0 || !lane_thread(&d->thread, wait_for_all, d)))
    err = err_set(e, ERR_IO, "no thread or descriptor is left for the web server");
  if (err == OK)
    *out = d;
  else
    door_free(d);
  return err;
}

void door_close(struct door *d) {
  d->closing = true;
  ssize_t n = write(d->stop_fd, &(uint64_t){1}, sizeof(uint64_t));
  (void)n;
  lane_close(&d->lane);
  lane_close(&d->urgent);
  loop_stop(d->loop);
  pthread_join(d->thread, NULL);
  loop_drain(d->loop); /* what workers gave back last */
  door_free(d);
}

int door_port(const struct door *d) {
  return d->port;
}
